package foothold.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Runs the job over a topic as it is now, and says what that cost.
 *
 * <pre>
 *   peer --brokers B --topic events --state DIR [--warmup-topic T] [--threads N]
 *        [--commit-interval-ms N] [--output-prefix P] [--activity true]
 *        [--application NAME] [--follow true]
 * </pre>
 *
 * With a warm-up topic the whole job runs over that one first, in the same process and under another
 * name, and is not counted. Prints one JSON line. With --follow it goes on with what is still to come
 * instead, until it is ended, and says "ready" when it has its partitions.
 */
public final class Main {
  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(60);
  private static final long LOOK_EVERY_MS = 20;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> flags = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      flags.put(arguments[i].substring(2), arguments[i + 1]);
    }
    String brokers = flags.get("brokers");
    String prefix = flags.getOrDefault("output-prefix", "");
    String application = flags.getOrDefault("application", "peer");
    Cost began = Cost.now();
    if (flags.containsKey("warmup-topic")) {
      run(
          options(
              flags,
              application + "-warmup",
              flags.get("warmup-topic"),
              "warmup." + prefix,
              brokers),
          false);
    }
    Cost warm = Cost.now();
    PeerOptions options = options(flags, application, flags.get("topic"), prefix, brokers);
    long events = run(options, Boolean.parseBoolean(flags.get("follow")));
    Cost done = Cost.now();
    System.out.printf(
        "{\"records\":%d,\"wallS\":%.2f,\"recordsPerS\":%.0f,\"cpuSPerMillion\":%.2f,"
            + "\"userS\":%.2f,\"sysS\":%.2f,\"warmupWallS\":%.2f,\"warmupCpuS\":%.2f,"
            + "\"peakMiB\":%d,\"stateBytes\":%d}%n",
        events,
        done.wallS - warm.wallS,
        events / (done.wallS - warm.wallS),
        (done.cpuS() - warm.cpuS()) * 1e6 / events,
        done.userS - warm.userS,
        done.sysS - warm.sysS,
        warm.wallS - began.wallS,
        warm.cpuS() - began.cpuS(),
        Cost.peakMiB(),
        bytesUnder(Path.of(options.stateFolder())));
  }

  private static PeerOptions options(
      Map<String, String> flags, String application, String topic, String prefix, String brokers)
      throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers))) {
      int partitions =
          admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
      return new PeerOptions(
          application,
          brokers,
          topic,
          prefix,
          flags.get("state") + "/" + application,
          partitions,
          Integer.parseInt(flags.getOrDefault("threads", "1")),
          Long.parseLong(flags.getOrDefault("commit-interval-ms", "100")),
          Boolean.parseBoolean(flags.getOrDefault("activity", "false")),
          Long.parseLong(
              flags.getOrDefault("history-begin-ms", "" + System.currentTimeMillis())));
    }
  }

  private static Properties settings(PeerOptions options) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, options.application());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers());
    settings.put(StreamsConfig.STATE_DIR_CONFIG, options.stateFolder());
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, options.commitIntervalMs());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, options.threads());
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 128L << 20);
    settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksSettings.class);
    settings.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    settings.put(
        StreamsConfig.topicPrefix("compression.type"), "producer"); // Stored as it was sent.
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64L << 20);
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), 10_000);
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG),
        "earliest");
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2000);
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.CHECK_CRCS_CONFIG), false);
    return settings;
  }

  /**
   * Runs the job from the beginning of the topic to its present end, or for ever if it follows;
   * returns how many records.
   */
  private static long run(PeerOptions options, boolean isFollowing) throws Exception {
    createOutputs(options);
    long total = recordsIn(options);
    ParseProcessor.Progress progress = new ParseProcessor.Progress();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    try (KafkaStreams streams =
        new KafkaStreams(PeerTopology.build(options, progress), settings(options))) {
      streams.setUncaughtExceptionHandler(
          problem -> {
            failure.set(problem);
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler
                .StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
          });
      streams.start();
      if (isFollowing) {
        await(() -> streams.state() == KafkaStreams.State.RUNNING, failure);
        System.out.println("ready");
        await(() -> false, failure);
      }
      await(() -> progress.read.get() >= total, failure);
      await(() -> progress.decided.get() >= progress.handedOn.get(), failure);
      long decided = progress.decided.get();
      endClock(options, progress.newest.get());
      await(
          () -> progress.decided.get() >= decided + PeerOptions.JOURNEY_PARTITIONS, failure);
      if (!streams.close(CLOSE_WITHIN)) {
        throw new IllegalStateException("the streams did not close within " + CLOSE_WITHIN);
      }
    }
    return total;
  }

  private interface Condition {
    boolean holds();
  }

  private static void await(Condition condition, AtomicReference<Throwable> failure)
      throws InterruptedException {
    while (!condition.holds()) {
      if (failure.get() != null) {
        throw new IllegalStateException(failure.get());
      }
      Thread.sleep(LOOK_EVERY_MS);
    }
  }

  /** The end of the input: the clock of every partition goes to the newest event time. */
  private static void endClock(PeerOptions options, long at) {
    Map<String, Object> settings = Map.of("bootstrap.servers", options.brokers());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int i = 0; i < PeerOptions.JOURNEY_PARTITIONS; ++i) {
        producer.send(
            new ProducerRecord<>(
                options.repartitionTopic(), i, at, new byte[0], Event.encodeClock(at)));
      }
    }
  }

  private static void createOutputs(PeerOptions options) throws Exception {
    List<NewTopic> topics = new ArrayList<>();
    for (String name :
        List.of("activation.changed", "onboarding.progress", "onboarding.dead-letter")) {
      topics.add(
          new NewTopic(options.topic(name), PeerOptions.OUTPUT_PARTITIONS, (short) 1));
    }
    for (String name : List.of("onboarding.user-status", "onboarding.account-status")) {
      topics.add(
          new NewTopic(options.topic(name), PeerOptions.OUTPUT_PARTITIONS, (short) 1)
              .configs(Map.of("cleanup.policy", "compact")));
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", options.brokers()))) {
      admin.createTopics(topics).all().get();
    }
  }

  private static long recordsIn(PeerOptions options) throws Exception {
    Map<TopicPartition, OffsetSpec> first = new HashMap<>();
    Map<TopicPartition, OffsetSpec> last = new HashMap<>();
    for (int i = 0; i < options.sourcePartitions(); ++i) {
      first.put(new TopicPartition(options.topic(), i), OffsetSpec.earliest());
      last.put(new TopicPartition(options.topic(), i), OffsetSpec.latest());
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", options.brokers()))) {
      long begin =
          admin.listOffsets(first).all().get().values().stream().mapToLong(o -> o.offset()).sum();
      long end =
          admin.listOffsets(last).all().get().values().stream().mapToLong(o -> o.offset()).sum();
      return end - begin;
    }
  }

  private static long bytesUnder(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }
}
