package foothold.peer;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The events that the playbook's activation part asks for. The ordinal stands in records. */
enum EventType {
  OTHER_ACCESS("other"),
  OTHER("other"),
  ACCOUNT_CREATED("account.created"),
  SIGNED_UP("user.signed_up"),
  INVITED("user.invited"),
  JOINED("user.joined"),
  ROLE_CHANGED("user.role_changed"),
  PROFILE_COMPLETED("profile.completed"),
  INTEGRATION_CONNECTED("integration.connected"),
  DASHBOARD_CREATED("dashboard.created"),
  DASHBOARD_VIEWED("dashboard.viewed"),
  REPORT_EXPORTED("report.exported"),
  TRANSACTION_CREATED("transaction.created"),
  RECORD_SUBMITTED("record.submitted"),
  FORM_COMPLETED("form.completed");

  static final EventType[] VALUES = values();
  private static final Map<String, EventType> NAMES = new HashMap<>();
  private static final int KNOWN_SPELLINGS_MAX = 10_000;
  private static final String[] NEVER_ACCESS = {
    "account.", "contract.", "kickoff.", "success.criteria.", "plan.", "sponsor.", "trial.",
    "ticket.", "outreach.", "intervention.", "user.joined", "user.removed", "heartbeat",
    "user.signed.up", "user.role.changed", "user.consent.changed", "user.deleted"
  };

  static {
    for (EventType type : VALUES) {
      NAMES.put(canonical(type.display), type);
    }
    NAMES.remove("other");
    NAMES.put("signed.up", SIGNED_UP);
    NAMES.put("invite.sent", INVITED);
    NAMES.put("team.member.invited", INVITED);
    NAMES.put("invite.accepted", JOINED);
    NAMES.put("account.added.user", JOINED);
    NAMES.put("role.changed", ROLE_CHANGED);
    NAMES.put("integration.connect", INTEGRATION_CONNECTED);
    NAMES.put("dashboard.first.view", DASHBOARD_VIEWED);
    NAMES.put("report.first.export", REPORT_EXPORTED);
  }

  final String display;

  EventType(String display) {
    this.display = display;
  }

  boolean isAccess() {
    return switch (this) {
      case OTHER, ACCOUNT_CREATED, SIGNED_UP, JOINED, ROLE_CHANGED -> false;
      default -> true;
    };
  }

  /** Whether `properties.role` is the role of the user, rather than the traits' role. */
  boolean namesRole() {
    return this == ACCOUNT_CREATED || this == SIGNED_UP || this == JOINED || this == ROLE_CHANGED;
  }

  /** Finds types by raw names, and remembers how they are spelt. Not thread-safe. */
  static final class Finder {
    private final Map<String, EventType> spellings = new HashMap<>();

    EventType find(String rawName) {
      EventType known = spellings.get(rawName);
      if (known != null) {
        return known;
      }
      String name = canonical(rawName);
      EventType type = NAMES.get(name);
      if (type == null) {
        type = isNeverAccess(name) ? OTHER : OTHER_ACCESS;
      }
      if (spellings.size() < KNOWN_SPELLINGS_MAX) {
        spellings.put(rawName, type);
      }
      return type;
    }
  }

  private static boolean isNeverAccess(String name) {
    for (String prefix : NEVER_ACCESS) {
      if (name.startsWith(prefix)) {
        return true;
      }
    }
    return false;
  }

  private static String canonical(String rawName) {
    return rawName.toLowerCase(Locale.ROOT).replaceAll("[ ._-]+", ".");
  }
}
