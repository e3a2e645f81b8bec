package foothold.peer;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.common.utils.Bytes;

/** The job: parse, by tenant, decide. */
final class PeerTopology {
  /** By the tenant, whatever the record's key is. */
  private static final class ByTenant implements StreamPartitioner<byte[], Output> {
    @Override
    public Optional<Set<Integer>> partitions(
        String topic, byte[] key, Output value, int partitions) {
      int partition = Utils.toPositive(Utils.murmur2(value.tenant())) % partitions;
      return Optional.of(Collections.singleton(partition));
    }
  }

  private PeerTopology() {}

  static Topology build(PeerOptions options, ParseProcessor.Progress progress) {
    Serde<byte[]> raw = Serdes.ByteArray();
    Serde<Parsed> parsedForm =
        Serdes.serdeFrom(
            (topic, parsed) -> parsed.bytes(), (topic, bytes) -> new Parsed(bytes, false));
    Serde<Output> outputForm =
        Serdes.serdeFrom(
            (topic, output) -> output.json(),
            (topic, bytes) -> {
              throw new UnsupportedOperationException("outputs are written only");
            });
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(store(JourneyProcessor.USERS).withCachingEnabled());
    builder.addStateStore(store(JourneyProcessor.ACCOUNTS).withCachingEnabled());
    builder.addStateStore(store(JourneyProcessor.TIMERS).withCachingDisabled());
    builder.addStateStore(store(JourneyProcessor.CLOCK).withCachingEnabled());
    KStream<byte[], Parsed> parsed =
        builder
            .stream(options.topic(), Consumed.with(raw, raw))
            .process(() -> new ParseProcessor(progress), Named.as("parse"));
    parsed
        .filter((key, value) -> value.isRejected(), Named.as("rejected"))
        .to(options.topic("onboarding.dead-letter"), Produced.with(raw, parsedForm));
    parsed
        .filterNot((key, value) -> value.isRejected(), Named.as("accepted"))
        .repartition(
            Repartitioned.with(raw, parsedForm)
                .withName(PeerOptions.REPARTITION)
                .withNumberOfPartitions(PeerOptions.JOURNEY_PARTITIONS))
        .process(
            () -> new JourneyProcessor(options, progress),
            Named.as("journey"),
            JourneyProcessor.USERS,
            JourneyProcessor.ACCOUNTS,
            JourneyProcessor.TIMERS,
            JourneyProcessor.CLOCK)
        .to(
            (key, output, context) -> output.topic(),
            Produced.with(raw, outputForm).withStreamPartitioner(new ByTenant()));
    return builder.build();
  }

  private static StoreBuilder<KeyValueStore<Bytes, byte[]>> store(String name) {
    return Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore(name), Serdes.Bytes(), Serdes.ByteArray())
        .withLoggingEnabled(Map.of());
  }
}
