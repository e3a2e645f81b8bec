#pragma once

// What is left of a run under chaos, read from the brokers when all has come to rest, and held
// against the same input without a fault.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/log/log.h"
#include "src/stream/options.h"
#include "tests/app/outputs.h"
#include "tests/app/running.h"
#include "tests/kafka/chaos/feed.h"
#include "tests/kafka/chaos/history.h"
#include "tests/kafka/chaos/observer.h"

namespace foothold::chaos {

// The topics of an app of these tests.
stream::TopicNames TopicsOf(const app::RunSetup& setup);
inline constexpr std::int32_t kPeoplePartitions = 4;
inline constexpr std::int32_t kSourcePartitions = 8;

// All topics that an app writes to, and how many partitions each has.
std::map<std::string, std::int32_t> PartitionsOf(const app::RunSetup& setup);

// Output lines by "topic key": decisions to the byte, and of each status the last. When a status is
// refreshed is for the process to choose, so of it counts what app::ComparableStatus() leaves.
struct Lines {
  std::map<std::string, std::vector<std::string>> decisions;
  std::map<std::string, app::Fields> last_statuses;
};

struct Remains {
  History history;
  Lines lines;
  app::Outputs outputs;
};
// `data`: the folder of a broker that has all partitions.
Remains ReadRemains(log::Log* log, const app::RunSetup& setup, const std::filesystem::path& data,
                    const Feed& feed, const Observer& observer);

struct Comparison {
  std::vector<std::string> findings;  // What differs, a sentence each.
  std::size_t decisions = 0;
  std::size_t statuses = 0;
  std::size_t dead_letters = 0;
};
// Decisions, to the byte, and last statuses against what `replay --journal` printed; last user
// statuses and dead letters against what `replay` of the input printed.
Comparison Compare(const Remains& remains, const app::RunSetup& setup, std::string_view of_journal,
                   std::string_view of_input);

}  // namespace foothold::chaos
