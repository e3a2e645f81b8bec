package foothold.peer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What is known of a user's role over time, in runs of facts that say the same. */
final class Roles {
  static final int INVITE = 1;
  static final int TRAIT = 2;
  static final int EXPLICIT = 3;

  private static final int RUNS_MAX = 64;

  /** Facts of one rank and role with no other fact between the first and the last. */
  private static final class Run {
    final int rank;
    final String role;
    long first;
    long last;

    Run(int rank, String role, long first, long last) {
      this.rank = rank;
      this.role = role;
      this.first = first;
      this.last = last;
    }
  }

  private record Fact(int rank, String role, long at) {}

  /** A time in which one role was held. `begin` is NONE for the first. */
  record Span(String role, long begin, long end, boolean isTakenOver) {}

  private final List<Run> runs = new ArrayList<>(4);

  void clear() {
    runs.clear();
  }

  boolean isEmpty() {
    return runs.isEmpty();
  }

  /** Whether every fact says this role. */
  boolean isAll(String role) {
    for (Run run : runs) {
      if (!run.role.equals(role)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Notes a fact; true if what is kept changed. The end of a run is kept to the day, as libraries
   * repeat a role with every call.
   */
  boolean add(int rank, String role, long at) {
    for (int i = 0; i < runs.size(); ++i) {
      Run run = runs.get(i);
      if (at >= run.first && at <= run.last) {
        if (run.rank == rank && run.role.equals(role)) {
          return false;
        }
        if (at > run.first && at < run.last) {
          runs.add(i + 1, new Run(run.rank, run.role, run.last, run.last));
          run.last = run.first;
          return insert(new Run(rank, role, at, at));
        }
      }
    }
    for (int i = 0; i < runs.size(); ++i) {
      Run run = runs.get(i);
      if (run.rank != rank || !run.role.equals(role)) {
        continue;
      }
      if (at > run.last && (i + 1 == runs.size() || at <= runs.get(i + 1).first)) {
        boolean isSameDay = rank != EXPLICIT && at / Times.DAY == run.last / Times.DAY;
        if (isSameDay && run.last > run.first) {
          return false;
        }
        run.last = at;
        return true;
      }
      if (at < run.first && (i == 0 || at >= runs.get(i - 1).last)) {
        run.first = at;
        return true;
      }
    }
    return insert(new Run(rank, role, at, at));
  }

  private boolean insert(Run run) {
    int i = 0;
    while (i < runs.size() && runs.get(i).first <= run.first) {
      ++i;
    }
    runs.add(i, run);
    if (runs.size() > RUNS_MAX) {
      runs.remove(RUNS_MAX / 2);
    }
    return true;
  }

  /** The spans of roles held, by time; one of the role "" if none is known. */
  List<Span> spans() {
    if (runs.isEmpty()) {
      return List.of(new Span("", Times.NONE, Times.NONE, false));
    }
    if (isAll(runs.get(0).role)) {
      return List.of(new Span(runs.get(0).role, Times.NONE, Times.NONE, false));
    }
    List<Span> spans = new ArrayList<>();
    boolean isSettled = false;
    for (Fact fact : effective()) {
      boolean isInvite = fact.rank == INVITE;
      int last = spans.size() - 1;
      if (last >= 0 && spans.get(last).role.equals(fact.role)) {
        isSettled = isSettled || !isInvite;
        continue;
      }
      if (last < 0) {
        spans.add(new Span(fact.role, Times.NONE, Times.NONE, false));
      } else {
        Span before = spans.get(last);
        spans.set(last, new Span(before.role, before.begin, fact.at, before.isTakenOver));
        spans.add(new Span(fact.role, fact.at, Times.NONE, isSettled));
      }
      isSettled = !isInvite;
    }
    return spans;
  }

  /** The facts that count, by time: a higher rank silences lower ones from its time on. */
  private List<Fact> effective() {
    long firstExplicit = Long.MAX_VALUE;
    long firstSettled = Long.MAX_VALUE;
    for (Run run : runs) {
      if (run.rank == EXPLICIT) {
        firstExplicit = Math.min(firstExplicit, run.first);
      }
      if (run.rank != INVITE) {
        firstSettled = Math.min(firstSettled, run.first);
      }
    }
    List<Fact> facts = new ArrayList<>();
    for (Run run : runs) {
      long silencedFrom =
          switch (run.rank) {
            case TRAIT -> firstExplicit;
            case INVITE -> firstSettled;
            default -> Long.MAX_VALUE;
          };
      if (run.first < silencedFrom) {
        facts.add(new Fact(run.rank, run.role, run.first));
      }
      if (run.last > run.first && run.last < silencedFrom) {
        facts.add(new Fact(run.rank, run.role, run.last));
      }
    }
    facts.sort(Comparator.comparingLong(Fact::at).thenComparingInt(Fact::rank));
    return facts;
  }

  void encode(ByteWriter out) {
    out.putVar(runs.size());
    for (Run run : runs) {
      out.put(run.rank);
      out.putRole(run.role);
      out.putVar(run.first);
      out.putVar(run.last - run.first);
    }
  }

  void decode(ByteReader in) {
    runs.clear();
    int count = (int) in.getVar();
    for (int i = 0; i < count; ++i) {
      int rank = in.get();
      String role = in.getRole();
      long first = in.getVar();
      runs.add(new Run(rank, role, first, first + in.getVar()));
    }
  }
}
