#include "src/stream/placed_times.h"

namespace foothold::stream {

void PlacedTimes::Note(Instant at) {
  std::int64_t known = max_ms_.load(std::memory_order_relaxed);
  while (known < ToMs(at) &&
         !max_ms_.compare_exchange_weak(known, ToMs(at), std::memory_order_relaxed)) {
  }
}

std::optional<Instant> PlacedTimes::event_time_max() const {
  const std::int64_t max_ms = max_ms_.load(std::memory_order_relaxed);
  return max_ms < 0 ? std::nullopt : std::optional<Instant>(InstantFromMs(max_ms));
}

}  // namespace foothold::stream
