// The occurrences that a condition rests on.

#include <algorithm>

#include "src/journey/conditions.h"
#include "src/journey/tracking.h"

namespace foothold::journey {

const Occurrence* EvidenceOfAnchor(const Facts& facts, std::int32_t anchor) {
  if (anchor == Moment::kTrigger) {
    return nullptr;
  }
  const Playbook& playbook = facts.definition.playbook();
  for (const auto& group : playbook.anchors[static_cast<std::size_t>(anchor)].entries) {
    const Occurrence* earliest = nullptr;
    for (const AnchorEntry& entry : group) {
      if (entry.kind != AnchorEntry::Kind::kTracker) {
        continue;
      }
      const TrackerState* state = KeptBy(facts, entry.tracker);
      if (state != nullptr && !state->kept.empty() &&
          (earliest == nullptr || IsEarlier(state->kept.front(), *earliest))) {
        earliest = &state->kept.front();
      }
    }
    if (earliest != nullptr) {
      return earliest;
    }
  }
  return nullptr;
}

std::vector<const Occurrence*> EvidenceFor(const Condition& condition, const Facts& facts,
                                           std::size_t count_max) {
  std::vector<const Occurrence*> evidence;
  const auto add = [&](const Occurrence* occurrence) {
    const bool is_new =
        occurrence != nullptr && std::ranges::none_of(evidence, [&](const Occurrence* known) {
          return known->event_id == occurrence->event_id &&
                 known->fingerprint == occurrence->fingerprint;
        });
    if (is_new && evidence.size() < count_max) {
      evidence.push_back(occurrence);
    }
  };
  for (const ConditionNode& node : condition.nodes) {
    if (node.kind == ConditionKind::kDid) {
      if (const TrackerState* state = KeptBy(facts, node.tracker)) {
        std::ranges::for_each(state->kept, [&](const Occurrence& kept) { add(&kept); });
      }
    }
    if (node.moment.has_value()) {
      add(EvidenceOfAnchor(facts, node.moment->anchor));
    }
  }
  return evidence;
}

}  // namespace foothold::journey
