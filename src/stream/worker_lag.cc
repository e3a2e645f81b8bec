// How far a worker's reading is behind what its partitions hold.

#include <algorithm>
#include <optional>

#include "src/metrics/worker_metrics.h"
#include "src/stream/worker.h"

namespace foothold::stream {
namespace {

constexpr milliseconds kLagInterval{5'000};
// While there are records of which none was read: who waits for it to be ready waits for this.
constexpr milliseconds kUnknownLagInterval{250};
// More than any other: there are records, and none was read yet.
constexpr milliseconds kLagUnknown = milliseconds::max();

}  // namespace

Status Worker::MeasureLag() {
  const Instant now = around_.clock->Now();
  const milliseconds interval = lag().has_value() ? kLagInterval : kUnknownLagInterval;
  if (measured_at_.has_value() && now >= *measured_at_ && now - *measured_at_ < interval) {
    return Status();
  }
  measured_at_ = now;
  milliseconds worst{0};
  for (const log::TopicPartition& partition : stage_->assigned()) {
    const std::optional<NextOffset> position = consumer_->PositionOf(partition);
    if (!position.has_value()) {
      continue;
    }
    Result<log::Watermarks> range = consumer_->QueryWatermarks(partition, options_.call_timeout);
    if (!range.has_value() && range.error().code() == Code::kRetry) {
      // Whoever does not answer now is not asked for each partition in turn: that would take
      // minutes.
      is_answered_.store(false, std::memory_order_relaxed);
      return Status();
    }
    if (!range.has_value()) {
      return Failure(range.error());
    }
    const std::int64_t behind = std::max<std::int64_t>(0, range->high - position->value);
    const auto newest = newest_.find(partition);
    const bool is_behind = behind > 0 && newest != newest_.end() && newest->second < now;
    if (is_behind) {
      worst = std::max(worst, now - newest->second);
    } else if (behind > 0 && newest == newest_.end()) {
      worst = kLagUnknown;
    }
    around_.metrics->LagIs(partition.topic, partition.partition,
                           {.records = static_cast<std::uint64_t>(behind),
                            .time = is_behind ? now - newest->second : milliseconds{0}});
  }
  lag_ms_.store(worst.count(), std::memory_order_relaxed);
  is_answered_.store(true, std::memory_order_relaxed);
  return Status();
}

std::optional<milliseconds> Worker::lag() const {
  const milliseconds lag{lag_ms_.load(std::memory_order_relaxed)};
  return lag == kLagUnknown ? std::nullopt : std::optional<milliseconds>(lag);
}

}  // namespace foothold::stream
