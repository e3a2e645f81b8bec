package foothold.peer;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Prints what a read_committed reader finds in topics of JSON, one line a record: topic, tab, key,
 * tab, value.
 *
 * <pre>
 *   dump BROKERS TOPIC...
 * </pre>
 */
public final class Dump {
  private Dump() {}

  public static void main(String[] arguments) throws IOException {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", arguments[0], "isolation.level", "read_committed");
    try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(
                settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        OutputStream out = new BufferedOutputStream(System.out, 1 << 20)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 1; i < arguments.length; ++i) {
        consumer
            .partitionsFor(arguments[i])
            .forEach(p -> partitions.add(new TopicPartition(p.topic(), p.partition())));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          if (record.value() == null) {
            continue;
          }
          out.write((record.topic() + "\t").getBytes(StandardCharsets.UTF_8));
          out.write(record.key() == null ? new byte[0] : record.key());
          out.write('\t');
          out.write(record.value());
          out.write('\n');
        }
      }
    }
  }
}
