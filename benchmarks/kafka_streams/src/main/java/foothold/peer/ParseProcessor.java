package foothold.peer;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** Stage one, without state: a call of any key becomes an event of its tenant, or a dead letter. */
final class ParseProcessor implements Processor<byte[], byte[], byte[], Parsed> {
  private static final byte[] NOTHING = new byte[0];

  private final Progress progress;
  private final SegmentParser parser = new SegmentParser();
  private final Event event = new Event();
  private final ByteWriter out = new ByteWriter();
  private ProcessorContext<byte[], Parsed> context;

  ParseProcessor(Progress progress) {
    this.progress = progress;
  }

  /** How far a run has come, for whoever waits for its end. */
  static final class Progress {
    final AtomicLong read = new AtomicLong();
    final AtomicLong handedOn = new AtomicLong();
    final AtomicLong decided = new AtomicLong();
    final AtomicLong newest = new AtomicLong();
  }

  @Override
  public void init(ProcessorContext<byte[], Parsed> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    byte[] value = record.value() == null ? NOTHING : record.value();
    SegmentParser.Verdict verdict = parser.parse(value, record.timestamp(), event);
    if (verdict == SegmentParser.Verdict.ACCEPTED) {
      RecordMetadata place = context.recordMetadata().orElseThrow();
      event.partition = place.partition();
      event.offset = place.offset();
      Parsed parsed = new Parsed(event.encode(out), false);
      context.forward(record.withKey(event.tenant).withValue(parsed).withTimestamp(event.at));
      if (event.at > progress.newest.get()) {
        progress.newest.set(event.at); // One thread writes.
      }
      progress.handedOn.incrementAndGet();
    } else if (verdict != SegmentParser.Verdict.SKIPPED) {
      record.headers().add("dlq_reason", verdict.name().getBytes(StandardCharsets.UTF_8));
      context.forward(record.withValue(new Parsed(value, true)));
    }
    progress.read.incrementAndGet();
  }
}
