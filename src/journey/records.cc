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

}  // namespace foothold::journey
