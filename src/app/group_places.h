#pragma once

// How far the groups of a system have read, and setting intake elsewhere.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/config/config.h"
#include "src/log/log.h"

namespace foothold::app {

// One partition of what a stage reads.
struct GroupPlace {
  std::string stage;  // "intake", "people" or "journey".
  log::TopicPartition source;
  std::optional<std::int64_t> committed = {};  // nullopt: nothing was committed yet.
  std::int64_t low = 0;                        // What is retained: [low, end).
  std::int64_t end = 0;
  std::int64_t lag() const { return end - committed.value_or(low); }
};

// Of one stage, or of all for "". Joins no group. kInvalid: a topic does not exist.
Result<std::vector<GroupPlace>> PlacesOf(log::Log* log, const config::Config& config,
                                         std::string_view stage);

// Where to: the beginning of what is retained, its end, the first record of a time, or an offset.
struct ResetTarget {
  enum class Kind { kEarliest, kLatest, kTime, kOffset };
  Kind kind = Kind::kEarliest;
  Instant time = kEpoch;
  std::int64_t offset = 0;
};
// nullopt: none of these.
std::optional<ResetTarget> ResetTargetOf(std::string_view text);

struct Reset {
  GroupPlace place;
  std::int64_t to = 0;
};
// Which places of intake move, and where to. `topic` "" and `partition` -1 stand for all.
// kInvalid: there is no such partition, or the offset lies outside of what is retained.
Result<std::vector<Reset>> PlanReset(log::Log* log, const config::Config& config,
                                     const ResetTarget& target, const std::string& topic,
                                     std::int64_t partition);

// Commits the places as a member of the group that has every partition: so nobody else reads then,
// and who joined meanwhile has it refused by the broker. kInvalid: others are members still, after
// `patience`.
Status CommitReset(log::Log* log, const config::Config& config, const std::vector<Reset>& resets,
                   milliseconds patience);

}  // namespace foothold::app
