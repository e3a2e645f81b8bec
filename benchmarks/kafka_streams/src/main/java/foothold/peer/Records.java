package foothold.peer;

import foothold.peer.Json.Name;
import foothold.peer.Playbook.Anchor;
import foothold.peer.Playbook.Criterion;
import foothold.peer.Playbook.First;
import foothold.peer.Playbook.Role;
import foothold.peer.Playbook.Step;
import java.util.List;

/** The values of the output records, as the benchmark compares them. Not thread-safe. */
final class Records {
  private static final Name TENANT = new Name("tenantId");
  private static final Name USER = new Name("userId");
  private static final Name ROLE = new Name("role");
  private static final Name OCCURRED_AT = new Name("occurredAt");
  private static final Name DECIDED_AT = new Name("decidedAt");
  private static final Name DEFINITION = new Name("definition");
  private static final Name SEQUENCE = new Name("sequence");
  private static final Name REASON = new Name("reason");
  private static final Name EVIDENCE = new Name("evidence");
  private static final Name EVIDENCE_COUNT = new Name("evidenceCount");
  private static final Name EVENT_ID = new Name("eventId");
  private static final Name EVENT = new Name("event");
  private static final Name PARTITION = new Name("partition");
  private static final Name OFFSET = new Name("offset");
  private static final Name SCOPE = new Name("scope");
  private static final Name FROM = new Name("from");
  private static final Name TO = new Name("to");
  private static final Name CLASS = new Name("class");
  private static final Name ACTIVATED_AT = new Name("activatedAt");
  private static final Name WINDOW = new Name("window");
  private static final Name ACTIVATION_WINDOW = new Name("activationWindow");
  private static final Name ANCHOR = new Name("anchor");
  private static final Name OPENS_AT = new Name("opensAt");
  private static final Name CLOSES_AT = new Name("closesAt");
  private static final Name PROGRESS = new Name("progress");
  private static final Name CRITERION = new Name("criterion");
  private static final Name HAVE = new Name("have");
  private static final Name NEED = new Name("need");
  private static final Name MET_AT = new Name("metAt");
  private static final Name HISTORY = new Name("history");
  private static final Name PROFILE_COMPLETED = new Name("profileCompleted");
  private static final Name INTEGRATION_CONNECTED = new Name("integrationConnected");
  private static final Name FIRST_DASHBOARD_VIEWED = new Name("firstDashboardViewed");
  private static final Name FIRST_REPORT_EXPORTED = new Name("firstReportExported");
  private static final Name ACTIVATED = new Name("activated");
  private static final Name ACTIVATION_STATE = new Name("activationState");
  private static final Name ACTIVATION_CLASS = new Name("activationClass");
  private static final Name ACTIVATION_RATE = new Name("activationRate");
  private static final Name CURRENT_STEP = new Name("currentStep");
  private static final Name STEP_NAME = new Name("stepName");
  private static final Name STEP_CLASS = new Name("stepClass");
  private static final Name STEP_ENTERED_AT = new Name("stepEnteredAt");
  private static final Name STEPS = new Name("steps");
  private static final Name STEP = new Name("step");
  private static final Name NAME = new Name("name");
  private static final Name CHANGE = new Name("change");
  private static final Name AT = new Name("at");
  private static final Name ANCHORS = new Name("anchors");
  private static final Name SIGNUP = new Name("signup");
  private static final Name FIRST_ACCESS = new Name("firstAccess");
  private static final Name INVITE = new Name("invite");
  private static final Name FIRST_SEEN_AT = new Name("firstSeenAt");
  private static final Name LAST_SEEN_AT = new Name("lastSeenAt");
  private static final Name SESSION_COUNT = new Name("sessionCount");
  private static final Name ACTIVE_DAYS = new Name("activeDays");
  private static final Name VALUE_FROM_SIGNUP = new Name("timeToValueFromSignupS");
  private static final Name VALUE_FROM_ACCESS = new Name("timeToValueFromFirstAccessS");
  private static final Name PLAYBOOK_VERSION = new Name("playbookVersion");
  private static final Name AS_OF = new Name("asOf");
  private static final Name CREATED_AT = new Name("createdAt");
  private static final Name ELIGIBLE = new Name("eligible");
  private static final Name REACHED = new Name("reached");
  private static final Name COMPOSITION = new Name("composition");
  private static final Name INVITED = new Name("invited");
  private static final Name JOINED = new Name("joined");
  private static final Name LATE = new Name("late");
  private static final Name REACHED_BY = new Name("reachedBy");

  private final Json json = new Json();

