#pragma once

// What in a playbook an event, a fact or the passing of time can concern, so that nothing else is
// judged: a thousand rules cost an event no more than those few that rest on what it changed.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/base/time.h"
#include "src/journey/playbook.h"

namespace foothold::journey {

// One thing that is judged for subjects of one kind, and its index in the playbook's list.
struct Judged {
  enum class Kind : std::uint8_t { kSignal = 1, kRule, kBlocker, kStages };
  Kind kind = Kind::kSignal;
  std::int32_t index = 0;  // In Playbook::signals, rules or blockers; stages are one thing.
  std::uint64_t key = 0;   // Hash64() of its name; 0 for stages.
  friend bool operator==(const Judged&, const Judged&) = default;
};

// A set of things by their numbers.
class WakeSet {
 public:
  WakeSet() = default;
  explicit WakeSet(std::size_t things) : words_((things + 63) / 64) {}

  void Add(std::size_t thing) { words_[thing / 64] |= std::uint64_t{1} << (thing % 64); }
  void Add(const WakeSet& other);
  bool contains(std::size_t thing) const { return (words_[thing / 64] >> (thing % 64) & 1U) != 0; }
  bool is_empty() const;
  // The first thing at or after `thing`; nullopt: none.
  std::optional<std::size_t> NextFrom(std::size_t thing) const;

 private:
  std::vector<std::uint64_t> words_;
};

// What may change of a subject or its account, beside the evidence of single events.
enum class Change : std::uint8_t {
  kActivity,  // Sessions, active days, core time, idleness.
  kStanding,  // State, steps, activation.
  kRole,
  kUserTraits,
  kAccountTraits,
  kAccountEvidence,  // Seen from a user: what the account did.
  kMembers,          // The account's counters, its activation.
  kRisk,
  kStage,
  kMeasurement,
  kEverything,
};
inline constexpr std::size_t kChanges = static_cast<std::size_t>(Change::kEverything) + 1;

// When a thing must be judged again although nothing happens: `offset` after a time that hangs on
// the subject.
struct ScheduleKey {
  enum class Kind : std::uint8_t {
    kAnchor,       // `index` in Playbook::anchors.
    kStepEntered,  // When the current step was entered.
    kLastStep,     // The last activity after a step.
    kActivated,
    kLatest,  // The `need`-th latest occurrence of tracker `index`.
  };
  Kind kind = Kind::kAnchor;
  std::int32_t index = 0;
  std::int32_t need = 1;
  friend auto operator<=>(const ScheduleKey&, const ScheduleKey&) = default;
};
struct Schedule {
  ScheduleKey key;
  struct Entry {
    milliseconds offset{0};
    std::size_t thing = 0;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries;  // By offset.
};

// The tables of one playbook. Immutable.
class Wakes {
 public:
  explicit Wakes(const Playbook& playbook);

  const std::vector<Judged>& things(SubjectKind subject) const { return Of(subject).things; }
  // What rests on the evidence that an event of this canonical name gives.
  const WakeSet& OfEvent(SubjectKind subject, const std::string& canonical) const;
  // Rules that an event of this name triggers, whether or not more of it is kept.
  const WakeSet& OfTrigger(SubjectKind subject, const std::string& canonical) const;
  // Likewise, on evidence of this kind whatever the event: access, an invite, any event.
  const WakeSet& OfKind(SubjectKind subject, TrackerKind kind) const;
  const WakeSet& OfChange(SubjectKind subject, Change change) const;
  const std::vector<Schedule>& schedules(SubjectKind subject) const {
    return Of(subject).schedules;
  }
  // After how long an incomplete measurement makes a condition hold; ascending, each once.
  const std::vector<milliseconds>& measurement_spans() const { return measurement_spans_; }
  // Whether rules or signals of users rest on what the account did by this tracker, or on its
  // stage, and rules of users on how many members it has: then the act of one member may concern
  // all others.
  bool UsersRestOnTracker(std::int32_t tracker) const {
    return users_rest_on_tracker_[static_cast<std::size_t>(tracker)];
  }
  bool UsersRestOnMembers() const { return users_rest_on_members_; }
  bool UsersRestOnStage() const { return !OfChange(SubjectKind::kUser, Change::kStage).is_empty(); }
  // The trackers whose new occurrences trigger the rule; empty: it is triggered by beginning to
  // hold.
  const std::vector<std::int32_t>& TriggersOf(std::size_t rule) const { return triggers_[rule]; }

 private:
  struct Side {
    std::vector<Judged> things;
    std::unordered_map<std::string, WakeSet> of_event;
    std::unordered_map<std::string, WakeSet> of_trigger;
    std::vector<WakeSet> of_kind;  // By TrackerKind.
    std::array<WakeSet, kChanges> of_change;
    std::vector<Schedule> schedules;
    WakeSet nothing;
  };

  const Side& Of(SubjectKind subject) const {
    return subject == SubjectKind::kUser ? user_ : account_;
  }
  void Fill(const Playbook& playbook, SubjectKind subject, Side* side) const;
  void NoteUsersOf(const Playbook& playbook, const Condition& condition);
  void NoteUsersOf(const Playbook& playbook, const Moment& moment);
  void AddCondition(const Playbook& playbook, const Condition& condition, SubjectKind subject,
                    std::size_t thing, Side* side) const;
  void AddNode(const Playbook& playbook, const ConditionNode& node, SubjectKind subject,
               std::size_t thing, Side* side) const;
  void AddMoment(const Playbook& playbook, const Moment& moment, SubjectKind subject,
                 std::size_t thing, Side* side) const;
  void AddTracker(const Tracker& tracker, SubjectKind subject, std::size_t thing, Side* side) const;

  Side user_;
  Side account_;
  std::vector<milliseconds> measurement_spans_;
  std::vector<bool> users_rest_on_tracker_;  // By tracker.
  bool users_rest_on_members_ = false;
  std::vector<std::vector<std::int32_t>> triggers_;  // By rule.
};

}  // namespace foothold::journey
