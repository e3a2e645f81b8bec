#pragma once

#include "src/base/status.h"
#include "src/journey/playbook.h"

namespace foothold::journey {

inline constexpr std::size_t kConditionNodesMax = 64;
inline constexpr std::size_t kRungsMax = 8;

// Whether an account alone, without any of its users, knows when the anchor was.
bool IsOfAccount(const Playbook& playbook, const Anchor& anchor);
// Whether a window may open at the anchor: it rests on nothing that moves on.
bool IsFixed(const Anchor& anchor);

// The part of Validate() that concerns rules.h: signals, stages, blockers, rules, gate and zones.
// REQUIRES: trackers, anchors and roles are valid.
Status CheckRules(const Playbook& playbook);

}  // namespace foothold::journey
