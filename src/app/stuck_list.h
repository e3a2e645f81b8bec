#pragma once

// The canonical drop-off list: who did one thing and not the next, for how long, and all that
// somebody needs who calls them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/app/rerun.h"
#include "src/base/time.h"
#include "src/journey/records.h"

namespace foothold::app {

struct StuckPerson {
  journey::UserStatus status;
  journey::AccountBlock account;
  std::vector<std::string> blockers;  // Of the account, by name.
  milliseconds stuck_for{0};
  std::string missing;  // What the step still asks for, without a full stop.
};

struct StuckFilter {
  milliseconds older{3 * kDay};                    // For at least so long, ...
  std::optional<milliseconds> younger{14 * kDay};  // ... and less than that.
  std::string role, step, tenant, risk;            // "": any.
};

struct StuckList {
  Instant as_of;  // The latest clock.
  std::string playbook;
  std::vector<StuckPerson> people;
  std::int64_t sooner = 0, longer = 0;  // Of those that the filter lets through but for the time.
  std::int64_t before_history = 0;  // Left out: nobody knows since when they are where they are.
  // Words that the filter may name: those of the playbook.
  std::vector<std::string> roles, steps;
};

enum class StuckOrder : std::uint8_t {
  kTime,   // Longest first.
  kValue,  // By what the account pays, most first; then by time.
};

// Those who have a step before them, are no contacts, not removed, not activated, and whose history
// is known.
Result<StuckList> ListStuck(const std::vector<FinalPartition>& partitions,
                            const StuckFilter& filter, StuckOrder order);

}  // namespace foothold::app
