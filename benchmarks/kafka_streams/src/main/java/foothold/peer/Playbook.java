package foothold.peer;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The activation part of the default playbook, written out as code. */
final class Playbook {
  static final String LABEL = "default@1";

  /** What milestones and ladders count. `need` occurrences are kept, the earliest. */
  enum Criterion {
    INTEGRATION("integration.connected", 1, false),
    INVITEES("user.invited, 2 distinct invitee", 2, true),
    DASHBOARD("dashboard.created", 1, false),
    EXPORT("report.exported", 1, false),
    RECORDS("transaction.created or record.submitted or form.completed, 5 times", 5, false),
    VIEWS("dashboard.viewed, 3 distinct dashboardId", 3, true);

    static final Criterion[] VALUES = values();
    final String label;
    final int need;
    final boolean isDistinct;

    Criterion(String label, int need, boolean isDistinct) {
      this.label = label;
      this.need = need;
      this.isDistinct = isDistinct;
    }

    static Criterion of(EventType type) {
      return switch (type) {
        case INTEGRATION_CONNECTED -> INTEGRATION;
        case INVITED -> INVITEES;
        case DASHBOARD_CREATED -> DASHBOARD;
        case REPORT_EXPORTED -> EXPORT;
        case TRANSACTION_CREATED, RECORD_SUBMITTED, FORM_COMPLETED -> RECORDS;
        case DASHBOARD_VIEWED -> VIEWS;
        default -> null;
      };
    }
  }

  /** Of what only the first time counts. */
  enum First {
    ACCESS,
    PROFILE,
    SIGNUP,
    INVITED,
    INVITING,
    VIEWED;

    static final int COUNT = values().length;
  }

  enum Anchor {
    SIGNUP("signup"),
    FIRST_ACCESS("first_access"),
    INVITE("invite");

    final String label;

    Anchor(String label) {
      this.label = label;
    }
  }

  /** A rung: met by the first of something, by the n-th occurrence of a criterion, or at the end. */
  record Step(String name, String stepClass, First first, Criterion criterion) {
    boolean isMilestone() {
      return first == null && criterion == null;
    }
  }

  /** Contacts have neither milestone nor steps. */
  record Role(
      String name, List<Criterion> milestone, Anchor anchor, long within, List<Step> steps) {
    boolean hasMilestone() {
      return !milestone.isEmpty();
    }
  }

  private static final Step ACTIVATED = new Step("activated", "value", null, null);
  private static final Role[] ROLES = {
    new Role(
        "admin",
        List.of(Criterion.INTEGRATION, Criterion.INVITEES),
        Anchor.SIGNUP,
        7 * Times.DAY,
        List.of(
            new Step("profile", "setup", First.PROFILE, null),
            new Step("integration", "setup", null, Criterion.INTEGRATION),
            new Step("first invite", "setup", First.INVITING, null),
            ACTIVATED)),
    new Role(
        "analyst",
        List.of(Criterion.DASHBOARD, Criterion.EXPORT),
        Anchor.FIRST_ACCESS,
        14 * Times.DAY,
        List.of(
            new Step("first dashboard", "setup", First.VIEWED, null),
            new Step("own dashboard", "value", null, Criterion.DASHBOARD),
            new Step("first export", "value", null, Criterion.EXPORT),
            ACTIVATED)),
    new Role(
        "operator",
        List.of(Criterion.RECORDS),
        Anchor.FIRST_ACCESS,
        7 * Times.DAY,
        List.of(
            new Step("first access", "setup", First.ACCESS, null),
            new Step("first record", "value", null, Criterion.RECORDS),
            ACTIVATED)),
    new Role(
        "viewer",
        List.of(Criterion.VIEWS),
        Anchor.INVITE,
        30 * Times.DAY,
        List.of(
            new Step("first access", "setup", First.ACCESS, null),
            new Step("first dashboard", "value", First.VIEWED, null),
            ACTIVATED)),
    contact("buyer"),
    contact("sponsor"),
    contact("decision_maker"),
  };
  private static final Map<String, Integer> CODES = new HashMap<>();
  static final int OTHER_ROLE = 255;

  static {
    for (int i = 0; i < ROLES.length; ++i) {
      CODES.put(ROLES[i].name, i + 1);
    }
    CODES.put("", 0);
  }

  private Playbook() {}

  private static Role contact(String name) {
    return new Role(name, List.of(), null, 0, List.of());
  }

  static int roleCode(String role) {
    return CODES.getOrDefault(role, OTHER_ROLE);
  }

  static String roleName(int code) {
    return code == 0 ? "" : ROLES[code - 1].name;
  }

  /** The role's name as it is compared. */
  static String lowerRole(String raw) {
    return CODES.containsKey(raw) ? raw : raw.toLowerCase(Locale.ROOT);
  }

  /** null: the playbook does not have it. */
  static Role role(String name) {
    int code = roleCode(name);
    return code == 0 || code == OTHER_ROLE ? null : ROLES[code - 1];
  }
}
