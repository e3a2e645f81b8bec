package foothold.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Stage two, by tenant: folds events into users and accounts and says what follows.
 *
 * <p>The clock is the least, over all source partitions, of the newest event time heard from each,
 * less the allowed lateness; a source partition that was not heard of holds it. The ends of windows
 * stand in an index by time, one entry a user at most that counts; an entry is a hint, and one that
 * is too early is put anew when it fires.
 */
final class JourneyProcessor implements Processor<byte[], Parsed, byte[], Output> {
  static final String USERS = "users";
  static final String ACCOUNTS = "accounts";
  static final String TIMERS = "timers";
  static final String CLOCK = "clock";

  private static final long LATENESS = 10 * 60 * 1000;
  private static final Duration TICK = Duration.ofMinutes(10); // Of event time, as the lateness is.
  private static final int FIRED_AT_ONCE_MAX = 1000;
  private static final byte[] MARK = {1};

  private final PeerOptions options;
  private final ParseProcessor.Progress progress;
  private final Event event = new Event();
  private final User user = new User();
  private final Account account = new Account();
  private final ByteReader in = new ByteReader();
  private final ByteWriter out = new ByteWriter();
  private final Records records = new Records();

  private ProcessorContext<byte[], Output> context;
  private KeyValueStore<Bytes, byte[]> users;
  private KeyValueStore<Bytes, byte[]> accounts;
  private KeyValueStore<Bytes, byte[]> timers;
  private KeyValueStore<Bytes, byte[]> clock;
  private final long[] newest; // By source partition.
  private long now = Times.NONE;
  private long nextDue = Long.MAX_VALUE; // Of the index, or earlier.
  private long scanFrom; // No entry is earlier: what was fired has left its tombstones there.
  private long recordTime;

  JourneyProcessor(PeerOptions options, ParseProcessor.Progress progress) {
    this.options = options;
    this.progress = progress;
    this.newest = new long[options.sourcePartitions()];
    Arrays.fill(newest, Times.NONE);
  }

  @Override
  public void init(ProcessorContext<byte[], Output> context) {
    this.context = context;
    users = context.getStateStore(USERS);
    accounts = context.getStateStore(ACCOUNTS);
    timers = context.getStateStore(TIMERS);
    clock = context.getStateStore(CLOCK);
    for (int i = 0; i < newest.length; ++i) {
      byte[] at = clock.get(partitionKey(i));
      newest[i] = at == null ? Times.NONE : ByteBuffer.wrap(at).getLong();
    }
    findNextDue();
    context.schedule(TICK, PunctuationType.STREAM_TIME, at -> fire());
  }

  @Override
  public void process(Record<byte[], Parsed> record) {
    recordTime = record.timestamp();
    if (event.decode(record.key(), record.value().bytes(), in) == Event.CLOCK) {
      Arrays.fill(newest, Math.max(event.at + LATENESS, newest[0]));
      fire();
      progress.decided.incrementAndGet();
      return;
    }
    if (event.at > newest[event.partition]) {
      newest[event.partition] = event.at;
    }
    advance();
    visit(event.user, false);
    boolean invites = event.type == EventType.INVITED && event.invitee.length > 0;
    if (invites && !Arrays.equals(event.invitee, event.user)) {
      visit(event.invitee, true);
    }
    progress.decided.incrementAndGet();
  }

  private void advance() {
    long least = Long.MAX_VALUE;
    for (long at : newest) {
      least = Math.min(least, at);
    }
    if (least != Times.NONE) {
      now = Math.max(now, least - LATENESS);
    }
  }

  private static Bytes partitionKey(int partition) {
    return Bytes.wrap(new byte[] {(byte) partition});
  }

  private static Bytes userKey(byte[] tenant, byte[] user) {
    byte[] key = Arrays.copyOf(tenant, tenant.length + 1 + user.length);
    System.arraycopy(user, 0, key, tenant.length + 1, user.length);
    return Bytes.wrap(key);
  }

  private static Bytes timerKey(long due, byte[] userKey) {
    return Bytes.wrap(
        ByteBuffer.allocate(8 + userKey.length).putLong(due).put(userKey).array());
  }

  private void visit(byte[] id, boolean isInvitee) {
    Bytes key = userKey(event.tenant, id);
    byte[] value = users.get(key);
    if (value == null) {
      user.clear();
    } else {
      user.decode(value, in);
    }
    long firstBefore = user.firstSeen;
    int learned =
        isInvitee ? user.learnInvite(event) : user.learn(event, options.isActivityKept());
    if (learned == 0) {
      return;
    }
    boolean concernsAccount =
        user.firstSeen != firstBefore || event.type == EventType.ACCOUNT_CREATED;
    if ((learned & User.MATTERS) != 0) {
      decide(key, event.tenant, id, event, concernsAccount, Math.max(event.at, now));
    }
    users.put(key, user.encode(out));
  }

