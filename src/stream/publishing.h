#pragma once

// What publishing a playbook over another one takes: PRODUCT.md section 9.

#include <cstdint>
#include <string>
#include <vector>

#include "src/journey/playbook.h"

namespace foothold::stream {

struct PublishPlan {
  enum class Kind : std::uint8_t {
    kFromState,     // All it asks of the past is kept.
    kNeedsHistory,  // It asks of the past what no subject's state has kept, and the journal tells.
    // Likewise, of events that it gives other names: what comes meanwhile would be missed.
    kNeedsOtherNames,
  };
  Kind kind = Kind::kFromState;
  std::string verdict;             // One clause.
  std::vector<std::string> lines;  // What changes, and what is missing.
};

PublishPlan PlanPublish(const journey::Playbook& current, const journey::Playbook& next);

// What of the past `next` asks for and `current` does not keep, or not so much of.
std::vector<journey::Tracker> NotKept(const journey::Playbook& current,
                                      const journey::Playbook& next);
// A playbook that decides as `current` does and also keeps what `next` asks for.
journey::Playbook KeepingFor(journey::Playbook current, const journey::Playbook& next);

}  // namespace foothold::stream