  private void common(byte[] tenant, byte[] user, String role, long occurredAt, long decidedAt) {
    json.begin().text(TENANT, tenant);
    if (user == null) {
      json.none(USER);
    } else {
      json.text(USER, user);
    }
    json.text(ROLE, role)
        .time(OCCURRED_AT, occurredAt)
        .time(DECIDED_AT, decidedAt)
        .text(DEFINITION, Playbook.LABEL);
  }

  private void evidence(List<Occurrence> occurrences) {
    json.beginArray(EVIDENCE);
    for (Occurrence occurrence : occurrences) {
      json.beginObject(null)
          .text(EVENT_ID, occurrence.id())
          .text(EVENT, occurrence.type().display)
          .time(OCCURRED_AT, occurrence.at())
          .number(PARTITION, occurrence.partition())
          .number(OFFSET, occurrence.offset())
          .endObject();
    }
    json.endArray().number(EVIDENCE_COUNT, occurrences.size());
  }

  private void window(Name name, Truth truth) {
    if (truth.anchor == null) {
      json.none(name);
      return;
    }
    json.beginObject(name)
        .text(ANCHOR, truth.anchor.label)
        .time(OPENS_AT, truth.opensAt)
        .time(CLOSES_AT, truth.closesAt)
        .endObject();
  }

  private void timeToValue(User user, Truth truth) {
    seconds(VALUE_FROM_SIGNUP, Truth.anchorAt(Anchor.SIGNUP, user), truth.activatedAt);
    seconds(VALUE_FROM_ACCESS, user.first(First.ACCESS), truth.activatedAt);
  }

  private void seconds(Name name, long from, long to) {
    if (from == Times.NONE || to == Times.NONE) {
      json.none(name);
    } else {
      json.number(name, Math.max(0, (to - from) / 1000));
    }
  }

  private static String classOf(UserState state) {
    return switch (state) {
      case ACTIVATED -> "organic";
      case ACTIVATED_LATE -> "late";
      default -> null;
    };
  }

  byte[] activation(
      byte[] tenant, byte[] id, User user, Truth truth, long occurredAt, long decidedAt) {
    Role role = Playbook.role(truth.span.role());
    common(tenant, id, truth.span.role(), occurredAt, decidedAt);
    json.number(SEQUENCE, user.sequence).text(REASON, reason(user, truth, role));
    evidence(truth.evidence(user));
    json.text(SCOPE, "user")
        .text(FROM, user.state.label)
        .text(TO, truth.state.label)
        .text(CLASS, classOf(truth.state))
        .time(ACTIVATED_AT, truth.activatedAt);
    window(WINDOW, truth);
    json.beginArray(PROGRESS);
    if (role != null) {
      for (Criterion criterion : role.milestone()) {
        List<Occurrence> kept = user.kept(criterion);
        boolean isMet = kept.size() == criterion.need;
        json.beginObject(null)
            .text(CRITERION, criterion.label)
            .number(HAVE, kept.size())
            .number(NEED, criterion.need)
            .time(MET_AT, isMet ? kept.get(criterion.need - 1).at() : Times.NONE)
            .endObject();
      }
    }
    json.endArray();
    timeToValue(user, truth);
    return json.end();
  }

  private static String reason(User user, Truth truth, Role role) {
    StringBuilder text = new StringBuilder(160);
    text.append("In role ").append(truth.span.role()).append(" the user is ");
    text.append(truth.state.label).append(" with ");
    if (role != null) {
      for (Criterion criterion : role.milestone()) {
        text.append(criterion.label).append(" (").append(user.kept(criterion).size());
        text.append(" of ").append(criterion.need).append(") ");
      }
    }
    return text.append('.').toString();
  }

  byte[] step(
      byte[] tenant, byte[] id, User user, Truth truth, int rung, String change, Event event,
      long at, long decidedAt) {
    Step step = truth.steps.get(rung);
    common(tenant, id, truth.current.role(), at, decidedAt);
    json.number(SEQUENCE, user.progressSequence)
        .text(REASON, "Step " + (rung + 1) + " (" + step.name() + ") was " + change + ".");
    evidence(event == null ? List.of() : List.of(Occurrence.of(event)));
    json.text(SCOPE, "user")
        .number(STEP, rung + 1)
        .text(STEP_NAME, step.name())
        .text(STEP_CLASS, step.stepClass())
        .text(CHANGE, change)
        .time(AT, at);
    return json.end();
  }

