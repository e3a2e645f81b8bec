#pragma once

// How often each event comes, and which have gone quiet (PRODUCT.md section 5): an absence that
// rests on an event that no longer arrives proves nothing.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"
#include "src/journey/clock.h"
#include "src/journey/definition.h"

namespace foothold::journey {

// How often one event came, in quarters of a day.
struct EventVolume {
  std::int64_t first = 0;             // The quarter it was first counted in, since 1970.
  std::int64_t last = 0;              // The newest quarter of `counts`.
  std::vector<std::uint64_t> counts;  // The newest first, at most EventVolumes::kQuartersKept.
  // What it was measured by when it went quiet, a day's count, and the beginning of the first day
  // that was too small; nullopt: it is not quiet.
  std::uint64_t norm = 0;
  std::optional<Instant> quiet_since;
  friend bool operator==(const EventVolume&, const EventVolume&) = default;
};

// The volumes of one journal partition: a fold of the counts in progress entries.
//
// An event is quiet when its last four whole quarters hold less than a tenth of its norm: the
// lesser of the median of the seven days before and of the day a week before, so that a weekend is
// compared with a weekend. Judged are events that have been counted for eight days and whose norm
// is forty a day. While one is quiet its norm stays; after thirty days it is taken as it is.
class EventVolumes {
 public:
  inline static constexpr milliseconds kQuarter = 6 * kHour;
  inline static constexpr std::size_t kQuartersKept = 36;  // A day, a week before it, and slack.
  inline static constexpr std::uint64_t kNormMin = 40;
  inline static constexpr std::uint64_t kQuietDivisor = 10;
  inline static constexpr milliseconds kQuietMax = 30 * kDay;
  // Events beyond this many are not judged.
  inline static constexpr std::size_t kEventsMax = 1'000;

  // Counts that a progress entry at `revision` brings, in the order of the journal. An entry that
  // was applied before is passed over: progress may be done again.
  void Apply(const EventCounts& counts, std::int64_t revision, const Definition& definition);
  // Judges all events if a quarter has ended since. True if another set of them is quiet.
  bool Advance(Instant clock);
  // The quarter up to which they were judged. It is to be kept when it moves: judged once more,
  // with what was counted since, they might be judged otherwise.
  std::int64_t judged_until() const { return judged_until_; }

  // By canonical name.
  const std::map<std::string, EventVolume, std::less<>>& events() const { return events_; }

  // For the codec: all that it is.
  struct Parts {
    std::map<std::string, EventVolume, std::less<>> events;
    std::int64_t revision = -1;     // Of the last entry applied.
    std::int64_t judged_until = 0;  // The quarter.
    friend bool operator==(const Parts&, const Parts&) = default;
  };
  Parts parts() const { return {events_, revision_, judged_until_}; }
  static EventVolumes FromParts(Parts parts);

 private:
  std::map<std::string, EventVolume, std::less<>> events_;
  std::int64_t revision_ = -1;
  std::int64_t judged_until_ = 0;
};

// Which events are quiet, as the engine asks for it: never none.
class QuietEvents {
 public:
  // Null if none that some tracker of the playbook collects is.
  static std::unique_ptr<const QuietEvents> Of(const EventVolumes& volumes,
                                               const Definition& definition);

  // Whether what the tracker (an index) collects is quiet, as a whole or in part.
  bool Concerns(std::int32_t tracker) const {
    return tracker >= 0 && static_cast<std::size_t>(tracker) < trackers_.size() &&
           trackers_[static_cast<std::size_t>(tracker)];
  }
  // As the product writes them, and since when.
  const std::map<std::string, Instant>& names() const { return names_; }

 private:
  QuietEvents() = default;

  std::map<std::string, Instant> names_;
  std::vector<bool> trackers_;
};

}  // namespace foothold::journey