  /** Fires what is due by the clock, earliest first. */
  private void fire() {
    advance();
    if (now == Times.NONE || nextDue > now) {
      return;
    }
    for (int i = 0; i < newest.length; ++i) {
      clock.put(partitionKey(i), ByteBuffer.allocate(8).putLong(newest[i]).array());
    }
    List<Bytes> due = new ArrayList<>();
    do {
      due.clear();
      try (KeyValueIterator<Bytes, byte[]> entries =
          timers.range(timerKey(scanFrom, new byte[0]), timerKey(now + 1, new byte[0]))) {
        while (entries.hasNext() && due.size() < FIRED_AT_ONCE_MAX) {
          due.add(entries.next().key);
        }
      }
      for (Bytes entry : due) {
        scanFrom = ByteBuffer.wrap(entry.get()).getLong();
        expire(entry);
      }
    } while (due.size() == FIRED_AT_ONCE_MAX);
    findNextDue();
  }

  private void findNextDue() {
    try (KeyValueIterator<Bytes, byte[]> entries =
        timers.range(timerKey(scanFrom, new byte[0]), timerKey(Long.MAX_VALUE, new byte[0]))) {
      if (entries.hasNext()) {
        KeyValue<Bytes, byte[]> first = entries.next();
        nextDue = ByteBuffer.wrap(first.key.get()).getLong();
        scanFrom = nextDue;
      } else {
        nextDue = Long.MAX_VALUE;
      }
    }
  }

  private void expire(Bytes entry) {
    timers.delete(entry);
    long due = ByteBuffer.wrap(entry.get()).getLong();
    Bytes key = Bytes.wrap(Arrays.copyOfRange(entry.get(), 8, entry.get().length));
    byte[] value = users.get(key);
    if (value == null) {
      return;
    }
    user.decode(value, in);
    if (user.timerAt != due) {
      return; // An earlier one took its place.
    }
    user.timerAt = Times.NONE;
    user.judgedUntil = Math.max(user.judgedUntil, due);
    byte[] bytes = key.get();
    int split = 0;
    while (bytes[split] != 0) {
      ++split;
    }
    recordTime = due;
    decide(
        key,
        Arrays.copyOf(bytes, split),
        Arrays.copyOfRange(bytes, split + 1, bytes.length),
        null,
        false,
        due);
    users.put(key, user.encode(out));
  }

  /** Looks at the user as a whole and says what is new. `cause` is null if time did it. */
  private void decide(
      Bytes key, byte[] tenant, byte[] id, Event cause, boolean concernsAccount, long decidedAt) {
    boolean isHistoryKnown = user.isHistoryKnown(options.historyBegin());
    Truth truth = new Truth(user, isHistoryKnown);
    announceActivation(tenant, id, truth, cause, decidedAt);
    announceSteps(tenant, id, truth, cause, decidedAt);
    Contribution before = user.contribution;
    Contribution after = truth.contributionOf(user);
    user.contribution = after;
    long hash = truth.statusHash(user, isHistoryKnown);
    if (hash != user.statusHash) {
      user.statusHash = hash;
      emit(
          options.topic("onboarding.user-status"),
          statusKey(tenant, id),
          tenant,
          records.userStatus(tenant, id, user, truth, isHistoryKnown, decidedAt));
    }
    setTimer(key, truth, isHistoryKnown);
    boolean isMoved = !before.equals(after);
    if (isMoved || concernsAccount) {
      decideAccount(tenant, before, after, truth, cause, decidedAt);
    }
  }

  private void announceActivation(
      byte[] tenant, byte[] id, Truth truth, Event cause, long decidedAt) {
    boolean isSameRole =
        !truth.state.isReached() || truth.span.role().equals(user.activatedRole);
    if (truth.state == user.state && truth.activatedAt == user.activatedAt && isSameRole) {
      return;
    }
    ++user.sequence;
    long occurredAt = decidedAt;
    if (truth.activatedAt != Times.NONE) {
      occurredAt = truth.activatedAt;
    } else if (truth.state == UserState.WINDOW_EXPIRED) {
      occurredAt = truth.closesAt;
    } else if (cause != null) {
      occurredAt = cause.at;
    }
    emit(
        options.topic("activation.changed"),
        tenant,
        tenant,
        records.activation(tenant, id, user, truth, occurredAt, decidedAt));
    user.state = truth.state;
    user.activatedAt = truth.activatedAt;
    user.activatedRole = truth.span.role();
  }

