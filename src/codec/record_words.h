#pragma once

// Words of records as the enums of proto/. For src/codec only.

#include <array>
#include <string_view>

#include "proto/blocks.pb.h"
#include "src/base/check.h"
#include "src/codec/record_blocks.h"
#include "src/journey/records.h"

namespace foothold::codec {

inline v1::ActivationState StateOf(std::string_view word) {
  constexpr std::array<std::string_view, 7> kWords{"not_started",    "in_progress",    "activated",
                                                   "window_expired", "activated_late", "none",
                                                   "partial"};
  static_assert(v1::ACTIVATION_STATE_PARTIAL == kWords.size());
  return FromWord<v1::ActivationState>(kWords, word);
}

inline v1::ActivationState StateOf(journey::AccountState state) {
  switch (state) {
    case journey::AccountState::kNone:
      return v1::ACTIVATION_STATE_NONE;
    case journey::AccountState::kPartial:
      return v1::ACTIVATION_STATE_PARTIAL;
    case journey::AccountState::kActivated:
      return v1::ACTIVATION_STATE_ACTIVATED;
  }
  FOOTHOLD_CHECK(false, "an account is in one of its states");
}

inline v1::RiskLevel RiskOf(std::string_view word) {
  constexpr std::array<std::string_view, 3> kWords{"low", "medium", "high"};
  static_assert(v1::RISK_LEVEL_HIGH == kWords.size());
  return FromWord<v1::RiskLevel>(kWords, word);
}

}  // namespace foothold::codec
