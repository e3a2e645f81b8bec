#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "tests/codec/random_values.h"

// Playbooks that journey::Validate() accepts.

namespace foothold::codec {

std::optional<journey::Window> RandomValues::MaybeWindow(const journey::Playbook& playbook) {
  if (Coin()) {
    return std::nullopt;
  }
  return journey::Window{.length = milliseconds(1 + Below(10'000'000'000)),
                         .anchor = static_cast<std::int32_t>(Below(playbook.anchors.size()))};
}

journey::Criterion RandomValues::Criterion(const journey::Playbook& playbook) {
  std::size_t tracker = Below(playbook.trackers.size());
  tracker = playbook.trackers[tracker].is_latest ? 0 : tracker;
  const auto keep = static_cast<std::size_t>(playbook.trackers[tracker].keep);
  return {.label = Text(),
          .tracker = static_cast<std::int32_t>(tracker),
          .at_least = static_cast<std::int32_t>(1 + Below(keep)),
          .within = MaybeWindow(playbook)};
}

journey::Milestone RandomValues::Milestone(const journey::Playbook& playbook) {
  journey::Milestone milestone{.all = {}, .within = MaybeWindow(playbook)};
  for (std::size_t i = 1 + Below(3); i > 0; --i) {
    milestone.all.push_back(Criterion(playbook));
  }
  return milestone;
}

journey::MemberCondition RandomValues::Members(const journey::Playbook& playbook) {
  using Condition = journey::MemberCondition;
  return {.selector = static_cast<Condition::Selector>(1 + Below(5)),
          .role = static_cast<std::int32_t>(Below(playbook.roles.size())),
          .quantifier = static_cast<Condition::Quantifier>(1 + Below(5)),
          .property = static_cast<Condition::Property>(1 + Below(5)),
          .comparison = static_cast<journey::Comparison>(1 + Below(6)),
          .value = 0.25 * static_cast<double>(Below(5)),
          .or_empty = Coin()};
}

// Of the account's own anchors, which the last ones are.
journey::Moment RandomValues::Moment(const journey::Playbook& playbook) {
  return {.anchor = static_cast<std::int32_t>(playbook.anchors.size() - 1 - Below(2)),
          .offset = milliseconds(static_cast<std::int64_t>(Below(1'000'000)))};
}

journey::ConditionNode RandomValues::Leaf(const journey::Playbook& playbook) {
  using Kind = journey::ConditionKind;
  journey::ConditionNode node;
  switch (Below(6)) {
    case 0:
      node.kind = Kind::kReached;
      node.moment = Moment(playbook);
      break;
    case 1:
      node.kind = Kind::kTrait;
      node.is_of_account = true;
      node.name = "name" + Name();
      node.texts = {Text()};
      // What counts for other kinds only travels all the same.
      node.tracker = static_cast<std::int32_t>(Below(9));
      node.at_least = static_cast<std::int32_t>(Below(9));
      node.sessions = static_cast<std::int32_t>(Below(9));
      node.is_after_trigger = Coin();
      node.comparison = static_cast<journey::Comparison>(1 + Below(6));
      break;
    case 2:
      node.kind = Kind::kMembers;
      node.members = Members(playbook);
      break;
    case 3:
      node.kind = Kind::kMrrPerSeat;
      node.number = 0.5 * static_cast<double>(Below(1000));
      break;
    case 4:
      node.kind = Kind::kMeasurement;
      node.span = milliseconds(static_cast<std::int64_t>(Below(1'000'000)));
      break;
    default:
      node.kind = Kind::kRisk;
      node.texts = {"high", "medium"};
      break;
  }
  return node;
}

journey::Condition RandomValues::Condition(const journey::Playbook& playbook) {
  using Kind = journey::ConditionKind;
  journey::Condition condition{.label = Text(), .nodes = {Leaf(playbook)}};
  if (Coin()) {
    condition.nodes.emplace_back().kind = Kind::kNot;
  }
  if (Coin()) {
    condition.nodes.push_back(Leaf(playbook));
    journey::ConditionNode& list = condition.nodes.emplace_back();
    list.kind = Coin() ? Kind::kAll : Kind::kAny;
    list.arity = 2;
  }
  return condition;
}

journey::Ask RandomValues::Ask() {
  journey::Ask ask;
  ask.channel = static_cast<journey::Channel>(1 + Below(3));
  ask.to = {Name(), Name()};
  if (ask.channel == journey::Channel::kCs) {
    ask.task = journey::TaskText{.type = Text(), .subject = Text(), .body = Text(), .due = {}};
    if (Coin()) {
      ask.task->due = milliseconds(1 + static_cast<std::int64_t>(Below(1'000'000)));
    }
  } else {
    ask.template_name = "template" + Name();
  }
  return ask;
}

journey::Rung RandomValues::Rung(const journey::Playbook& playbook) {
  journey::Rung rung;
  if (Coin()) {
    rung.at = Moment(playbook);
  }
  rung.until = rung.at;
  rung.until->offset += milliseconds(1 + static_cast<std::int64_t>(Below(1'000'000)));
  rung.ask = Ask();
  if (Coin()) {
    rung.where = Condition(playbook);
    rung.otherwise = Ask();
  }
  rung.needs_approval = Coin();
  return rung;
}

journey::ZoneTable RandomValues::Zones() {
  journey::ZoneTable table{.version = Text(), .zones = {}, .links = {}};
  for (std::size_t i = Below(4); i > 0; --i) {
    journey::ZoneRules& zone = table.zones.emplace_back();
    zone.name = fmt::format("Zone/{}", 9 - i);
    std::int64_t at = 1'400'000'000'000;
    for (std::size_t k = 1 + Below(60); k > 0; --k) {
      at += 1000 * static_cast<std::int64_t>(1 + Below(20'000'000));
      zone.offsets.push_back(
          {.from = InstantFromMs(at), .minutes = static_cast<std::int32_t>(Below(2880)) - 1440});
    }
    table.links.emplace_back(fmt::format("Link/{}", 9 - i), zone.name);
  }
  return table;
}

void RandomValues::Rules(journey::Playbook* playbook) {
  using Kind = journey::AnchorEntry::Kind;
  for (const Kind kind :
       {Kind::kStepEntered, Kind::kStep, Kind::kLastSeen, Kind::kActivated, Kind::kStageEntered}) {
    playbook->anchors.push_back({.name = fmt::format("moving{}", static_cast<int>(kind)),
                                 .entries = {{{.kind = kind, .tracker = -1, .trait = ""}}}});
  }
  for (std::size_t i = Below(4); i > 0; --i) {
    playbook->signals.push_back({.name = fmt::format("signal{}", i),
                                 .weight = static_cast<std::int32_t>(Below(201)) - 100,
                                 .subject = static_cast<journey::SubjectKind>(1 + Below(2)),
                                 .is_after_activation = Coin(),
                                 .when = Condition(*playbook)});
    playbook->blockers.push_back(
        {.name = fmt::format("blocker{}", i), .detail = Text(), .when = Condition(*playbook)});
  }
  playbook->risk_levels = {.medium = 30,
                           .high = static_cast<std::int32_t>(31 + Below(60)),
                           .hysteresis = static_cast<std::int32_t>(Below(30))};
  for (std::size_t i = 0, count = Below(4); i < count; ++i) {
    journey::Stage& stage = playbook->stages.emplace_back();
    stage = {.name = fmt::format("stage{}", i),
             .when = Condition(*playbook),
             .owner = Text(),
             .signal = Text(),
             .next = Text(),
             .escalate = Text(),
             .late_after = {}};
    if (i == 0) {
      stage.when.nodes = {journey::ConditionNode{}};
    }
    if (Coin()) {
      stage.late_after = Moment(*playbook);
    }
  }
  for (std::size_t i = Below(4); i > 0; --i) {
    journey::Rule& rule = playbook->rules.emplace_back();
    rule.name = fmt::format("rule{}", i);
    rule.title = Text();
    rule.subject = static_cast<journey::SubjectKind>(1 + Below(2));
    rule.when = Condition(*playbook);
    for (std::size_t k = 1 + Below(8); k > 0; --k) {
      rule.rungs.push_back(Rung(*playbook));
    }
    rule.priority = static_cast<journey::Priority>(1 + Below(3));
    rule.mode = static_cast<journey::RuleMode>(1 + Below(3));
    if (Coin()) {
      rule.holdout = 0.25;
    }
  }
  playbook->gate = {.user_per_day = static_cast<std::int32_t>(Below(9)),
                    .user_per_week = static_cast<std::int32_t>(Below(9)),
                    .account_per_day = static_cast<std::int32_t>(Below(9)),
                    .account_per_week = static_cast<std::int32_t>(Below(9)),
                    .cs_per_week = static_cast<std::int32_t>(Below(9)),
                    .quiet_from = static_cast<std::int32_t>(Below(1440)),
                    .quiet_to = static_cast<std::int32_t>(Below(1440)),
                    .zone = static_cast<journey::GatePolicy::Zone>(1 + Below(3)),
                    .holdout = 0.125,
                    .breaker_factor = 0.5 * static_cast<double>(Below(9)),
                    .breaker_span = milliseconds(1 + Below(1'000'000)),
                    .breaker_floor = static_cast<std::int32_t>(1 + Below(99))};
  playbook->zones = Zones();
}

journey::Playbook RandomValues::Playbook() {
  journey::Playbook playbook;
  playbook.name = "default" + Text();
  playbook.version = static_cast<std::int32_t>(1 + Below(std::numeric_limits<std::int32_t>::max()));
  playbook.lateness = milliseconds(Integer());
  playbook.attribution = milliseconds(Integer());
  if (Coin()) {
    playbook.default_role = Name();
  }
  for (std::size_t i = Below(5); i > 0; --i) {
    playbook.aliases.emplace_back(Name(), Name());
    playbook.core_features.push_back(Name());
  }
  for (std::size_t i = 1 + Below(6); i > 0; --i) {
    journey::Tracker& tracker = playbook.trackers.emplace_back();
    tracker.kind = static_cast<journey::TrackerKind>(1 + Below(6));
    if (tracker.kind == journey::TrackerKind::kDid ||
        tracker.kind == journey::TrackerKind::kAccountDid) {
      tracker.events = {"a." + std::to_string(i), "b" + Name()};
    }
    tracker.is_latest = playbook.trackers.size() > 1 && Coin();  // Milestones have the first.
    if (tracker.is_latest) {
      tracker.where.push_back({.property = fmt::format("property{}", i),
                               .comparison = journey::Comparison::kEqual,
                               .any_of = {Text()},
                               .holds_if_absent = false});
    } else {
      tracker.distinct = fmt::format("property{}", i);
    }
    for (std::size_t k = Below(3); k > 0; --k) {
      tracker.where.push_back({.property = Name(),
                               .comparison = static_cast<journey::Comparison>(1 + Below(6)),
                               .any_of = {Text(), Text()},
                               .holds_if_absent = Coin()});
    }
    tracker.keep = static_cast<std::int32_t>(1 + Below(1000));
    tracker.key = journey::TrackerKey(tracker);
  }
  for (std::size_t i = 1 + Below(3); i > 0; --i) {
    using Kind = journey::AnchorEntry::Kind;
    playbook.anchors.push_back(
        {.name = fmt::format("anchor{}", i),
         .entries = {{{.kind = Kind::kTracker, .tracker = 0, .trait = ""}},
                     {{.kind = Kind::kUserTrait, .tracker = -1, .trait = "createdat"},
                      {.kind = Kind::kAccountTrait, .tracker = -1, .trait = "contractat"}}}});
  }
  for (std::size_t i = 1 + Below(4); i > 0; --i) {
    journey::Role& role = playbook.roles.emplace_back();
    role.name = fmt::format("role{}", i);
    role.is_contact = Below(3) == 0;
    if (!role.is_contact) {
      role.milestone = Milestone(playbook);
      for (std::size_t k = 0; k < 4; ++k) {
        journey::Step& step = role.steps.emplace_back();
        step.name = Text();
        step.step_class = static_cast<journey::StepClass>(1 + Below(3));
        step.is_milestone = k == 3;
        if (!step.is_milestone) {
          step.criterion = Criterion(playbook);
        }
      }
    }
  }
  for (std::size_t i = Below(3); i > 0; --i) {
    playbook.models.push_back(
        {.name = Name(), .overrides = {{.role = 0, .milestone = Milestone(playbook)}}});
  }
  for (std::size_t i = 1 + Below(4); i > 0; --i) {
    using Condition = journey::MemberCondition;
    playbook.account_activated.push_back(
        {.selector = static_cast<Condition::Selector>(1 + Below(5)),
         .role = static_cast<std::int32_t>(Below(playbook.roles.size())),
         .quantifier = static_cast<Condition::Quantifier>(1 + Below(5)),
         .property = static_cast<Condition::Property>(1 + Below(5)),
         .comparison = static_cast<journey::Comparison>(1 + Below(6)),
         .value = 0.5 * static_cast<double>(Below(9)),
         .or_empty = Coin()});
  }
  Rules(&playbook);
  playbook.yaml = Text();
  return playbook;
}

}  // namespace foothold::codec
