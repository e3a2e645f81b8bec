#include "src/journey/volumes.h"

#include <algorithm>
#include <array>
#include <utility>

namespace foothold::journey {
namespace {

constexpr std::int64_t kQuartersOfDay = 4;
constexpr std::int64_t kDaysCompared = 7;

std::int64_t QuarterOf(Instant at) { return ToMs(at) / EventVolumes::kQuarter.count(); }

Instant BeginOf(std::int64_t quarter) { return kEpoch + EventVolumes::kQuarter * quarter; }

// Of the day that ends before that quarter.
std::uint64_t DayBefore(const EventVolume& volume, std::int64_t end) {
  std::uint64_t sum = 0;
  for (std::int64_t quarter = end - kQuartersOfDay; quarter < end; ++quarter) {
    const std::int64_t back = volume.last - quarter;
    if (back >= 0 && back < static_cast<std::int64_t>(volume.counts.size())) {
      sum += volume.counts[static_cast<std::size_t>(back)];
    }
  }
  return sum;
}

void AddTo(std::int64_t quarter, std::uint64_t count, EventVolume* volume) {
  if (volume->counts.empty()) {
    volume->first = quarter;
    volume->last = quarter;
    volume->counts.push_back(0);
  }
  if (quarter > volume->last) {
    const auto gap = static_cast<std::size_t>(std::min<std::int64_t>(
        quarter - volume->last, static_cast<std::int64_t>(EventVolumes::kQuartersKept)));
    volume->counts.insert(volume->counts.begin(), gap, 0);
    volume->last = quarter;
    if (volume->counts.size() > EventVolumes::kQuartersKept) {
      volume->counts.resize(EventVolumes::kQuartersKept);
    }
  }
  const auto back = static_cast<std::size_t>(volume->last - quarter);
  if (back < volume->counts.size()) {
    volume->counts[back] += count;
  }
}

// What a day of the event was up to then; nullopt: it is not known for long enough.
std::optional<std::uint64_t> NormOf(const EventVolume& volume, std::int64_t end) {
  const std::int64_t day_begin = end - kQuartersOfDay;
  if (volume.first > day_begin - kDaysCompared * kQuartersOfDay) {
    return std::nullopt;
  }
  std::array<std::uint64_t, kDaysCompared> days{};
  for (std::int64_t i = 0; i < kDaysCompared; ++i) {
    days[static_cast<std::size_t>(i)] = DayBefore(volume, day_begin - i * kQuartersOfDay);
  }
  const std::uint64_t week_before = days.back();
  auto* const median = days.begin() + kDaysCompared / 2;
  std::nth_element(days.begin(), median, days.end());
  return std::min(*median, week_before);
}

// True if it became quiet, or is no longer.
bool Judge(std::int64_t end, EventVolume* volume) {
  const std::uint64_t now = DayBefore(*volume, end);
  if (volume->quiet_since.has_value()) {
    const bool is_over = now * EventVolumes::kQuietDivisor >= volume->norm ||
                         BeginOf(end) - *volume->quiet_since >= EventVolumes::kQuietMax;
    if (is_over) {
      volume->quiet_since.reset();
      volume->norm = 0;
      volume->first = end;  // What it usually is has to be learned anew.
    }
    return is_over;
  }
  const std::optional<std::uint64_t> norm = NormOf(*volume, end);
  if (!norm.has_value() || *norm < EventVolumes::kNormMin ||
      now * EventVolumes::kQuietDivisor >= *norm) {
    return false;
  }
  volume->norm = *norm;
  volume->quiet_since = BeginOf(end - kQuartersOfDay);
  return true;
}

}  // namespace

void EventVolumes::Apply(const EventCounts& counts, std::int64_t revision,
                         const Definition& definition) {
  if (revision <= revision_) {
    return;
  }
  revision_ = revision;
  const std::int64_t quarter = QuarterOf(counts.at);
  for (const auto& [raw, count] : counts.events) {
    std::string name = definition.Canonical(raw);
    auto found = events_.find(name);
    if (found == events_.end()) {
      if (events_.size() >= kEventsMax) {
        continue;
      }
      found = events_.emplace(std::move(name), EventVolume{}).first;
    }
    AddTo(quarter, count, &found->second);
  }
}

bool EventVolumes::Advance(Instant clock) {
  const std::int64_t end = QuarterOf(clock);
  if (end <= judged_until_) {
    return false;
  }
  judged_until_ = end;
  bool has_changed = false;
  for (auto& [name, volume] : events_) {
    has_changed = Judge(end, &volume) || has_changed;
  }
  return has_changed;
}

EventVolumes EventVolumes::FromParts(Parts parts) {
  EventVolumes volumes;
  volumes.events_ = std::move(parts.events);
  volumes.revision_ = parts.revision;
  volumes.judged_until_ = parts.judged_until;
  return volumes;
}

std::unique_ptr<const QuietEvents> QuietEvents::Of(const EventVolumes& volumes,
                                                   const Definition& definition) {
  std::unique_ptr<QuietEvents> quiet(new QuietEvents());
  quiet->trackers_.resize(definition.playbook().trackers.size());
  for (const auto& [name, volume] : volumes.events()) {
    if (!volume.quiet_since.has_value()) {
      continue;
    }
    for (const std::int32_t tracker : definition.TrackersOf(name)) {
      quiet->trackers_[static_cast<std::size_t>(tracker)] = true;
      quiet->names_.emplace(definition.DisplayNameOf(name), *volume.quiet_since);
    }
  }
  return quiet->names_.empty() ? nullptr : std::move(quiet);
}

}  // namespace foothold::journey