  private void announceSteps(byte[] tenant, byte[] id, Truth truth, Event cause, long decidedAt) {
    if (!user.ladderRole.equals(truth.current.role())) {
      user.ladderRole = truth.current.role();
      user.stepsMet = 0;
      user.currentStep = 0;
    }
    int current = truth.isComplete ? 0 : truth.currentStep;
    int changed = user.stepsMet ^ truth.stepsMet;
    for (int i = 0; i < truth.stepMetAt.length; ++i) {
      if ((changed >>> i & 1) != 0) {
        boolean isMet = truth.stepMetAt[i] != Times.NONE;
        ++user.progressSequence;
        long at = isMet ? truth.stepMetAt[i] : decidedAt;
        emitStep(tenant, id, truth, i, isMet ? "completed" : "reverted", cause, at, decidedAt);
      }
    }
    if (current != 0 && current != user.currentStep) {
      ++user.progressSequence;
      long at = truth.stepEnteredAt == Times.NONE ? decidedAt : truth.stepEnteredAt;
      emitStep(tenant, id, truth, current - 1, "entered", cause, at, decidedAt);
    }
    user.stepsMet = truth.stepsMet;
    user.currentStep = current;
  }

  private void emitStep(
      byte[] tenant, byte[] id, Truth truth, int rung, String change, Event cause, long at,
      long decidedAt) {
    emit(
        options.topic("onboarding.progress"),
        tenant,
        tenant,
        records.step(tenant, id, user, truth, rung, change, cause, at, decidedAt));
  }

  private void setTimer(Bytes key, Truth truth, boolean isHistoryKnown) {
    boolean isOpen =
        isHistoryKnown
            && truth.activatedAt == Times.NONE
            && truth.anchor != null
            && truth.closesAt > user.judgedUntil;
    long due = isOpen ? truth.closesAt : Times.NONE;
    if (due == user.timerAt) {
      return;
    }
    if (user.timerAt != Times.NONE) {
      timers.delete(timerKey(user.timerAt, key.get()));
    }
    if (isOpen) {
      timers.put(timerKey(due, key.get()), MARK);
      nextDue = Math.min(nextDue, due);
      scanFrom = Math.min(scanFrom, due);
    }
    user.timerAt = due;
  }

  private void decideAccount(
      byte[] tenant, Contribution before, Contribution after, Truth truth, Event cause,
      long decidedAt) {
    Bytes key = Bytes.wrap(tenant);
    byte[] value = accounts.get(key);
    if (value == null) {
      account.clear();
    } else {
      account.decode(value, in);
    }
    boolean isChanged = cause != null && account.learn(cause);
    if (!before.equals(after)) {
      account.count(before, after, truth);
      isChanged = true;
    }
    if (!isChanged) {
      return;
    }
    Account.State state = account.stateNow();
    if (state != account.state) {
      long at = cause != null ? cause.at : decidedAt;
      if (state == Account.State.ACTIVATED) {
        account.activatedAt = at;
      }
      ++account.sequence;
      emit(
          options.topic("activation.changed"),
          tenant,
          tenant,
          records.accountActivation(tenant, account, state, cause, at, decidedAt));
      account.state = state;
    }
    emit(
        options.topic("onboarding.account-status"),
        tenant,
        tenant,
        records.accountStatus(tenant, account, decidedAt));
    accounts.put(key, account.encode(out));
  }

  /** Each part percent-encoded, with a bar between. */
  private static byte[] statusKey(byte[] tenant, byte[] id) {
    return (encoded(tenant) + '|' + encoded(id)).getBytes(StandardCharsets.UTF_8);
  }

  private static String encoded(byte[] text) {
    StringBuilder encoded = new StringBuilder(text.length);
    for (byte each : text) {
      char c = (char) (each & 0xFF);
      boolean isPlain =
          c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
              || c == '.' || c == '_' || c == '~';
      if (isPlain) {
        encoded.append(c);
      } else {
        encoded.append('%').append(Character.toUpperCase(Character.forDigit(c >> 4, 16)));
        encoded.append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
      }
    }
    return encoded.toString();
  }

  private void emit(String topic, byte[] key, byte[] tenant, byte[] json) {
    context.forward(
        new Record<>(key, new Output(topic, tenant, json), recordTime, new RecordHeaders()));
  }
}
