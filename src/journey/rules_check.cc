#include "src/journey/rules_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/journey/user.h"

namespace foothold::journey {
namespace {

constexpr std::int32_t kMinutesOfDay = 24 * 60;
constexpr std::int32_t kRepeatsMin = 3;  // Sessions with fewer repeats are not kept.

template <class T>
bool IsIndexOf(std::int32_t index, const std::vector<T>& items) {
  return index >= 0 && static_cast<std::size_t>(index) < items.size();
}

bool IsShare(double value) { return value >= 0 && value <= 1; }

// The first problem of one condition, told as "<where>: <what>". A condition stands where there is
// a user or only an account, and where there is a trigger or none.
class ConditionCheck {
 public:
  enum class Trigger { kNone, kOfRule };

  ConditionCheck(const Playbook& playbook, SubjectKind subject, Trigger trigger, std::string where)
      : playbook_(playbook), subject_(subject), trigger_(trigger), where_(std::move(where)) {}

  Status Check(const Condition& condition) const {
    if (condition.nodes.empty() || condition.nodes.size() > kConditionNodesMax) {
      return Wrong(fmt::format("a condition has 1 to {} parts", kConditionNodesMax));
    }
    std::size_t results = 0;
    for (const ConditionNode& node : condition.nodes) {
      FOOTHOLD_TRY(CheckNode(node));
      const bool is_list = node.kind == ConditionKind::kAll || node.kind == ConditionKind::kAny;
      if (is_list != (node.arity > 0) || node.arity < 0) {
        return Wrong("all and any have operands, nothing else has");
      }
      const std::size_t taken = is_list ? static_cast<std::size_t>(node.arity)
                                        : (node.kind == ConditionKind::kNot ? 1 : 0);
      if (taken > results) {
        return Wrong("an operator stands before its operands");
      }
      results = results - taken + 1;
    }
    return results == 1 ? Status() : Wrong("a condition leaves exactly one result");
  }

  // A moment of an anchor that is known to the subject, or of the trigger where there is one.
  Status CheckMoment(const Moment& moment, Trigger trigger) const {
    if (moment.anchor == Moment::kTrigger) {
      return trigger == Trigger::kOfRule ? Status() : Wrong("there is no trigger here");
    }
    if (!IsIndexOf(moment.anchor, playbook_.anchors)) {
      return Wrong("a moment's anchor does not exist");
    }
    const Anchor& anchor = playbook_.anchors[static_cast<std::size_t>(moment.anchor)];
    if (subject_ == SubjectKind::kAccount && !IsOfAccount(playbook_, anchor)) {
      return Wrong(fmt::format("an account has no '{}'", anchor.name));
    }
    return {};
  }

  Status CheckMembers(const MemberCondition& members) const {
    using Quantifier = MemberCondition::Quantifier;
    if (members.selector == MemberCondition::Selector::kRole &&
        !IsIndexOf(members.role, playbook_.roles)) {
      return Wrong("a condition on members names a role that does not exist");
    }
    if (members.quantifier == Quantifier::kShare && !IsShare(members.value)) {
      return Wrong("a share lies between 0 and 1");
    }
    return members.value >= 0 ? Status() : Wrong("there are no fewer than 0 members");
  }

 private:
  Status Wrong(std::string_view what) const {
    return Error(Code::kInvalid, fmt::format("{}: {}", where_, what));
  }

  Status OfUser(bool is_sound, std::string_view what) const {
    if (subject_ == SubjectKind::kAccount) {
      return Wrong("a condition on a user is no condition on an account");
    }
    return is_sound ? Status() : Wrong(what);
  }

  Status Texts(const ConditionNode& node, std::span<const std::string_view> known) const {
    if (node.texts.empty()) {
      return Wrong("a condition on a word names one");
    }
    for (const std::string& text : node.texts) {
      if (!known.empty() && std::ranges::find(known, text) == known.end()) {
        return Wrong(fmt::format("'{}' is none of its words", text));
      }
    }
    return {};
  }

  Status CheckDid(const ConditionNode& node) const {
    if (!IsIndexOf(node.tracker, playbook_.trackers)) {
      return Wrong("a condition on events has no tracker");
    }
    const Tracker& tracker = playbook_.trackers[static_cast<std::size_t>(node.tracker)];
    const bool slides = node.span > milliseconds(0);
    if (!IsOfAccount(tracker.kind)) {
      FOOTHOLD_TRY(OfUser(true, ""));
    }
    if (node.at_least < 1 || node.at_least > tracker.keep) {
      return Wrong("a condition counts more occurrences than its tracker keeps");
    }
    if (node.is_after_trigger && trigger_ == Trigger::kNone) {
      return Wrong("there is no trigger here");
    }
    if ((slides ? 1 : 0) + (node.is_after_trigger ? 1 : 0) + (node.moment.has_value() ? 1 : 0) >
        1) {
      return Wrong("events count within a window, in the last days or after the trigger, not two");
    }
    if ((slides || node.is_after_trigger) != tracker.is_latest) {
      return Wrong("the latest occurrences are kept where they count, and only there");
    }
    return node.moment.has_value() ? CheckMoment(*node.moment, Trigger::kNone) : Status();
  }

