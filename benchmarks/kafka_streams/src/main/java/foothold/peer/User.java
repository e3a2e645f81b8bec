package foothold.peer;

import foothold.peer.Playbook.Criterion;
import foothold.peer.Playbook.First;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What is kept of a user, and its binary form. One object is reused; not thread-safe. */
final class User {
  /** What learning an event came to, as bits. */
  static final int KEPT = 1; // The state changed and is to be written.

  static final int MATTERS = 2; // Something that decisions rest on changed.

  private static final long SESSION_GAP = 30 * 60 * 1000;
  private static final long HISTORY_UNKNOWN_SPAN = 30 * Times.DAY;

  long firstSeen;
  boolean isBorn;
  boolean isInvited;
  boolean isJoined;
  final Roles roles = new Roles();
  final long[] firsts = new long[First.COUNT];
  final List<List<Occurrence>> kept = new ArrayList<>();

  long judgedUntil; // How far absence was judged.
  long timerAt; // The earliest entry of the index; NONE: there is none.
  UserState state;
  long activatedAt;
  String activatedRole;
  int sequence;
  int progressSequence;
  String ladderRole;
  int stepsMet;
  int currentStep;
  long statusHash;
  Contribution contribution;

  long lastSeen; // These four only if activity is kept.
  long sessionEnd;
  int sessions;
  int activeDays;

  User() {
    for (int i = 0; i < Criterion.VALUES.length; ++i) {
      kept.add(new ArrayList<>(5));
    }
    clear();
  }

  void clear() {
    firstSeen = Times.NONE;
    isBorn = false;
    isInvited = false;
    isJoined = false;
    roles.clear();
    Arrays.fill(firsts, Times.NONE);
    for (List<Occurrence> occurrences : kept) {
      occurrences.clear();
    }
    judgedUntil = Times.NONE;
    timerAt = Times.NONE;
    state = UserState.NOT_STARTED;
    activatedAt = Times.NONE;
    activatedRole = "";
    sequence = 0;
    progressSequence = 0;
    ladderRole = "";
    stepsMet = 0;
    currentStep = 0;
    statusHash = 0;
    contribution = Contribution.NONE;
    lastSeen = Times.NONE;
    sessionEnd = Times.NONE;
    sessions = 0;
    activeDays = 0;
  }

  boolean isNew() {
    return firstSeen == Times.NONE;
  }

  long first(First what) {
    return firsts[what.ordinal()];
  }

  List<Occurrence> kept(Criterion criterion) {
    return kept.get(criterion.ordinal());
  }

  boolean isHistoryKnown(long historyBegin) {
    return isBorn || isInvited || isJoined || firstSeen >= historyBegin + HISTORY_UNKNOWN_SPAN;
  }

  /** An event that the user did. */
  int learn(Event event, boolean isActivityKept) {
    int learned = see(event.at);
    EventType type = event.type;
    switch (type) {
      case ACCOUNT_CREATED, SIGNED_UP -> {
        learned |= lower(First.SIGNUP, event.at);
        learned |= isBorn ? 0 : KEPT | MATTERS;
        isBorn = true;
      }
      case JOINED -> {
        learned |= isJoined ? 0 : KEPT | MATTERS;
        isJoined = true;
        isBorn = true;
      }
      case PROFILE_COMPLETED -> learned |= lower(First.PROFILE, event.at);
      case INVITED -> learned |= lower(First.INVITING, event.at);
      case DASHBOARD_VIEWED -> learned |= lower(First.VIEWED, event.at);
      default -> {}
    }
    Criterion criterion = Criterion.of(type);
    if (criterion != null && (!criterion.isDistinct || event.value != 0)) {
      learned |= keep(criterion, event);
    }
    if (type != EventType.INVITED) {
      boolean isExplicit = type == EventType.JOINED || type == EventType.ROLE_CHANGED;
      learned |= learnRole(isExplicit ? Roles.EXPLICIT : Roles.TRAIT, event);
    }
    if (type.isAccess()) {
      learned |= lower(First.ACCESS, event.at);
      if (isActivityKept) {
        learned |= noteActivity(event.at);
      }
    }
    return learned;
  }

  /** An event that invites the user. */
  int learnInvite(Event event) {
    int learned = see(event.at);
    learned |= isInvited ? 0 : KEPT | MATTERS;
    isInvited = true;
    learned |= lower(First.INVITED, event.at);
    return learned | learnRole(Roles.INVITE, event);
  }

  private int see(long at) {
    if (firstSeen != Times.NONE && firstSeen <= at) {
      return 0;
    }
    firstSeen = at;
    return KEPT | MATTERS;
  }

