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
    kNeedsHistory,  // It asks of the past what no subject's state has kept.
  };
  Kind kind = Kind::kFromState;
  std::string verdict;             // One clause.
  std::vector<std::string> lines;  // What changes, and what is missing.
};

PublishPlan PlanPublish(const journey::Playbook& current, const journey::Playbook& next);

}  // namespace foothold::stream