  byte[] userStatus(
      byte[] tenant, byte[] id, User user, Truth truth, boolean isHistoryKnown, long asOf) {
    json.begin()
        .text(TENANT, tenant)
        .text(USER, id)
        .text(ROLE, truth.current.role())
        .text(HISTORY, isHistoryKnown ? "known" : "unknown")
        .time(PROFILE_COMPLETED, user.first(First.PROFILE))
        .time(INTEGRATION_CONNECTED, Truth.firstOf(user, Criterion.INTEGRATION))
        .time(FIRST_DASHBOARD_VIEWED, user.first(First.VIEWED))
        .time(FIRST_REPORT_EXPORTED, Truth.firstOf(user, Criterion.EXPORT))
        .time(ACTIVATED, truth.activatedAt)
        .text(ACTIVATION_STATE, truth.state.label)
        .text(ACTIVATION_CLASS, classOf(truth.state));
    window(ACTIVATION_WINDOW, truth);
    if (truth.currentStep == 0) {
      json.none(CURRENT_STEP).none(STEP_NAME).none(STEP_ENTERED_AT);
    } else {
      json.number(CURRENT_STEP, truth.currentStep)
          .text(STEP_NAME, truth.steps.get(truth.currentStep - 1).name())
          .time(STEP_ENTERED_AT, truth.stepEnteredAt);
    }
    json.beginArray(STEPS);
    for (int i = 0; i < truth.stepMetAt.length; ++i) {
      json.beginObject(null)
          .text(NAME, truth.steps.get(i).name())
          .text(CLASS, truth.steps.get(i).stepClass())
          .time(MET_AT, truth.stepMetAt[i])
          .endObject();
    }
    json.endArray()
        .beginObject(ANCHORS)
        .time(SIGNUP, user.first(First.SIGNUP))
        .time(FIRST_ACCESS, user.first(First.ACCESS))
        .time(INVITE, user.first(First.INVITED))
        .endObject()
        .time(FIRST_SEEN_AT, user.firstSeen)
        .time(LAST_SEEN_AT, user.lastSeen)
        .number(SESSION_COUNT, user.sessions)
        .number(ACTIVE_DAYS, user.activeDays);
    timeToValue(user, truth);
    return json.text(PLAYBOOK_VERSION, Playbook.LABEL).time(AS_OF, asOf).end();
  }

  byte[] accountActivation(
      byte[] tenant, Account account, Account.State to, Event event, long occurredAt,
      long decidedAt) {
    common(tenant, null, null, occurredAt, decidedAt);
    json.number(SEQUENCE, account.sequence)
        .text(REASON, "Of its members enough have reached their milestone: " + to.label + ".");
    evidence(event == null ? List.of() : List.of(Occurrence.of(event)));
    json.text(SCOPE, "account")
        .text(FROM, account.state.label)
        .text(TO, to.label)
        .time(ACTIVATED_AT, account.activatedAt);
    members(account);
    return json.end();
  }

  private void members(Account account) {
    int eligible = 0;
    int reached = 0;
    for (Account.Row row : account.rows) {
      eligible += row.eligible;
      reached += row.eligibleReached;
    }
    json.number(ELIGIBLE, eligible).number(REACHED, reached);
    if (eligible == 0) {
      json.none(ACTIVATION_RATE);
    } else {
      json.number(ACTIVATION_RATE, Math.round(1000.0 * reached / eligible) / 1000.0);
    }
    json.beginArray(COMPOSITION);
    for (Account.Row row : account.rows) {
      if (row.members > 0) {
        json.beginObject(null)
            .text(ROLE, row.role)
            .number(INVITED, row.invited)
            .number(JOINED, row.joined)
            .number(REACHED, row.reached)
            .number(LATE, row.late)
            .endObject();
      }
    }
    json.endArray();
  }

  byte[] accountStatus(byte[] tenant, Account account, long asOf) {
    json.begin()
        .text(TENANT, tenant)
        .time(CREATED_AT, account.createdAt())
        .text(ACTIVATION_STATE, account.state.label)
        .time(ACTIVATED_AT, account.activatedAt);
    members(account);
    json.beginArray(PROGRESS);
    for (Account.Row row : account.rows) {
      Role role = Playbook.role(row.role);
      int steps = role == null ? 0 : Math.min(role.steps().size(), row.stepsMet.length);
      for (int i = 0; i < steps; ++i) {
        json.beginObject(null)
            .text(STEP, row.role + "/" + role.steps().get(i).name())
            .text(CLASS, role.steps().get(i).stepClass())
            .number(REACHED_BY, row.stepsMet[i])
            .time(MET_AT, row.stepsFirstMet[i])
            .endObject();
      }
    }
    json.endArray();
    return json.text(PLAYBOOK_VERSION, Playbook.LABEL).time(AS_OF, asOf).end();
  }
}