  Status CheckTrait(const ConditionNode& node) const {
    if (!node.is_of_account) {
      FOOTHOLD_TRY(OfUser(true, ""));
    }
    const bool is_order =
        node.comparison != Comparison::kEqual && node.comparison != Comparison::kNotEqual;
    if (node.name.empty() || (is_order && node.texts.size() != 1)) {
      return Wrong("a condition on an attribute names it, and compares with one value");
    }
    return {};
  }

  Status CheckUse(const ConditionNode& node) const {
    if (node.kind == ConditionKind::kSessions) {
      FOOTHOLD_TRY(
          OfUser(node.at_least >= 1 && node.at_least <= static_cast<std::int32_t>(kSessionsMax),
                 "no so many sessions are kept"));
      return node.moment.has_value() ? CheckMoment(*node.moment, Trigger::kNone) : Status();
    }
    if (node.kind == ConditionKind::kActiveDays) {
      return OfUser(node.at_least >= 1 && node.at_least <= ActiveDays::kDays,
                    "no so many active days are kept");
    }
    if (node.kind == ConditionKind::kUseFalls) {
      return OfUser(node.number > 0 && node.number <= 1, "a share lies between 0 and 1");
    }
    return OfUser(node.at_least >= kRepeatsMin && node.sessions >= 1 &&
                      node.sessions <= static_cast<std::int32_t>(kStruggleSessionsMax),
                  "no so many sessions, or so few repeats, are kept");
  }

  Status CheckNode(const ConditionNode& node) const {
    constexpr std::array<std::string_view, 5> kStates{"not_started", "in_progress", "activated",
                                                      "window_expired", "activated_late"};
    constexpr std::array<std::string_view, 3> kLevels{"low", "medium", "high"};
    switch (node.kind) {
      case ConditionKind::kAll:
      case ConditionKind::kAny:
      case ConditionKind::kNot:
      case ConditionKind::kAlways:
      case ConditionKind::kAccountActivated:
      case ConditionKind::kStageLate:
        return {};
      case ConditionKind::kReached:
        return node.moment.has_value() ? CheckMoment(*node.moment, Trigger::kNone)
                                       : Wrong("a moment is missing");
      case ConditionKind::kDid:
        return CheckDid(node);
      case ConditionKind::kRole:
        FOOTHOLD_TRY(OfUser(true, ""));
        return Texts(node, {});
      case ConditionKind::kState:
        FOOTHOLD_TRY(OfUser(true, ""));
        return Texts(node, kStates);
      case ConditionKind::kReachedMilestone:
      case ConditionKind::kAnyStep:
        return OfUser(true, "");
      case ConditionKind::kTrait:
        return CheckTrait(node);
      case ConditionKind::kMrrPerSeat:
        return std::isfinite(node.number) ? Status() : Wrong("mrr per seat is a number");
      case ConditionKind::kMembers:
        return CheckMembers(node.members);
      case ConditionKind::kStepOpenFor:
      case ConditionKind::kIdle:
      case ConditionKind::kCoreTime:
        return OfUser(node.span > milliseconds(0), "a span is longer than nothing");
      case ConditionKind::kSessions:
      case ConditionKind::kActiveDays:
      case ConditionKind::kUseFalls:
      case ConditionKind::kRepeated:
        return CheckUse(node);
      case ConditionKind::kRisk:
        return Texts(node, kLevels);
      case ConditionKind::kMeasurement:
        return node.span >= milliseconds(0) ? Status() : Wrong("a span is not negative");
      case ConditionKind::kStage: {
        std::vector<std::string_view> stages;
        for (const Stage& stage : playbook_.stages) {
          stages.emplace_back(stage.name);
        }
        return stages.empty() ? Wrong("the playbook has no stages") : Texts(node, stages);
      }
    }
    return Wrong("a condition of no kind");
  }

