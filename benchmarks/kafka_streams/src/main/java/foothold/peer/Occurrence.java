package foothold.peer;

import java.util.Arrays;

/** A kept occurrence of an event: what evidence tells. Ordered by (time, id, fingerprint). */
record Occurrence(
    long at, byte[] id, long fingerprint, long value, EventType type, int partition, long offset) {
  static Occurrence of(Event event) {
    return new Occurrence(
        event.at,
        event.id,
        event.fingerprint,
        event.value,
        event.type,
        event.partition,
        event.offset);
  }

  boolean isEarlierThan(Occurrence other) {
    if (at != other.at) {
      return at < other.at;
    }
    int order = Arrays.compareUnsigned(id, other.id);
    return order != 0 ? order < 0 : Long.compareUnsigned(fingerprint, other.fingerprint) < 0;
  }

  boolean isRepeatOf(Occurrence other, boolean isDistinct) {
    return isDistinct
        ? value == other.value
        : fingerprint == other.fingerprint && Arrays.equals(id, other.id);
  }

  void encode(ByteWriter out) {
    out.putVar(at);
    out.putBytes(id);
    out.putLong(fingerprint);
    out.putLong(value);
    out.put(type.ordinal());
    out.putVar(partition);
    out.putVar(offset);
  }

  static Occurrence decode(ByteReader in) {
    return new Occurrence(
        in.getVar(),
        in.getBytes(),
        in.getLong(),
        in.getLong(),
        EventType.VALUES[in.get()],
        (int) in.getVar(),
        in.getVar());
  }
}
