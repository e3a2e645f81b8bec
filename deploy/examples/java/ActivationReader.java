import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keeps in a file who is activated, as activation.changed tells it: each record once, whatever happens.
 *
 * <pre>
 *   java -cp 'kafka-clients.jar:jackson-databind.jar:...' ActivationReader.java BROKERS GROUP FILE [--until-end]
 * </pre>
 *
 * The file holds the state of each subject, its sequence and the places in the topic, and is replaced
 * as a whole after each poll: what a crash repeats has then been told by its sequence. That is enough
 * here, since a subject's records are in order in one partition; a reader that must tell repeats for
 * longer keeps the ids, too, as reader.py does.
 */
public final class ActivationReader {
  private static final String TOPIC = "activation.changed";
  private static final Duration POLL = Duration.ofMillis(500);

  private final ObjectMapper json = new ObjectMapper();
  private final Path file;
  private final ObjectNode places;
  private final ObjectNode subjects;
  private int repeats = 0;
  private int holes = 0;

  private ActivationReader(Path file) throws IOException {
    this.file = file;
    ObjectNode kept = Files.exists(file) ? (ObjectNode) json.readTree(file.toFile()) : json.createObjectNode();
    places = kept.withObject("/places");
    subjects = kept.withObject("/subjects");
  }

  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 3) {
      System.err.println("ActivationReader BROKERS GROUP FILE [--until-end]");
      System.exit(64);
    }
    boolean untilEnd = List.of(arguments).contains("--until-end");
    new ActivationReader(Path.of(arguments[2])).run(arguments[0], arguments[1], untilEnd);
  }

  private void run(String brokers, String group, boolean untilEnd) throws IOException {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", brokers);
    properties.put("group.id", group);
    // Not Kafka's default: without it one reads what was thrown away, too.
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(TOPIC), new FromKeptPlaces(consumer));
      boolean isDone = false;
      while (!isDone) {
        ConsumerRecords<String, byte[]> records = consumer.poll(POLL);
        for (ConsumerRecord<String, byte[]> record : records) {
          take(record);
        }
        if (!records.isEmpty()) {
          keep();
        }
        isDone = untilEnd && isAtEnd(consumer);
      }
    }
    System.out.println(
        json.createObjectNode().put("repeats", repeats).put("holes", holes).set("subjects", subjects));
  }

  private void take(ConsumerRecord<String, byte[]> record) throws IOException {
    String subject = header(record, "ce_subject");
    long sequence = Long.parseLong(header(record, "ce_fhseq"));
    JsonNode known = subjects.path(subject);
    long last = known.path("sequence").asLong(0);
    // A first one that was decided later than the last: the subject was erased and has begun anew. (An
    // id begins with its decision's time and sorts by it.)
    boolean isAnew = sequence == 1 && header(record, "ce_id").compareTo(known.path("decidedBy").asText()) > 0;
    boolean isRepeat = sequence <= last && !isAnew;
    if (isRepeat) {
      ++repeats;
    } else {
      if (last > 0 && sequence > last + 1) {
        ++holes;
        System.err.printf("%s: %d records are missing before number %d%n", subject, sequence - last - 1, sequence);
      }
      // The newest record is the truth, also where its mode is a correction.
      JsonNode value = json.readTree(record.value());
      ObjectNode state = subjects.putObject(subject);
      state.set("state", value.get("to"));
      state.set("class", value.get("class"));
      state.set("activatedAt", value.get("activatedAt"));
      state.put("mode", header(record, "ce_fhmode"));
      state.put("decidedBy", header(record, "ce_id"));
      state.put("sequence", sequence);
    }
    places.put(String.valueOf(record.partition()), record.offset() + 1);
  }

  /** Replaces the file in one step. */
  private void keep() throws IOException {
    File beside = new File(file + ".new");
    json.writeValue(beside, json.createObjectNode().<ObjectNode>set("places", places).set("subjects", subjects));
    Files.move(beside.toPath(), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static boolean isAtEnd(KafkaConsumer<String, byte[]> consumer) {
    Collection<TopicPartition> assigned = consumer.assignment();
    Map<TopicPartition, Long> ends = consumer.endOffsets(assigned);
    return !assigned.isEmpty() && assigned.stream().allMatch(p -> consumer.position(p) >= ends.get(p));
  }

  private static String header(ConsumerRecord<String, byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
  }

  /** Goes on where the file says. */
  private final class FromKeptPlaces implements ConsumerRebalanceListener {
    private final KafkaConsumer<String, byte[]> consumer;

    FromKeptPlaces(KafkaConsumer<String, byte[]> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      for (TopicPartition partition : partitions) {
        JsonNode next = places.get(String.valueOf(partition.partition()));
        if (next == null) {
          consumer.seekToBeginning(Collections.singleton(partition));
        } else {
          consumer.seek(partition, next.asLong());
        }
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
  }
}
