package foothold.peer;

/** What a user counts for in the account: the counters change by the difference of two of them. */
record Contribution(
    boolean isMember,
    boolean isInvited,
    boolean isJoined,
    boolean isEligible,
    boolean isReached,
    boolean isLate,
    String role,
    int stepsMet) {
  static final Contribution NONE =
      new Contribution(false, false, false, false, false, false, "", 0);

  void encode(ByteWriter out) {
    out.put(
        (isMember ? 1 : 0)
            | (isInvited ? 2 : 0)
            | (isJoined ? 4 : 0)
            | (isEligible ? 8 : 0)
            | (isReached ? 16 : 0)
            | (isLate ? 32 : 0));
    out.putRole(role);
    out.put(stepsMet);
  }

  static Contribution decode(ByteReader in) {
    int flags = in.get();
    return new Contribution(
        (flags & 1) != 0,
        (flags & 2) != 0,
        (flags & 4) != 0,
        (flags & 8) != 0,
        (flags & 16) != 0,
        (flags & 32) != 0,
        in.getRole(),
        in.get());
  }
}
