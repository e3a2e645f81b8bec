#pragma once

// What an instance says of itself on /metrics, as `foothold top` shows it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"

namespace foothold::app {

struct StageSample {
  int workers = 0;
  std::int64_t partitions = 0;
  double lag_records = 0;
  double lag_seconds = 0;  // The largest.
};

struct InstanceSample {
  Instant at;
  std::map<std::string, StageSample> stages;  // Those with workers.
  std::map<std::string, int> clock_holders;   // Who holds the clock -> in how many partitions.
  std::optional<Instant> clock;               // The earliest over its partitions.
  double records = 0;
  double rejected = 0;
  double decisions = 0;
};

// Reads the text of /metrics; what it does not know it passes over.
InstanceSample SampleOf(std::string_view metrics, Instant at);

// The instance as lines; rates against `before`, if there is one.
std::vector<std::string> Describe(const std::string& address, const InstanceSample& sample,
                                  const std::optional<InstanceSample>& before);
std::string JsonOf(const std::string& address, const InstanceSample& sample,
                   const std::optional<InstanceSample>& before);

}  // namespace foothold::app
