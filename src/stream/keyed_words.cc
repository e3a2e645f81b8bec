// What a stage that keeps state says of its restores.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "src/metrics/keyed_metrics.h"
#include "src/stream/keyed_stage.h"

namespace foothold::stream {
namespace {

constexpr milliseconds kTellInterval{5'000};

std::string PerSecond(std::uint64_t count, milliseconds took) {
  return fmt::format(
      "{}", count * 1'000 / static_cast<std::uint64_t>(std::max<std::int64_t>(1, took.count())));
}

}  // namespace

void KeyedStage::LogDistrust(PartitionId partition, const Status& why) const {
  if (around_.logger == nullptr) {
    return;
  }
  around_.logger->Warning(
      "state cannot be trusted, restoring it from the changelog",
      {{"partition", fmt::format("{}", partition.value)}, {"why", why.message()}});
}

void KeyedStage::LogRestoresBegun(Instant now) {
  if (!restores_begun_at_.has_value()) {
    restores_begun_at_ = now;
    restored_records_ = 0;
  }
  restores_told_at_ = now;
  std::uint64_t records = 0;
  std::size_t full = 0;
  for (const auto& [partition, restoring] : restoring_) {
    records += restoring.records;
    full += restoring.is_full && restoring.records > 0 ? 1 : 0;
  }
  if (around_.logger == nullptr || records == 0) {
    return;
  }
  around_.logger->Info("restoring state from the changelog",
                       {{"partitions", fmt::format("{}", restoring_.size())},
                        {"from_nothing", fmt::format("{}", full)},
                        {"records", fmt::format("{}", records)}});
}

void KeyedStage::LogRestoresGoOn(Instant now) {
  if (!restores_begun_at_.has_value()) {
    return;
  }
  if (restoring_.empty()) {
    LogRestoresEnded(now);
    return;
  }
  if (now >= restores_told_at_ && now - restores_told_at_ < kTellInterval) {
    return;
  }
  restores_told_at_ = now;
  if (around_.logger == nullptr) {
    return;
  }
  std::uint64_t done = restored_records_;
  std::uint64_t total = restored_records_;
  std::optional<milliseconds> remaining = milliseconds{0};  // Of the partition that is last.
  for (const Restorer::Progress& progress : restorer_.progress(now)) {
    done += static_cast<std::uint64_t>(progress.done);
    total += static_cast<std::uint64_t>(progress.total);
    const std::optional<milliseconds> rest = progress.remaining();
    remaining = rest.has_value() && remaining.has_value()
                    ? std::optional(std::max(*rest, *remaining))
                    : std::nullopt;
  }
  around_.logger->Info(
      "state is being restored",
      {{"partitions", fmt::format("{}", restoring_.size())},
       {"records", fmt::format("{} of {}", done, total)},
       {"per_second", PerSecond(done, now - *restores_begun_at_)},
       {"remaining", remaining.has_value()
                         ? FormatDuration(std::chrono::ceil<std::chrono::seconds>(*remaining))
                         : "unknown"}});
}

void KeyedStage::LogRestoresEnded(Instant now) {
  const milliseconds took = now - *restores_begun_at_;
  restores_begun_at_.reset();
  if (around_.logger == nullptr || restored_records_ == 0) {
    return;
  }
  around_.logger->Info("state is restored", {{"records", fmt::format("{}", restored_records_)},
                                             {"took", FormatDuration(took)},
                                             {"per_second", PerSecond(restored_records_, took)}});
}

void KeyedStage::MeasureRestores(Instant now) {
  for (const Restorer::Progress& progress : restorer_.progress(now)) {
    around_.metrics->RestoreProgress(progress.partition,
                                     {.restored = static_cast<std::uint64_t>(progress.done),
                                      .total = static_cast<std::uint64_t>(progress.total),
                                      .remaining = progress.remaining()});
  }
}

}  // namespace foothold::stream
