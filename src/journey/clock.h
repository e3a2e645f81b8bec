#pragma once

// How far event time is complete (PRODUCT.md section 7): a pure fold of roster and progress
// entries.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/time.h"

namespace foothold::journey {

struct SourcePartition {
  std::string source;
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const SourcePartition&, const SourcePartition&) = default;
};

// One source as the roster lists it. Journaled before the source's first event.
struct RosterSource {
  std::string name;
  std::map<std::string, std::int32_t> topic_partitions;  // Topic -> number of partitions.
  bool is_required = true;
  bool is_product = true;
  // The beginning of our history: the broker's earliest timestamp when the source was first read,
  // fixed from then on. nullopt in file mode: then it is the smallest event time so far.
  std::optional<Instant> history_begin;
  // Silent for longer, its measurement is incomplete; nullopt: found out from how it usually is.
  std::optional<milliseconds> silence_after = {};
  friend bool operator==(const RosterSource&, const RosterSource&) = default;
};

enum class ClockMode : std::uint8_t {
  kWall = 1,   // Idle partitions follow the wall stamps, up to the last sign of life + grace.
  kEvent = 2,  // File mode: only events move the clock.
};

struct Roster {
  ClockMode mode = ClockMode::kWall;
  std::vector<RosterSource> sources;  // By name.
  // Partitions of the people stage, each of which the clock waits for as well; 0: there is none.
  std::int32_t people_partitions = 0;
  friend bool operator==(const Roster&, const Roster&) = default;
};

// How far one source partition has been read: what an intake worker knows of it.
struct PartitionProgress {
  std::optional<Instant> event_time_max;  // Clamped to the worker's wall (live mode).
  std::optional<Instant> event_time_min;  // The smallest accepted so far.
  bool is_at_end = false;  // Read to its high watermark, and idle for 10 s (files: 0).
  std::optional<Instant> broker_time_max;  // Newest broker timestamp: the sign of life.
  // One past the offset of its last record that the people stage has to do with; 0: none is known.
  std::int64_t unplaced_next = 0;
  friend bool operator==(const PartitionProgress&, const PartitionProgress&) = default;
};

// How far one partition of the people stage is. Its progress entry says by `unplaced_next` up to
// which record of each source partition it has handed on what it got, or lets it wait for an
// account.
struct PeopleProgress {
  std::int32_t partition = 0;
  // The partition's own clock, made of the same roster and progress; nullopt: held.
  std::optional<Instant> until;
  friend bool operator==(const PeopleProgress&, const PeopleProgress&) = default;
};

// How many events of each name came, since it was told last; up to where event time was then.
struct EventCounts {
  Instant at;
  std::vector<std::pair<std::string, std::uint64_t>> events;  // By raw name.
  friend bool operator==(const EventCounts&, const EventCounts&) = default;
};

// A progress entry of the journal.
struct Progress {
  std::map<SourcePartition, PartitionProgress> partitions;  // Those that moved.
  std::optional<Instant> wall;                              // Wall stamp; absent in files.
  // The input has ended (file mode): the clock goes here whatever the lateness.
  std::optional<Instant> final_clock;
  std::optional<PeopleProgress> people{};  // The entry is the people stage's, not intake's.
  std::optional<EventCounts> counts{};     // Once an hour of event time.
  friend bool operator==(const Progress&, const Progress&) = default;
};

// The clock of one journal partition.
class Clock {
 public:
  inline static constexpr milliseconds kIdleGrace = 15 * kMinute;

  // Roster entries replace the one before; a fixed history_begin stays.
  void Apply(const Roster& roster);
  void Apply(const Progress& progress);

  // How far event time is complete; never goes back. nullopt: held, nothing is complete yet.
  // `lateness` is the playbook's.
  std::optional<Instant> Advance(milliseconds lateness);
  std::optional<Instant> now() const { return now_; }
  // Whether the input has ended and the clock stands at its end.
  bool is_final() const { return final_clock_.has_value() && now_ >= final_clock_; }
  // The newest wall stamp read.
  std::optional<Instant> wall() const { return wall_; }
  // The partition that holds the clock back, "source topic[3]", or "people[3]" if that stage is
  // what is late, or "" if none does.
  std::string Holder(milliseconds lateness) const;
  // The beginning of the history of `source`; nullopt if not known yet.
  std::optional<Instant> HistoryBegin(std::string_view source) const;

  const Roster& roster() const { return roster_; }

  friend bool operator==(const Clock&, const Clock&) = default;

  // What one partition of the people stage has said of itself.
  struct People {
    std::optional<Instant> until;
    std::map<SourcePartition, std::int64_t> handled;  // As unplaced_next.
    friend bool operator==(const People&, const People&) = default;
  };

  // The signs of life of a source: the newest, and the longest that it took to the next, by day.
  struct Life {
    struct Gap {
      std::int32_t day = 0;  // Since 1970, of its end.
      milliseconds longest{0};
      friend bool operator==(const Gap&, const Gap&) = default;
    };
    std::optional<Instant> last;
    std::vector<Gap> gaps;  // By day; of the last kGapDays.
    friend bool operator==(const Life&, const Life&) = default;
  };
  inline static constexpr std::int32_t kGapDays = 7;
  inline static constexpr milliseconds kPatienceMin = 30 * kMinute;
  inline static constexpr milliseconds kPatienceMax = 24 * kHour;
  inline static constexpr int kGapsOfPatience = 3;

  // A required source that was read to its end and gave no sign of life for longer than it may.
  struct Silence {
    std::string source;
    Instant since;  // Its last sign of life.
    friend bool operator==(const Silence&, const Silence&) = default;
  };
  // The one that has been silent longest, by the newest wall stamp; nullopt: none, or files.
  std::optional<Silence> Silent() const;

  // For the codec: all that it is.
  struct Parts {
    Roster roster;
    std::map<SourcePartition, PartitionProgress> partitions;
    std::optional<Instant> now, wall, final_clock;
    std::map<std::int32_t, People> people;
    std::map<std::string, Life> lives;  // By source.
    friend bool operator==(const Parts&, const Parts&) = default;
  };
  Parts parts() const { return {roster_, partitions_, now_, wall_, final_clock_, people_, lives_}; }
  static Clock FromParts(Parts parts);

 private:
  void NoteLife(const std::string& source, Instant at);
  // How long the source may be silent.
  milliseconds PatienceWith(const RosterSource& source) const;
  // Whether all that the source has was read.
  bool IsReadOut(const RosterSource& source) const;
  // How far one partition is complete; nullopt: it holds the clock.
  std::optional<Instant> CompleteUntil(const RosterSource& source, const SourcePartition& key,
                                       milliseconds lateness) const;
  // How far all required sources are; nullopt: one of them holds the clock.
  std::optional<Instant> SourcesUntil(milliseconds lateness) const;
  // Whether that partition of the people stage has records on their way that intake knows of.
  bool IsBehind(std::int32_t people_partition) const;
  // Beyond this the clock must not go for that partition; nullopt: not at all.
  std::optional<Instant> UntilOf(std::int32_t people_partition) const;

  Roster roster_;
  std::map<SourcePartition, PartitionProgress> partitions_;
  std::optional<Instant> now_, wall_, final_clock_;
  std::map<std::int32_t, People> people_;
  std::map<std::string, Life> lives_;
};

}  // namespace foothold::journey
