#include "src/journey/wakes.h"

#include <algorithm>
#include <bit>

#include "src/base/hash.h"

namespace foothold::journey {
namespace {

constexpr std::size_t kKinds = static_cast<std::size_t>(TrackerKind::kAccountAccess) + 1;
// Playbook.h: use is looked at on these days of the activation.
constexpr std::array<milliseconds, 2> kUseFallDays = {45 * kDay, 60 * kDay};

void AddEntry(const ScheduleKey& key, milliseconds offset, std::size_t thing,
              std::vector<Schedule>* schedules) {
  auto place = std::ranges::find(*schedules, key, &Schedule::key);
  if (place == schedules->end()) {
    schedules->push_back({.key = key, .entries = {}});
    place = schedules->end() - 1;
  }
  place->entries.push_back({.offset = offset, .thing = thing});
}

WakeSet& At(Change change, std::array<WakeSet, kChanges>* sets) {
  return (*sets)[static_cast<std::size_t>(change)];
}

// The trackers whose occurrences make the condition begin: those it asks for outside of a `not`.
std::vector<std::int32_t> TriggersIn(const Condition& condition) {
  std::vector<std::int32_t> triggers;
  for (std::size_t i = 0; i < condition.nodes.size(); ++i) {
    const ConditionNode& node = condition.nodes[i];
    const bool is_negated =
        i + 1 < condition.nodes.size() && condition.nodes[i + 1].kind == ConditionKind::kNot;
    if (node.kind == ConditionKind::kDid && !is_negated && !node.is_after_trigger) {
      triggers.push_back(node.tracker);
    }
  }
  return triggers;
}

bool HasTriggeredRung(const Rule& rule) {
  return std::ranges::any_of(rule.rungs,
                             [](const Rung& rung) { return rung.at.anchor == Moment::kTrigger; });
}

}  // namespace

void WakeSet::Add(const WakeSet& other) {
  for (std::size_t i = 0; i < other.words_.size(); ++i) {
    words_[i] |= other.words_[i];
  }
}

bool WakeSet::is_empty() const {
  return std::ranges::all_of(words_, [](std::uint64_t word) { return word == 0; });
}

std::optional<std::size_t> WakeSet::NextFrom(std::size_t thing) const {
  for (std::size_t word = thing / 64; word < words_.size(); ++word) {
    std::uint64_t bits = words_[word];
    if (word == thing / 64) {
      bits &= ~std::uint64_t{0} << (thing % 64);
    }
    if (bits != 0) {
      return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    }
  }
  return std::nullopt;
}

Wakes::Wakes(const Playbook& playbook) {
  for (const Rule& rule : playbook.rules) {
    triggers_.push_back(HasTriggeredRung(rule) ? TriggersIn(rule.when)
                                               : std::vector<std::int32_t>{});
  }
  Fill(playbook, SubjectKind::kUser, &user_);
  Fill(playbook, SubjectKind::kAccount, &account_);
  users_rest_on_tracker_.assign(playbook.trackers.size(), false);
  for (const Signal& signal : playbook.signals) {
    if (signal.subject == SubjectKind::kUser) {
      NoteUsersOf(playbook, signal.when);
    }
  }
  for (const Rule& rule : playbook.rules) {
    if (rule.subject == SubjectKind::kUser) {
      NoteUsersOf(playbook, rule.when);
      users_rest_on_members_ |= std::ranges::find(rule.when.nodes, ConditionKind::kMembers,
                                                  &ConditionNode::kind) != rule.when.nodes.end();
      for (const Rung& rung : rule.rungs) {
        NoteUsersOf(playbook, rung.at);
      }
    }
  }
  const auto add_spans = [this](const Condition& condition) {
    for (const ConditionNode& node : condition.nodes) {
      if (node.kind == ConditionKind::kMeasurement) {
        measurement_spans_.push_back(node.span);
      }
    }
  };
  std::ranges::for_each(playbook.rules, add_spans, &Rule::when);
  std::ranges::for_each(playbook.signals, add_spans, &Signal::when);
  std::ranges::for_each(playbook.blockers, add_spans, &BlockerKind::when);
  std::ranges::for_each(playbook.stages, add_spans, &Stage::when);
  std::ranges::sort(measurement_spans_);
  // Clang 14 cannot compile std::ranges::unique on the library of GCC 12.
  measurement_spans_.erase(std::unique(measurement_spans_.begin(), measurement_spans_.end()),
                           measurement_spans_.end());
}

void Wakes::NoteUsersOf(const Playbook& playbook, const Condition& condition) {
  for (const ConditionNode& node : condition.nodes) {
    if (node.kind == ConditionKind::kDid) {
      users_rest_on_tracker_[static_cast<std::size_t>(node.tracker)] = true;
    }
    if (node.moment.has_value()) {
      NoteUsersOf(playbook, *node.moment);
    }
  }
}

void Wakes::NoteUsersOf(const Playbook& playbook, const Moment& moment) {
  if (moment.anchor == Moment::kTrigger) {
    return;
  }
  for (const auto& group : playbook.anchors[static_cast<std::size_t>(moment.anchor)].entries) {
    for (const AnchorEntry& entry : group) {
      if (entry.kind == AnchorEntry::Kind::kTracker) {
        users_rest_on_tracker_[static_cast<std::size_t>(entry.tracker)] = true;
      }
    }
  }
}

void Wakes::Fill(const Playbook& playbook, SubjectKind subject, Side* side) const {
  using Kind = Judged::Kind;
  if (subject == SubjectKind::kAccount) {
    if (!playbook.stages.empty()) {
      side->things.push_back({.kind = Kind::kStages, .index = 0, .key = 0});
    }
    for (std::size_t i = 0; i < playbook.blockers.size(); ++i) {
      side->things.push_back({.kind = Kind::kBlocker,
                              .index = static_cast<std::int32_t>(i),
                              .key = Hash64(playbook.blockers[i].name)});
    }
  }
  for (std::size_t i = 0; i < playbook.signals.size(); ++i) {
    if (playbook.signals[i].subject == subject) {
      side->things.push_back({.kind = Kind::kSignal,
                              .index = static_cast<std::int32_t>(i),
                              .key = Hash64(playbook.signals[i].name)});
    }
  }
  for (std::size_t i = 0; i < playbook.rules.size(); ++i) {
    if (playbook.rules[i].subject == subject) {
      side->things.push_back({.kind = Kind::kRule,
                              .index = static_cast<std::int32_t>(i),
                              .key = Hash64(playbook.rules[i].name)});
    }
  }
  const WakeSet none(side->things.size());
  side->nothing = none;
  side->of_kind.assign(kKinds, none);
  side->of_change.fill(none);
  for (std::size_t thing = 0; thing < side->things.size(); ++thing) {
    At(Change::kEverything, &side->of_change).Add(thing);
    const Judged& judged = side->things[thing];
    const auto index = static_cast<std::size_t>(judged.index);
    switch (judged.kind) {
      case Kind::kSignal:
        AddCondition(playbook, playbook.signals[index].when, subject, thing, side);
        break;
      case Kind::kBlocker:
        AddCondition(playbook, playbook.blockers[index].when, subject, thing, side);
        break;
      case Kind::kStages:
        for (const Stage& stage : playbook.stages) {
          AddCondition(playbook, stage.when, subject, thing, side);
          if (stage.late_after.has_value()) {
            Moment late = *stage.late_after;
            if (late.anchor == Moment::kTrigger) {
              AddEntry({.kind = ScheduleKey::Kind::kStepEntered, .index = 0, .need = 1},
                       late.offset, thing, &side->schedules);
            } else {
              AddMoment(playbook, late, subject, thing, side);
            }
          }
        }
        break;
      case Kind::kRule:
        AddCondition(playbook, playbook.rules[index].when, subject, thing, side);
        for (const Rung& rung : playbook.rules[index].rungs) {
          AddMoment(playbook, rung.at, subject, thing, side);
        }
        for (const std::int32_t tracker : triggers_[index]) {
          for (const std::string& event :
               playbook.trackers[static_cast<std::size_t>(tracker)].events) {
            side->of_trigger.try_emplace(event, none).first->second.Add(thing);
          }
        }
        break;
    }
  }
  for (Schedule& schedule : side->schedules) {
    std::ranges::sort(schedule.entries);
  }
}

void Wakes::AddCondition(const Playbook& playbook, const Condition& condition, SubjectKind subject,
                         std::size_t thing, Side* side) const {
  for (const ConditionNode& node : condition.nodes) {
    AddNode(playbook, node, subject, thing, side);
  }
}

void Wakes::AddNode(const Playbook& playbook, const ConditionNode& node, SubjectKind subject,
                    std::size_t thing, Side* side) const {
  using Kind = ScheduleKey::Kind;
  const auto on = [&](Change change) { At(change, &side->of_change).Add(thing); };
  const auto then = [&](Kind kind, milliseconds offset) {
    AddEntry({.kind = kind, .index = 0, .need = 1}, offset, thing, &side->schedules);
  };
  if (node.moment.has_value()) {
    AddMoment(playbook, *node.moment, subject, thing, side);
  }
  switch (node.kind) {
    case ConditionKind::kDid: {
      const Tracker& tracker = playbook.trackers[static_cast<std::size_t>(node.tracker)];
      AddTracker(tracker, subject, thing, side);
      if (node.span > milliseconds(0)) {
        AddEntry({.kind = Kind::kLatest, .index = node.tracker, .need = node.at_least},
                 node.span + milliseconds(1), thing, &side->schedules);
      }
      break;
    }
    case ConditionKind::kRole:
      on(Change::kRole);
      break;
    case ConditionKind::kState:
    case ConditionKind::kReachedMilestone:
    case ConditionKind::kAnyStep:
      on(Change::kStanding);
      break;
    case ConditionKind::kStepOpenFor:
      on(Change::kStanding);
      then(Kind::kStepEntered, node.span);
      break;
    case ConditionKind::kIdle:
      on(Change::kStanding);
      on(Change::kActivity);
      then(Kind::kLastStep, node.span);
      break;
    case ConditionKind::kUseFalls:
      on(Change::kStanding);
      for (const milliseconds day : kUseFallDays) {
        then(Kind::kActivated, day);
      }
      break;
    case ConditionKind::kSessions:
    case ConditionKind::kActiveDays:
    case ConditionKind::kCoreTime:
    case ConditionKind::kRepeated:
      on(Change::kActivity);
      break;
    case ConditionKind::kTrait:
      on(node.is_of_account ? Change::kAccountTraits : Change::kUserTraits);
      break;
    case ConditionKind::kMrrPerSeat:
      on(Change::kAccountTraits);
      break;
    case ConditionKind::kAccountActivated:
    case ConditionKind::kMembers:
      on(Change::kMembers);
      break;
    case ConditionKind::kRisk:
      on(Change::kRisk);
      break;
    case ConditionKind::kMeasurement:
      on(Change::kMeasurement);
      break;
    case ConditionKind::kStage:
    case ConditionKind::kStageLate:
      on(Change::kStage);
      break;
    case ConditionKind::kAll:
    case ConditionKind::kAny:
    case ConditionKind::kNot:
    case ConditionKind::kAlways:
    case ConditionKind::kReached:
      break;
  }
}

void Wakes::AddMoment(const Playbook& playbook, const Moment& moment, SubjectKind subject,
                      std::size_t thing, Side* side) const {
  if (moment.anchor == Moment::kTrigger) {
    return;
  }
  AddEntry({.kind = ScheduleKey::Kind::kAnchor, .index = moment.anchor, .need = 1}, moment.offset,
           thing, &side->schedules);
  const Anchor& anchor = playbook.anchors[static_cast<std::size_t>(moment.anchor)];
  for (const std::vector<AnchorEntry>& group : anchor.entries) {
    for (const AnchorEntry& entry : group) {
      const auto on = [&](Change change) { At(change, &side->of_change).Add(thing); };
      switch (entry.kind) {
        case AnchorEntry::Kind::kTracker:
          AddTracker(playbook.trackers[static_cast<std::size_t>(entry.tracker)], subject, thing,
                     side);
          break;
        case AnchorEntry::Kind::kUserTrait:
          on(Change::kUserTraits);
          break;
        case AnchorEntry::Kind::kAccountTrait:
          on(Change::kAccountTraits);
          break;
        case AnchorEntry::Kind::kStepEntered:
        case AnchorEntry::Kind::kStep:
          on(Change::kStanding);
          break;
        case AnchorEntry::Kind::kLastSeen:
          on(Change::kActivity);
          break;
        case AnchorEntry::Kind::kActivated:
          on(subject == SubjectKind::kUser ? Change::kStanding : Change::kMembers);
          break;
        case AnchorEntry::Kind::kStageEntered:
          on(Change::kStage);
          break;
      }
    }
  }
}

void Wakes::AddTracker(const Tracker& tracker, SubjectKind subject, std::size_t thing,
                       Side* side) const {
  if (subject == SubjectKind::kUser && IsOfAccount(tracker.kind)) {
    At(Change::kAccountEvidence, &side->of_change).Add(thing);
    return;
  }
  if (tracker.events.empty()) {
    side->of_kind[static_cast<std::size_t>(tracker.kind)].Add(thing);
    return;
  }
  for (const std::string& event : tracker.events) {
    side->of_event.try_emplace(event, side->nothing).first->second.Add(thing);
  }
}

const WakeSet& Wakes::OfEvent(SubjectKind subject, const std::string& canonical) const {
  const Side& side = Of(subject);
  const auto found = side.of_event.find(canonical);
  return found == side.of_event.end() ? side.nothing : found->second;
}

const WakeSet& Wakes::OfTrigger(SubjectKind subject, const std::string& canonical) const {
  const Side& side = Of(subject);
  const auto found = side.of_trigger.find(canonical);
  return found == side.of_trigger.end() ? side.nothing : found->second;
}

const WakeSet& Wakes::OfKind(SubjectKind subject, TrackerKind kind) const {
  return Of(subject).of_kind[static_cast<std::size_t>(kind)];
}

const WakeSet& Wakes::OfChange(SubjectKind subject, Change change) const {
  return Of(subject).of_change[static_cast<std::size_t>(change)];
}

}  // namespace foothold::journey
