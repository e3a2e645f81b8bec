#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "src/base/time.h"

namespace foothold::stream {

// What was placed so far by all tasks of a process, for whoever ends the input. Thread-safe.
class PlacedTimes {
 public:
  void Note(Instant at);
  // Of events that were placed and are committed.
  std::optional<Instant> event_time_max() const;

 private:
  std::atomic<std::int64_t> max_ms_{-1};
};

}  // namespace foothold::stream
