package foothold.peer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What is kept of an account, and its binary form. One object is reused; not thread-safe. */
final class Account {
  enum State {
    NONE("none"),
    PARTIAL("partial"),
    ACTIVATED("activated");

    static final State[] VALUES = values();
    final String label;

    State(String label) {
      this.label = label;
    }
  }

  /** The members of one role: counters, kept by difference. */
  static final class Row {
    final String role;
    int members;
    int invited;
    int joined;
    int eligible;
    int reached;
    int late;
    int eligibleReached;
    int[] stepsMet = new int[0];
    long[] stepsFirstMet = new long[0];

    Row(String role) {
      this.role = role;
    }

    private void add(Contribution user, int sign) {
      members += sign;
      invited += user.isInvited() ? sign : 0;
      joined += user.isJoined() ? sign : 0;
      eligible += user.isEligible() ? sign : 0;
      reached += user.isReached() ? sign : 0;
      late += user.isLate() ? sign : 0;
      eligibleReached += user.isEligible() && user.isReached() ? sign : 0;
      for (int i = 0; user.stepsMet() >>> i != 0; ++i) {
        if (i >= stepsMet.length) {
          stepsMet = Arrays.copyOf(stepsMet, i + 1);
          stepsFirstMet = Arrays.copyOf(stepsFirstMet, i + 1);
          stepsFirstMet[i] = Times.NONE;
        }
        if ((user.stepsMet() >>> i & 1) != 0) {
          stepsMet[i] += sign;
        }
      }
    }
  }

  long firstSeen;
  long createdByEvent;
  State state;
  long activatedAt;
  int sequence;
  final List<Row> rows = new ArrayList<>(6);

  Account() {
    clear();
  }

  void clear() {
    firstSeen = Times.NONE;
    createdByEvent = Times.NONE;
    state = State.NONE;
    activatedAt = Times.NONE;
    sequence = 0;
    rows.clear();
  }

  long createdAt() {
    return createdByEvent != Times.NONE ? createdByEvent : firstSeen;
  }

  /** An event of the account's; true if it changed something. */
  boolean learn(Event event) {
    long firstBefore = firstSeen;
    long createdBefore = createdByEvent;
    firstSeen = Times.earlier(firstSeen, event.at);
    if (event.type == EventType.ACCOUNT_CREATED) {
      createdByEvent = Times.earlier(createdByEvent, event.at);
    }
    return firstSeen != firstBefore || createdByEvent != createdBefore;
  }

  /** Counts `after` instead of `before`, and dates the steps that the user has met. */
  void count(Contribution before, Contribution after, Truth truth) {
    if (before.isMember()) {
      rowOf(before.role()).add(before, -1);
    }
    if (!after.isMember()) {
      return;
    }
    Row row = rowOf(after.role());
    row.add(after, +1);
    for (int i = 0; i < truth.stepMetAt.length && i < row.stepsFirstMet.length; ++i) {
      row.stepsFirstMet[i] = Times.earlier(row.stepsFirstMet[i], truth.stepMetAt[i]);
    }
  }

  /** The state that the counters come to; once activated it stays. */
  State stateNow() {
    if (state == State.ACTIVATED) {
      return state;
    }
    int eligible = 0;
    int eligibleReached = 0;
    int reached = 0;
    int analysts = 0;
    int analystsReached = 0;
    int adminsReached = 0;
    for (Row row : rows) {
      eligible += row.eligible;
      eligibleReached += row.eligibleReached;
      reached += row.reached;
      if (row.role.equals("analyst")) {
        analysts = row.members;
        analystsReached = row.reached;
      } else if (row.role.equals("admin")) {
        adminsReached = row.reached;
      }
    }
    boolean isActivated =
        adminsReached > 0
            && eligible > 0
            && 2 * eligibleReached >= eligible
            && (analysts == 0 || analystsReached > 0);
    return isActivated ? State.ACTIVATED : reached > 0 ? State.PARTIAL : State.NONE;
  }

  private Row rowOf(String role) {
    int place = 0;
    while (place < rows.size() && rows.get(place).role.compareTo(role) < 0) {
      ++place;
    }
    if (place == rows.size() || !rows.get(place).role.equals(role)) {
      rows.add(place, new Row(role));
    }
    return rows.get(place);
  }

  byte[] encode(ByteWriter out) {
    out.clear();
    out.putLong(firstSeen);
    out.putLong(createdByEvent);
    out.put(state.ordinal());
    out.putLong(activatedAt);
    out.putVar(sequence);
    out.putVar(rows.size());
    for (Row row : rows) {
      out.putRole(row.role);
      out.putVar(row.members);
      out.putVar(row.invited);
      out.putVar(row.joined);
      out.putVar(row.eligible);
      out.putVar(row.reached);
      out.putVar(row.late);
      out.putVar(row.eligibleReached);
      out.put(row.stepsMet.length);
      for (int i = 0; i < row.stepsMet.length; ++i) {
        out.putVar(row.stepsMet[i]);
        out.putLong(row.stepsFirstMet[i]);
      }
    }
    return out.toBytes();
  }

  void decode(byte[] value, ByteReader in) {
    clear();
    in.over(value);
    firstSeen = in.getLong();
    createdByEvent = in.getLong();
    state = State.VALUES[in.get()];
    activatedAt = in.getLong();
    sequence = (int) in.getVar();
    for (int left = (int) in.getVar(); left > 0; --left) {
      Row row = new Row(in.getRole());
      row.members = (int) in.getVar();
      row.invited = (int) in.getVar();
      row.joined = (int) in.getVar();
      row.eligible = (int) in.getVar();
      row.reached = (int) in.getVar();
      row.late = (int) in.getVar();
      row.eligibleReached = (int) in.getVar();
      row.stepsMet = new int[in.get()];
      row.stepsFirstMet = new long[row.stepsMet.length];
      for (int i = 0; i < row.stepsMet.length; ++i) {
        row.stepsMet[i] = (int) in.getVar();
        row.stepsFirstMet[i] = in.getLong();
      }
      rows.add(row);
    }
  }
}
