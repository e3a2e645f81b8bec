package foothold.peer;

enum UserState {
  NOT_STARTED("not_started"),
  IN_PROGRESS("in_progress"),
  ACTIVATED("activated"),
  WINDOW_EXPIRED("window_expired"),
  ACTIVATED_LATE("activated_late");

  static final UserState[] VALUES = values();
  final String label;

  UserState(String label) {
    this.label = label;
  }

  boolean isReached() {
    return this == ACTIVATED || this == ACTIVATED_LATE;
  }
}
