package foothold.peer;

/** What stage one makes of a record: an event in its binary form, or the record as it came. */
record Parsed(byte[] bytes, boolean isRejected) {}
