#include "src/journey/records.h"

#include "src/base/check.h"
#include "src/journey/playbook.h"

namespace foothold::journey {

std::string_view UserStateName(UserState state) {
  switch (state) {
    case UserState::kNotStarted:
      return "not_started";
    case UserState::kInProgress:
      return "in_progress";
    case UserState::kActivated:
      return "activated";
    case UserState::kWindowExpired:
      return "window_expired";
    case UserState::kActivatedLate:
      return "activated_late";
  }
  FOOTHOLD_CHECK(false, "a user state outside its enum");
}

std::string_view AccountStateName(AccountState state) {
  switch (state) {
    case AccountState::kNone:
      return "none";
    case AccountState::kPartial:
      return "partial";
    case AccountState::kActivated:
      return "activated";
  }
  FOOTHOLD_CHECK(false, "an account state outside its enum");
}

std::string_view ActivationClassName(ActivationClass activation_class) {
  switch (activation_class) {
    case ActivationClass::kOrganic:
      return "organic";
    case ActivationClass::kAssisted:
      return "assisted";
    case ActivationClass::kLate:
      return "late";
  }
  FOOTHOLD_CHECK(false, "an activation class outside its enum");
}

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kLive:
      return "live";
    case Mode::kBackfill:
      return "backfill";
    case Mode::kCorrection:
      return "correction";
    case Mode::kRedecided:
      return "redecided";
  }
  FOOTHOLD_CHECK(false, "a mode outside its enum");
}

std::string_view StepClassName(StepClass step_class) {
  switch (step_class) {
    case StepClass::kSetup:
      return "setup";
    case StepClass::kValue:
      return "value";
    case StepClass::kHabit:
      return "habit";
  }
  FOOTHOLD_CHECK(false, "a step class outside its enum");
}

std::string_view ChannelName(Channel channel) {
  switch (channel) {
    case Channel::kEmail:
      return "email";
    case Channel::kInApp:
      return "in_app";
    case Channel::kCs:
      return "cs";
  }
  FOOTHOLD_CHECK(false, "a channel outside its enum");
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kConverted:
      return "converted";
    case Outcome::kNotConverted:
      return "not_converted";
    case Outcome::kChurned:
      return "churned";
  }
  FOOTHOLD_CHECK(false, "an outcome outside its enum");
}

std::string_view CancelCauseName(CancelCause cause) {
  switch (cause) {
    case CancelCause::kConditionCleared:
      return "condition_cleared";
    case CancelCause::kCorrection:
      return "correction";
    case CancelCause::kPaused:
      return "paused";
    case CancelCause::kKilled:
      return "killed";
    case CancelCause::kRemoved:
      return "removed";
    case CancelCause::kErased:
      return "erased";
  }
  FOOTHOLD_CHECK(false, "a cause outside its enum");
}

}  // namespace foothold::journey
