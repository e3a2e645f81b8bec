#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/time.h"
#include "src/journey/clock.h"
#include "src/stream/options.h"
#include "tests/sim/collector.h"
#include "tests/sim/journey_model.h"

namespace foothold::sim {

inline constexpr char kSourceTopic[] = "events";
inline constexpr char kSourceName[] = "product";
inline constexpr char kApp[] = "shop";
inline constexpr char kSalt[] = "salt of a test";

// A record of the source, as it was produced.
struct Produced {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> value;
  Instant timestamp;
};

// What is left of a schedule when all has come to rest.
struct Evidence {
  stream::TopicNames topics;
  journey::ClockMode mode = journey::ClockMode::kWall;
  std::int32_t journal_partitions = 2;
  std::int32_t people_partitions = 2;
  std::int32_t output_partitions = 2;
  std::uint64_t waiting_bytes_max = 0;
  Instant events_until;  // When the last input was written.
  Instant wall_until;    // No clock was ever beyond it.
  std::vector<Produced> produced;
  // Where each source partition was first read from.
  std::map<std::int32_t, std::int64_t> starts;
  const Collector* committed = nullptr;
  int cut_stimuli = 0;  // Commits without a checkpoint, in the middle of an entry.
  // Ids that nothing may name any more: erased when all had come to rest.
  std::vector<std::string> forgotten;

  // Whole stores at the end, of who owned the partition: content and valid timers.
  struct Volume {
    std::string owner;
    std::map<std::string, std::string> content;
    std::map<std::string, Instant> timers;
  };
  std::map<std::int32_t, Volume> journey_stores;
  std::map<std::int32_t, Volume> people_stores;
};

// What a schedule showed, for coverage.
struct Shown {
  int timers_fired = 0;
  int corrections = 0;
  int cut_stimuli = 0;
  int decisions = 0;
  int requests = 0;  // Interventions asked for.
  int erased = 0;    // Users that went, and what was dropped of such later.
  int dropped = 0;
};

// Everything that is not as it must be, a sentence each; what it showed in `*shown`.
std::vector<std::string> CheckAll(const Evidence& evidence, Shown* shown);

}  // namespace foothold::sim