  private int lower(First what, long at) {
    int i = what.ordinal();
    if (firsts[i] != Times.NONE && firsts[i] <= at) {
      return 0;
    }
    firsts[i] = at;
    return KEPT | MATTERS;
  }

  private int learnRole(int rank, Event event) {
    if (event.role.isEmpty()) {
      return 0;
    }
    boolean isNews = roles.isEmpty() || !roles.isAll(event.role);
    if (!roles.add(rank, event.role, event.at)) {
      return 0;
    }
    return isNews ? KEPT | MATTERS : KEPT;
  }

  /** Keeps the earliest occurrences that the criterion needs; of a repeat the earliest time. */
  private int keep(Criterion criterion, Event event) {
    List<Occurrence> occurrences = kept(criterion);
    int size = occurrences.size();
    if (size == criterion.need && event.at > occurrences.get(size - 1).at()) {
      return 0;
    }
    Occurrence occurrence = Occurrence.of(event);
    for (int i = 0; i < size; ++i) {
      if (occurrence.isRepeatOf(occurrences.get(i), criterion.isDistinct)) {
        if (!occurrence.isEarlierThan(occurrences.get(i))) {
          return 0;
        }
        occurrences.remove(i);
        break;
      }
    }
    int place = occurrences.size();
    while (place > 0 && occurrence.isEarlierThan(occurrences.get(place - 1))) {
      --place;
    }
    if (place == criterion.need) {
      return 0;
    }
    occurrences.add(place, occurrence);
    if (occurrences.size() > criterion.need) {
      occurrences.remove(criterion.need);
    }
    return KEPT | MATTERS;
  }

  private int noteActivity(long at) {
    if (lastSeen == Times.NONE || at / Times.DAY > lastSeen / Times.DAY) {
      ++activeDays;
    }
    if (sessionEnd == Times.NONE || at > sessionEnd + SESSION_GAP) {
      ++sessions;
    }
    sessionEnd = Math.max(sessionEnd, at);
    lastSeen = Math.max(lastSeen, at);
    return KEPT;
  }

  private static void putTime(ByteWriter out, long at) {
    out.putVar(at == Times.NONE ? 0 : at + 1);
  }

  private static long getTime(ByteReader in) {
    long value = in.getVar();
    return value == 0 ? Times.NONE : value - 1;
  }

  byte[] encode(ByteWriter out) {
    out.clear();
    out.put((isBorn ? 1 : 0) | (isInvited ? 2 : 0) | (isJoined ? 4 : 0));
    putTime(out, firstSeen);
    roles.encode(out);
    for (long first : firsts) {
      putTime(out, first);
    }
    for (List<Occurrence> occurrences : kept) {
      out.put(occurrences.size());
      for (Occurrence occurrence : occurrences) {
        occurrence.encode(out);
      }
    }
    putTime(out, judgedUntil);
    putTime(out, timerAt);
    out.put(state.ordinal());
    putTime(out, activatedAt);
    out.putRole(activatedRole);
    out.putVar(sequence);
    out.putVar(progressSequence);
    out.putRole(ladderRole);
    out.put(stepsMet);
    out.put(currentStep);
    out.putLong(statusHash);
    contribution.encode(out);
    putTime(out, lastSeen);
    putTime(out, sessionEnd);
    out.putVar(sessions);
    out.putVar(activeDays);
    return out.toBytes();
  }

  void decode(byte[] value, ByteReader in) {
    clear();
    in.over(value);
    int flags = in.get();
    isBorn = (flags & 1) != 0;
    isInvited = (flags & 2) != 0;
    isJoined = (flags & 4) != 0;
    firstSeen = getTime(in);
    roles.decode(in);
    for (int i = 0; i < firsts.length; ++i) {
      firsts[i] = getTime(in);
    }
    for (List<Occurrence> occurrences : kept) {
      for (int left = in.get(); left > 0; --left) {
        occurrences.add(Occurrence.decode(in));
      }
    }
    judgedUntil = getTime(in);
    timerAt = getTime(in);
    state = UserState.VALUES[in.get()];
    activatedAt = getTime(in);
    activatedRole = in.getRole();
    sequence = (int) in.getVar();
    progressSequence = (int) in.getVar();
    ladderRole = in.getRole();
    stepsMet = in.get();
    currentStep = in.get();
    statusHash = in.getLong();
    contribution = Contribution.decode(in);
    lastSeen = getTime(in);
    sessionEnd = getTime(in);
    sessions = (int) in.getVar();
    activeDays = (int) in.getVar();
  }
}
