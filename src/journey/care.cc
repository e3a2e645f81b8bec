#include "src/journey/care.h"

#include "src/base/check.h"

namespace foothold::journey {

std::string_view RiskLevelName(RiskLevel level) {
  switch (level) {
    case RiskLevel::kNone:
      return "";
    case RiskLevel::kLow:
      return "low";
    case RiskLevel::kMedium:
      return "medium";
    case RiskLevel::kHigh:
      return "high";
  }
  FOOTHOLD_CHECK(false, "a risk level outside its enum");
}

std::string_view SuppressorName(Suppressor suppressor) {
  switch (suppressor) {
    case Suppressor::kKilled:
      return "killed";
    case Suppressor::kPaused:
      return "paused";
    case Suppressor::kOff:
      return "off";
    case Suppressor::kCauseGone:
      return "cause_gone";
    case Suppressor::kExpired:
      return "expired";
    case Suppressor::kConsent:
      return "consent";
    case Suppressor::kHoldout:
      return "holdout";
    case Suppressor::kApprovalExpired:
      return "approval_expired";
    case Suppressor::kBreaker:
      return "breaker";
    case Suppressor::kQuietHours:
      return "quiet_hours";
    case Suppressor::kCapUser:
      return "cap_user";
    case Suppressor::kCapAccount:
      return "cap_account";
    case Suppressor::kHistoryUnknown:
      return "history_unknown";
    case Suppressor::kMeasurement:
      return "measurement";
  }
  FOOTHOLD_CHECK(false, "a suppressor outside its enum");
}

}  // namespace foothold::journey
