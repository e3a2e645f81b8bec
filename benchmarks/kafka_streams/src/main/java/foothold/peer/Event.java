package foothold.peer;

/**
 * One parsed call, and its binary form between the stages. One object is reused for all; not
 * thread-safe. The tenant is the record's key.
 */
final class Event {
  static final int CALL = 1;
  static final int CLOCK = 2;
  private static final byte[] NOTHING = new byte[0];

  EventType type = EventType.OTHER;
  long at;
  byte[] tenant = NOTHING;
  byte[] user = NOTHING;
  byte[] id = NOTHING;
  long fingerprint;
  String role = "";
  byte[] invitee = NOTHING; // Of INVITED.
  long value; // Hash of the distinct value; 0: the event carries none.
  int partition;
  long offset;

  void clear() {
    type = EventType.OTHER;
    at = Times.NONE;
    tenant = NOTHING;
    user = NOTHING;
    id = NOTHING;
    fingerprint = 0;
    role = "";
    invitee = NOTHING;
    value = 0;
  }

  byte[] encode(ByteWriter out) {
    out.clear();
    out.put(CALL);
    out.put(type.ordinal());
    out.putVar(at);
    out.putVar(partition);
    out.putVar(offset);
    out.putBytes(user);
    out.putBytes(id);
    out.putLong(fingerprint);
    out.putRole(role);
    switch (type) {
      case INVITED -> {
        out.putBytes(invitee);
        out.putLong(value);
      }
      case DASHBOARD_VIEWED -> out.putLong(value);
      default -> {}
    }
    return out.toBytes();
  }

  /** A time that the clock of the whole input has reached. */
  static byte[] encodeClock(long at) {
    ByteWriter out = new ByteWriter();
    out.put(CLOCK);
    out.putVar(at);
    return out.toBytes();
  }

  /** Reads either form and returns its kind; of a clock only the time. */
  int decode(byte[] key, byte[] from, ByteReader in) {
    clear();
    tenant = key;
    in.over(from);
    int kind = in.get();
    if (kind == CLOCK) {
      at = in.getVar();
      return kind;
    }
    type = EventType.VALUES[in.get()];
    at = in.getVar();
    partition = (int) in.getVar();
    offset = in.getVar();
    user = in.getBytes();
    id = in.getBytes();
    fingerprint = in.getLong();
    role = in.getRole();
    if (type == EventType.INVITED) {
      invitee = in.getBytes();
      value = in.getLong();
    } else if (type == EventType.DASHBOARD_VIEWED) {
      value = in.getLong();
    }
    return kind;
  }
}