  const Playbook& playbook_;
  const SubjectKind subject_;
  const Trigger trigger_;
  const std::string where_;
};

using Trigger = ConditionCheck::Trigger;

template <class T>
Status CheckNames(const std::vector<T>& items, std::string_view noun) {
  std::set<std::string_view> names;
  for (const T& item : items) {
    if (item.name.empty() || !names.insert(item.name).second) {
      return Error(Code::kInvalid,
                   fmt::format("{} '{}' has no name, or one twice", noun, item.name));
    }
  }
  return {};
}

Status CheckRisk(const Playbook& playbook) {
  const RiskLevels& levels = playbook.risk_levels;
  if (levels.medium < 1 || levels.high <= levels.medium || levels.high > 100 ||
      levels.hysteresis < 0 || levels.hysteresis >= levels.medium) {
    return Error(Code::kInvalid, "risk.levels: 0 < medium < high <= 100, hysteresis below medium");
  }
  FOOTHOLD_TRY(CheckNames(playbook.signals, "signal"));
  for (const Signal& signal : playbook.signals) {
    const std::string where = fmt::format("signal '{}'", signal.name);
    if (signal.weight < -100 || signal.weight > 100) {
      return Error(Code::kInvalid, where + ": a weight lies between -100 and 100");
    }
    FOOTHOLD_TRY(
        ConditionCheck(playbook, signal.subject, Trigger::kNone, where).Check(signal.when));
  }
  return {};
}

Status CheckStages(const Playbook& playbook) {
  FOOTHOLD_TRY(CheckNames(playbook.stages, "stage"));
  for (const Stage& stage : playbook.stages) {
    const ConditionCheck check(playbook, SubjectKind::kAccount, Trigger::kNone,
                               fmt::format("stage '{}'", stage.name));
    FOOTHOLD_TRY(check.Check(stage.when));
    if (stage.late_after.has_value()) {
      FOOTHOLD_TRY(check.CheckMoment(*stage.late_after, Trigger::kOfRule));
    }
  }
  if (!playbook.stages.empty()) {
    const std::vector<ConditionNode>& first = playbook.stages.front().when.nodes;
    if (first.size() != 1 || first.front().kind != ConditionKind::kAlways) {
      return Error(Code::kInvalid, "the first stage's condition is always");
    }
  }
  FOOTHOLD_TRY(CheckNames(playbook.blockers, "blocker"));
  for (const BlockerKind& blocker : playbook.blockers) {
    FOOTHOLD_TRY(ConditionCheck(playbook, SubjectKind::kAccount, Trigger::kNone,
                                fmt::format("blocker '{}'", blocker.name))
                     .Check(blocker.when));
  }
  return {};
}

Status CheckAsk(const Ask& ask, const std::string& where) {
  const bool is_cs = ask.channel == Channel::kCs;
  if (is_cs != ask.task.has_value() || is_cs != ask.template_name.empty()) {
    return Error(Code::kInvalid, where + ": cs has a task, every other channel a template");
  }
  if (ask.task.has_value() && ask.task->due.value_or(kDay) <= milliseconds(0)) {
    return Error(Code::kInvalid, where + ": a task is due after it is asked");
  }
  return {};
}

Status CheckRung(const Playbook& playbook, const Rule& rule, const Rung& rung,
                 const std::string& where) {
  const ConditionCheck check(playbook, rule.subject, Trigger::kOfRule, where);
  FOOTHOLD_TRY(check.CheckMoment(rung.at, Trigger::kOfRule));
  if (!rung.until.has_value()) {
    return Error(Code::kInvalid, where + ": a rung has an end");
  }
  FOOTHOLD_TRY(check.CheckMoment(*rung.until, Trigger::kOfRule));
  if (rung.until->anchor == rung.at.anchor && rung.until->offset <= rung.at.offset) {
    return Error(Code::kInvalid, where + ": a rung ends after it is due");
  }
  if (rung.at.anchor == Moment::kTrigger && rung.at.offset < milliseconds(0)) {
    return Error(Code::kInvalid, where + ": nothing is due before its trigger");
  }
  if (rung.where.has_value()) {
    FOOTHOLD_TRY(check.Check(*rung.where));
  }
  if (rung.otherwise.has_value()) {
    if (!rung.where.has_value()) {
      return Error(Code::kInvalid, where + ": there is no other ask without a condition");
    }
    FOOTHOLD_TRY(CheckAsk(*rung.otherwise, where));
  }
  return CheckAsk(rung.ask, where);
}

Status CheckLadders(const Playbook& playbook) {
  FOOTHOLD_TRY(CheckNames(playbook.rules, "rule"));
  for (const Rule& rule : playbook.rules) {
    const std::string where = fmt::format("rule '{}'", rule.name);
    FOOTHOLD_TRY(ConditionCheck(playbook, rule.subject, Trigger::kOfRule, where).Check(rule.when));
    if (rule.rungs.empty() || rule.rungs.size() > kRungsMax) {
      return Error(Code::kInvalid, fmt::format("{}: a ladder has 1 to {} rungs", where, kRungsMax));
    }
    for (const Rung& rung : rule.rungs) {
      FOOTHOLD_TRY(CheckRung(playbook, rule, rung, where));
    }
    if (!IsShare(rule.holdout.value_or(0))) {
      return Error(Code::kInvalid, where + ": the holdout is a share");
    }
  }
  return {};
}

Status CheckGate(const GatePolicy& gate) {
  for (const std::int32_t cap : {gate.user_per_day, gate.user_per_week, gate.account_per_day,
                                 gate.account_per_week, gate.cs_per_week}) {
    if (cap < 0) {
      return Error(Code::kInvalid, "gate: a cap is not negative");
    }
  }
  for (const std::int32_t minute : {gate.quiet_from, gate.quiet_to}) {
    if (minute < 0 || minute >= kMinutesOfDay) {
      return Error(Code::kInvalid, "gate: quiet hours are times of the day");
    }
  }
  if (!IsShare(gate.holdout)) {
    return Error(Code::kInvalid, "gate: the holdout is a share");
  }
  if (!(gate.breaker_factor >= 0) || gate.breaker_span <= milliseconds(0) ||
      gate.breaker_floor < 1) {
    return Error(Code::kInvalid, "gate: the breaker has a factor, a span and a floor");
  }
  return {};
}

Status CheckZones(const ZoneTable& table) {
  for (const ZoneRules& zone : table.zones) {
    const bool is_sorted = std::ranges::is_sorted(
        zone.offsets, [](const ZoneRules::Offset& a, const ZoneRules::Offset& b) {
          return a.from <= b.from;  // A second one at the same time is out of order, too.
        });
    const bool is_near = std::ranges::all_of(zone.offsets, [](const ZoneRules::Offset& offset) {
      return std::abs(offset.minutes) <= kMinutesOfDay;
    });
    if (zone.offsets.empty() || !is_sorted || !is_near) {
      return Error(Code::kInvalid, fmt::format("zone '{}' has no offsets by time", zone.name));
    }
  }
  if (!std::ranges::is_sorted(table.zones, {}, &ZoneRules::name) ||
      !std::ranges::is_sorted(table.links)) {
    return Error(Code::kInvalid, "zones and their other names are sorted");
  }
  for (const auto& [alias, name] : table.links) {
    if (!std::ranges::binary_search(table.zones, name, {}, &ZoneRules::name)) {
      return Error(Code::kInvalid, fmt::format("zone '{}' stands for none", alias));
    }
  }
  return {};
}

bool IsOfAccount(const Playbook& playbook, const AnchorEntry& entry) {
  switch (entry.kind) {
    case AnchorEntry::Kind::kTracker:
      return IsOfAccount(playbook.trackers[static_cast<std::size_t>(entry.tracker)].kind);
    case AnchorEntry::Kind::kAccountTrait:
    case AnchorEntry::Kind::kActivated:
    case AnchorEntry::Kind::kStageEntered:
      return true;
    case AnchorEntry::Kind::kUserTrait:
    case AnchorEntry::Kind::kStepEntered:
    case AnchorEntry::Kind::kStep:
    case AnchorEntry::Kind::kLastSeen:
      return false;
  }
  return false;
}

}  // namespace

bool IsOfAccount(const Playbook& playbook, const Anchor& anchor) {
  return std::ranges::all_of(anchor.entries, [&](const std::vector<AnchorEntry>& group) {
    return std::ranges::all_of(
        group, [&](const AnchorEntry& entry) { return IsOfAccount(playbook, entry); });
  });
}

bool IsFixed(const Anchor& anchor) {
  return std::ranges::all_of(anchor.entries, [](const std::vector<AnchorEntry>& group) {
    return std::ranges::all_of(group, [](const AnchorEntry& entry) {
      return entry.kind == AnchorEntry::Kind::kTracker ||
             entry.kind == AnchorEntry::Kind::kUserTrait ||
             entry.kind == AnchorEntry::Kind::kAccountTrait;
    });
  });
}

Status CheckRules(const Playbook& playbook) {
  FOOTHOLD_TRY(CheckRisk(playbook));
  FOOTHOLD_TRY(CheckStages(playbook));
  FOOTHOLD_TRY(CheckLadders(playbook));
  FOOTHOLD_TRY(CheckGate(playbook.gate));
  return CheckZones(playbook.zones);
}

}  // namespace foothold::journey
