#pragma once

// The state of a system from outside: as its changelog has it, or as a store's folder has it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/config/config.h"
#include "src/log/log.h"

namespace foothold::app {

// Which part of it.
struct StateChoice {
  bool is_of_people = false;  // The people stage's, not the journey's.
  std::optional<std::int32_t> partition = {};
  std::string prefix = {};  // Of the keys.
};

// Gets each key with its value, in the order of the keys of each partition.
using TakeState =
    std::function<Status(std::int32_t partition, std::string_view key, std::string_view value)>;

// Folds the changelog topic. Holds what is chosen of one partition in memory.
Status ReadChangelog(log::Log* log, const config::Config& config, const StateChoice& choice,
                     const TakeState& take);
// Reads the stores in state.dir. kInvalid: there are none. kFatal: one is in use.
Status ReadStores(const config::Config& config, const StateChoice& choice, const TakeState& take);

// How a store compares with the fold of its changelog.
struct StoreComparison {
  std::int32_t partition = 0;
  std::int64_t equal = 0;
  std::int64_t behind = 0;  // Changed since the store's place: the next start replays it.
  std::vector<std::string> differs = {};  // Keys, the first few.
  std::int64_t differ = 0;
};
// Of every store in state.dir that is chosen.
Result<std::vector<StoreComparison>> CompareStores(log::Log* log, const config::Config& config,
                                                   const StateChoice& choice);

}  // namespace foothold::app
