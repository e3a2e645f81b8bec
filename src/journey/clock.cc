#include "src/journey/clock.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace foothold::journey {
namespace {

// The people stage hears of progress after the journey: only what is slower than this holds the
// clock.
constexpr milliseconds kPeopleGrace = kMinute;

// The later of two times, where nullopt is earlier than any.
std::optional<Instant> Latest(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a.has_value() || !b.has_value()) {
    return a.has_value() ? a : b;
  }
  return std::max(*a, *b);
}

std::optional<Instant> Earliest(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a.has_value() || !b.has_value()) {
    return a.has_value() ? a : b;
  }
  return std::min(*a, *b);
}

std::optional<Instant> Minus(std::optional<Instant> at, milliseconds lateness) {
  return at.has_value() ? std::optional<Instant>(*at - lateness) : std::nullopt;
}

}  // namespace

void Clock::Apply(const Roster& roster) {
  Roster next = roster;
  std::ranges::sort(next.sources, {}, &RosterSource::name);
  for (RosterSource& source : next.sources) {
    const auto known = std::ranges::find(roster_.sources, source.name, &RosterSource::name);
    if (known != roster_.sources.end() && known->history_begin.has_value()) {
      source.history_begin = known->history_begin;
    }
  }
  roster_ = std::move(next);
}

void Clock::Apply(const Progress& progress) {
  if (progress.people.has_value()) {
    People& known = people_[progress.people->partition];
    known.until = Latest(known.until, progress.people->until);
    for (const auto& [key, moved] : progress.partitions) {
      std::int64_t& handled = known.handled[key];
      handled = std::max(handled, moved.unplaced_next);
    }
    return;
  }
  for (const auto& [key, moved] : progress.partitions) {
    // A worker that took a partition over does not know what the one before it saw: the extremes
    // stay, and only "at the end" is as the newest entry says.
    PartitionProgress& known = partitions_[key];
    known.event_time_max = Latest(known.event_time_max, moved.event_time_max);
    known.event_time_min = Earliest(known.event_time_min, moved.event_time_min);
    known.broker_time_max = Latest(known.broker_time_max, moved.broker_time_max);
    known.unplaced_next = std::max(known.unplaced_next, moved.unplaced_next);
    known.is_at_end = moved.is_at_end;
    if (moved.broker_time_max.has_value()) {
      NoteLife(key.source, *moved.broker_time_max);
    }
  }
  wall_ = Latest(wall_, progress.wall);
  final_clock_ = Latest(final_clock_, progress.final_clock);
}

void Clock::NoteLife(const std::string& source, Instant at) {
  Life& life = lives_[source];
  if (life.last.has_value() && at <= *life.last) {
    return;
  }
  const std::int32_t day = UtcDayOf(at);
  if (life.last.has_value()) {
    if (life.gaps.empty() || life.gaps.back().day < day) {
      life.gaps.push_back({.day = day, .longest = milliseconds{0}});
    }
    life.gaps.back().longest = std::max(life.gaps.back().longest, at - *life.last);
  }
  std::erase_if(life.gaps, [&](const Life::Gap& gap) { return gap.day <= day - kGapDays; });
  life.last = at;
}

milliseconds Clock::PatienceWith(const RosterSource& source) const {
  if (source.silence_after.has_value()) {
    return *source.silence_after;
  }
  milliseconds longest{0};
  if (const auto life = lives_.find(source.name); life != lives_.end()) {
    for (const Life::Gap& gap : life->second.gaps) {
      longest = std::max(longest, gap.longest);
    }
  }
  return std::clamp(kGapsOfPatience * longest, kPatienceMin, kPatienceMax);
}

bool Clock::IsReadOut(const RosterSource& source) const {
  for (const auto& [topic, count] : source.topic_partitions) {
    for (std::int32_t i = 0; i < count; ++i) {
      const auto found = partitions_.find({source.name, topic, i});
      if (found == partitions_.end() || !found->second.is_at_end) {
        return false;
      }
    }
  }
  return true;
}

std::optional<Clock::Silence> Clock::Silent() const {
  if (roster_.mode != ClockMode::kWall || !wall_.has_value()) {
    return std::nullopt;
  }
  std::optional<Silence> silent;
  for (const RosterSource& source : roster_.sources) {
    const auto life = lives_.find(source.name);
    if (!source.is_required || life == lives_.end() || !life->second.last.has_value()) {
      continue;
    }
    const Instant last = *life->second.last;
    const bool is_silent = *wall_ - last > PatienceWith(source) && IsReadOut(source);
    if (is_silent && (!silent.has_value() || last < silent->since)) {
      silent = Silence{.source = source.name, .since = last};
    }
  }
  return silent;
}

std::optional<Instant> Clock::CompleteUntil(const RosterSource& source, const SourcePartition& key,
                                            milliseconds lateness) const {
  const auto found = partitions_.find(key);
  if (found == partitions_.end()) {
    return std::nullopt;
  }
  const PartitionProgress& own = found->second;
  std::optional<Instant> complete = Minus(own.event_time_max, lateness);
  if (!own.is_at_end) {
    return complete;
  }
  std::optional<Instant> elsewhere;
  std::optional<Instant> last_sign_of_life;
  for (const auto& [topic, count] : source.topic_partitions) {
    for (std::int32_t i = 0; i < count; ++i) {
      const auto other = partitions_.find({source.name, topic, i});
      if (other != partitions_.end()) {
        elsewhere = Latest(elsewhere, other->second.event_time_max);
        last_sign_of_life = Latest(last_sign_of_life, other->second.broker_time_max);
      }
    }
  }
  complete = Latest(complete, Minus(elsewhere, lateness));
  if (roster_.mode == ClockMode::kWall && wall_.has_value() && last_sign_of_life.has_value()) {
    complete = Latest(complete, std::min(*wall_ - lateness, *last_sign_of_life + kIdleGrace));
  }
  return complete;
}

std::optional<Instant> Clock::SourcesUntil(milliseconds lateness) const {
  const bool has_required =
      std::ranges::any_of(roster_.sources, [](const RosterSource& s) { return s.is_required; });
  std::optional<Instant> complete;
  bool is_held = roster_.sources.empty();
  for (const RosterSource& source : roster_.sources) {
    if (has_required && !source.is_required) {
      continue;
    }
    for (const auto& [topic, count] : source.topic_partitions) {
      for (std::int32_t i = 0; i < count && !is_held; ++i) {
        const std::optional<Instant> until =
            CompleteUntil(source, {source.name, topic, i}, lateness);
        is_held = !until.has_value();
        complete = Earliest(complete, until);
      }
    }
  }
  return is_held ? std::nullopt : complete;
}

bool Clock::IsBehind(std::int32_t people_partition) const {
  const auto people = people_.find(people_partition);
  return std::ranges::any_of(partitions_, [&](const auto& entry) {
    if (entry.second.unplaced_next == 0) {
      return false;
    }
    if (people == people_.end()) {
      return true;
    }
    const auto handled = people->second.handled.find(entry.first);
    return handled == people->second.handled.end() || handled->second < entry.second.unplaced_next;
  });
}

std::optional<Instant> Clock::UntilOf(std::int32_t people_partition) const {
  const auto people = people_.find(people_partition);
  return people == people_.end() ? std::nullopt : people->second.until;
}

std::optional<Instant> Clock::Advance(milliseconds lateness) {
  std::optional<Instant> complete = Latest(SourcesUntil(lateness), final_clock_);
  for (std::int32_t i = 0; i < roster_.people_partitions && complete.has_value(); ++i) {
    if (IsBehind(i)) {
      const std::optional<Instant> until = UntilOf(i);
      complete = until.has_value() ? std::min(*complete, *until) : until;
    }
  }
  now_ = Latest(now_, complete);
  return now_;
}

std::string Clock::Holder(milliseconds lateness) const {
  const SourcePartition* holder = nullptr;
  SourcePartition candidate;
  SourcePartition slowest;
  std::optional<Instant> slowest_until;
  for (const RosterSource& source : roster_.sources) {
    if (!source.is_required) {
      continue;
    }
    for (const auto& [topic, count] : source.topic_partitions) {
      for (std::int32_t i = 0; i < count; ++i) {
        candidate = {source.name, topic, i};
        const std::optional<Instant> until = CompleteUntil(source, candidate, lateness);
        if (!until.has_value()) {
          return fmt::format("{} {}[{}]", source.name, topic, i);
        }
        if (!slowest_until.has_value() || *until < *slowest_until) {
          slowest_until = until;
          slowest = candidate;
          holder = &slowest;
        }
      }
    }
  }
  for (std::int32_t i = 0; i < roster_.people_partitions && holder != nullptr; ++i) {
    const std::optional<Instant> until = UntilOf(i);
    if (IsBehind(i) && (!until.has_value() || *until + kPeopleGrace < *slowest_until)) {
      return fmt::format("people[{}]", i);
    }
  }
  return holder == nullptr
             ? std::string()
             : fmt::format("{} {}[{}]", holder->source, holder->topic, holder->partition);
}

std::optional<Instant> Clock::HistoryBegin(std::string_view source) const {
  const auto listed = std::ranges::find(roster_.sources, source, &RosterSource::name);
  if (listed != roster_.sources.end() && listed->history_begin.has_value()) {
    return listed->history_begin;
  }
  std::optional<Instant> begin;
  for (auto it = partitions_.lower_bound({std::string(source), "", 0});
       it != partitions_.end() && it->first.source == source; ++it) {
    begin = Earliest(begin, it->second.event_time_min);
  }
  return begin;
}

Clock Clock::FromParts(Parts parts) {
  Clock clock;
  clock.roster_ = std::move(parts.roster);
  clock.partitions_ = std::move(parts.partitions);
  clock.now_ = parts.now;
  clock.wall_ = parts.wall;
  clock.final_clock_ = parts.final_clock;
  clock.people_ = std::move(parts.people);
  clock.lives_ = std::move(parts.lives);
  return clock;
}

}  // namespace foothold::journey
