#include "src/journey/conditions.h"

#include <algorithm>
#include <array>

#include "src/base/check.h"
#include "src/journey/members.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

constexpr std::int64_t kUseSpanDays = 30;
constexpr std::int64_t kUseFallFirstDay = 45;

// Of an anchor entry that hangs on what is true now; nullopt too for the other kinds.
std::optional<Instant> StandingTime(const Facts& facts, const AnchorEntry& entry) {
  switch (entry.kind) {
    case AnchorEntry::Kind::kStepEntered:
      return facts.ladder == nullptr || facts.ladder->is_complete ? std::nullopt
                                                                  : facts.ladder->entered_at;
    case AnchorEntry::Kind::kStep:
      return LastStepOf(facts);
    case AnchorEntry::Kind::kLastSeen:
      return facts.user == nullptr ? std::nullopt : facts.user->last_seen;
    case AnchorEntry::Kind::kActivated:
      return facts.truth == nullptr ? facts.account.activated_at : facts.truth->activated_at;
    case AnchorEntry::Kind::kStageEntered:
      return facts.account.stage_entered_at;
    case AnchorEntry::Kind::kTracker:
    case AnchorEntry::Kind::kUserTrait:
    case AnchorEntry::Kind::kAccountTrait:
      break;
  }
  return std::nullopt;
}

bool Compares(int order, Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return order == 0;
    case Comparison::kNotEqual:
      return order != 0;
    case Comparison::kLess:
      return order < 0;
    case Comparison::kLessEqual:
      return order <= 0;
    case Comparison::kGreater:
      return order > 0;
    case Comparison::kGreaterEqual:
      return order >= 0;
  }
  return false;
}

int OrderOf(double a, double b) { return a < b ? -1 : (a > b ? 1 : 0); }

bool IsOneOf(std::string_view word, const std::vector<std::string>& words) {
  return std::ranges::find(words, word) != words.end();
}

Verdict Plain(bool holds) { return {.holds = holds, .since = {}}; }

Verdict Since(std::optional<Instant> at) { return {.holds = true, .since = at}; }

bool IsQuiet(std::int32_t tracker, const Facts& facts) {
  return facts.quiet != nullptr && facts.quiet->Concerns(tracker);
}

// What the tracker collects has not come, or not enough of it.
Verdict Missing(std::int32_t tracker, const Facts& facts) {
  return {.holds = false, .is_open = IsQuiet(tracker, facts), .since = {}};
}

bool IsQuiet(const Step& step, const Facts& facts) {
  return step.is_milestone ? facts.truth->is_doubtful : IsQuiet(step.criterion->tracker, facts);
}

// Whether a step that is not met may have been met by events that are missing.
bool IsAnyStepDoubtful(const Facts& facts) {
  return facts.quiet != nullptr && facts.ladder != nullptr &&
         std::ranges::any_of(facts.ladder->rungs, [&](const Ladder::Rung& rung) {
           return !rung.met_at.has_value() && IsQuiet(*rung.step, facts);
         });
}

Verdict JudgeDid(const ConditionNode& node, const Facts& facts) {
  const TrackerState* state = KeptBy(facts, node.tracker);
  const auto need = static_cast<std::size_t>(node.at_least);
  if (state == nullptr || state->kept.size() < need) {
    return Missing(node.tracker, facts);
  }
  const bool is_recent = node.span > milliseconds(0) || node.is_after_trigger;
  if (is_recent) {
    // The latest occurrences are kept, earliest first: the one that must still count.
    const Instant from =
        node.is_after_trigger ? facts.trigger.value_or(Instant::max()) : facts.clock - node.span;
    const Occurrence& last_needed = state->kept[state->kept.size() - need];
    const bool holds = node.is_after_trigger ? last_needed.at > from : last_needed.at >= from;
    return holds ? Since(state->kept.back().at) : Missing(node.tracker, facts);
  }
  const Instant met_at = state->kept[need - 1].at;
  bool holds = met_at <= facts.evidence_until;
  if (node.moment.has_value()) {
    const std::optional<Instant> before = MomentTime(facts, *node.moment);
    holds = holds && before.has_value() && met_at < *before;
  }
  return {.holds = holds, .since = holds ? std::optional(met_at) : std::nullopt};
}

Verdict JudgeTrait(const ConditionNode& node, const Facts& facts) {
  if (!node.is_of_account && facts.user == nullptr) {
    return {};
  }
  const std::vector<TraitState>& traits =
      node.is_of_account ? facts.account.traits : facts.user->traits;
  const TraitState* trait = FindTrait(traits, node.name);
  const std::optional<std::string> text = TraitText(traits, node.name);
  if (trait == nullptr || !text.has_value()) {
    return {.holds = node.comparison == Comparison::kNotEqual && !node.texts.empty(), .since = {}};
  }
  bool holds = node.texts.empty();
  const std::optional<double> number = TraitNumber(traits, node.name);
  for (const std::string& wanted : node.texts) {
    const std::optional<double> bound = ScalarNumber(Scalar(std::string_view(wanted)));
    const int order =
        number.has_value() && bound.has_value() ? OrderOf(*number, *bound) : text->compare(wanted);
    holds = holds || Compares(order, node.comparison);
  }
  return {.holds = holds, .since = holds ? std::optional(trait->at) : std::nullopt};
}

bool MrrPerSeatHolds(const ConditionNode& node, const Facts& facts) {
  const std::optional<double> mrr = TraitNumber(facts.account.traits, "mrr");
  const std::optional<double> seats = TraitNumber(facts.account.traits, "seats");
  return mrr.has_value() && seats.has_value() && *seats > 0 &&
         Compares(OrderOf(*mrr / *seats, node.number), node.comparison);
}

Verdict JudgeSessions(const ConditionNode& node, const Facts& facts) {
  if (facts.user == nullptr) {
    return {};
  }
  const std::vector<Session>& sessions = facts.user->sessions;
  const std::int64_t dropped = facts.user->sessions_dropped;
  const std::int64_t index = node.at_least - 1 - dropped;  // Of the one that makes it hold.
  std::optional<Instant> began;  // Dropped sessions are older than those that are kept.
  if (index >= 0 && index < static_cast<std::int64_t>(sessions.size())) {
    began = sessions[static_cast<std::size_t>(index)].begin;
  }
  if (node.moment.has_value()) {
    const std::optional<Instant> before = MomentTime(facts, *node.moment);
    const bool holds = before.has_value() && (index < 0 || (began.has_value() && *began < *before));
    return {.holds = holds, .since = holds ? began : std::nullopt};
  }
  return {.holds = index < 0 || began.has_value(), .since = began};
}

// The beginning of the n-th day with activity of those that are kept.
Verdict JudgeActiveDays(const ConditionNode& node, const Facts& facts) {
  if (facts.user == nullptr || facts.user->active_days.count() < node.at_least) {
    return {};
  }
  const ActiveDays& days = facts.user->active_days;
  std::int64_t left = node.at_least;
  for (int back = ActiveDays::kDays - 1; back >= 0; --back) {
    const auto bit = static_cast<std::size_t>(back);
    left -= static_cast<std::int64_t>(days.bits[bit / 64] >> (bit % 64) & 1U);
    if (left == 0) {
      return {.holds = true, .since = kEpoch + kDay * (days.last_day - back)};
    }
  }
  return {.holds = true, .since = {}};
}

// Active days in [from, to), days since 1970.
std::int64_t DaysActive(const ActiveDays& days, std::int64_t from, std::int64_t to) {
  std::int64_t count = 0;
  for (std::int64_t day = from; day < to; ++day) {
    const std::int64_t back = days.last_day - day;
    if (back < 0 || back >= ActiveDays::kDays) {
      continue;
    }
    const auto bit = static_cast<std::size_t>(back);
    count += static_cast<std::int64_t>(days.bits[bit / 64] >> (bit % 64) & 1U);
  }
  return count;
}

std::int64_t FeaturesUsed(const User& user, std::int64_t from_day, std::int64_t to_day) {
  std::uint64_t features = 0;
  for (const FeatureUse& use : user.features) {
    const std::int64_t day = std::int64_t{use.decade} * 10;
    if (day + 10 > from_day && day < to_day) {
      features |= use.features;
    }
  }
  std::int64_t count = 0;
  for (; features != 0; features &= features - 1) {
    ++count;
  }
  return count;
}

Verdict JudgeUseFalls(const ConditionNode& node, const Facts& facts) {
  if (facts.user == nullptr || !facts.truth->activated_at.has_value()) {
    return {};
  }
  const std::int64_t begin = ToMs(*facts.truth->activated_at) / kDay.count();
  const std::int64_t passed = ToMs(facts.clock) / kDay.count() - begin;
  if (passed < kUseFallFirstDay) {
    return {};
  }
  const std::int64_t until = std::min(passed, 2 * kUseSpanDays);
  const auto part = static_cast<double>(until - kUseSpanDays) / static_cast<double>(kUseSpanDays);
  const ActiveDays& days = facts.user->active_days;
  const auto first = static_cast<double>(DaysActive(days, begin, begin + kUseSpanDays));
  const auto then = static_cast<double>(DaysActive(days, begin + kUseSpanDays, begin + until));
  const auto first_features =
      static_cast<double>(FeaturesUsed(*facts.user, begin, begin + kUseSpanDays));
  const auto then_features =
      static_cast<double>(FeaturesUsed(*facts.user, begin + kUseSpanDays, begin + until));
  const bool holds =
      then < node.number * first * part || then_features < node.number * first_features;
  return {.holds = holds, .since = {}};
}

bool RepeatedHolds(const ConditionNode& node, const Facts& facts) {
  if (facts.user == nullptr) {
    return false;
  }
  const StruggleState& struggle = facts.user->struggle;
  const auto past = std::ranges::count_if(
      struggle.sessions, [&](std::int32_t repeats) { return repeats >= node.at_least; });
  return past + (struggle.repeats_max >= node.at_least ? 1 : 0) >= node.sessions;
}

Verdict JudgeIdle(const ConditionNode& node, const Facts& facts) {
  const std::optional<Instant> last = LastStepOf(facts);
  if (!last.has_value() || facts.clock - *last < node.span) {
    return {};
  }
  if (IsAnyStepDoubtful(facts)) {
    return {.holds = false, .is_open = true, .since = {}};
  }
  return Since(*last + node.span);
}

Verdict JudgeStepOpen(const ConditionNode& node, const Facts& facts) {
  if (facts.ladder == nullptr || facts.ladder->is_complete || facts.ladder->current == 0 ||
      !facts.ladder->entered_at.has_value()) {
    return {};
  }
  const Instant since = *facts.ladder->entered_at + node.span;
  if (facts.clock < since) {
    return {};
  }
  const auto current = static_cast<std::size_t>(facts.ladder->current) - 1;
  if (facts.quiet != nullptr && IsQuiet(*facts.ladder->rungs[current].step, facts)) {
    return {.holds = false, .is_open = true, .since = {}};
  }
  return Since(since);
}

Verdict JudgeAnyStep(const Facts& facts) {
  if (facts.ladder == nullptr) {
    return {};
  }
  std::optional<Instant> first;
  for (const Ladder::Rung& rung : facts.ladder->rungs) {
    if (rung.met_at.has_value()) {
      first = std::min(first.value_or(*rung.met_at), *rung.met_at);
    }
  }
  const bool holds = first.has_value() && *first <= facts.evidence_until;
  return holds ? Since(first)
               : Verdict{.holds = false, .is_open = IsAnyStepDoubtful(facts), .since = {}};
}

Verdict JudgeMoment(const ConditionNode& node, const Facts& facts) {
  const std::optional<Instant> moment = MomentTime(facts, *node.moment);
  const bool holds = moment.has_value() && facts.clock >= *moment;
  return {.holds = holds, .since = holds ? moment : std::nullopt};
}

Verdict JudgeMilestone(const Facts& facts) {
  if (facts.truth == nullptr) {
    return {};
  }
  const bool holds =
      facts.truth->activated_at.has_value() && *facts.truth->activated_at <= facts.evidence_until;
  return holds ? Since(facts.truth->activated_at)
               : Verdict{.holds = false, .is_open = facts.truth->is_doubtful, .since = {}};
}

Verdict JudgeState(const ConditionNode& node, const Facts& facts) {
  if (facts.truth == nullptr || !IsOneOf(UserStateName(facts.truth->state), node.texts)) {
    return {};
  }
  const bool is_expired = facts.truth->state == UserState::kWindowExpired;
  return {.holds = true,
          .since = is_expired ? std::optional(facts.truth->window->closes_at)
                              : facts.truth->activated_at};
}

Verdict JudgeMeasurement(const ConditionNode& node, const Facts& facts) {
  const bool holds = facts.incomplete_since.has_value() &&
                     facts.measured_at - *facts.incomplete_since >= node.span;
  return {.holds = holds,
          .since = holds ? std::optional(*facts.incomplete_since + node.span) : std::nullopt};
}

// A node without operands.
Verdict JudgeLeaf(const ConditionNode& node, const Facts& facts) {
  switch (node.kind) {
    case ConditionKind::kAlways:
      return Plain(true);
    case ConditionKind::kReached:
      return JudgeMoment(node, facts);
    case ConditionKind::kDid:
      return JudgeDid(node, facts);
    case ConditionKind::kRole:
      return Plain(facts.truth != nullptr && IsOneOf(facts.truth->current.role, node.texts));
    case ConditionKind::kState:
      return JudgeState(node, facts);
    case ConditionKind::kReachedMilestone:
      return JudgeMilestone(facts);
    case ConditionKind::kAccountActivated:
      return {.holds = facts.account.state == AccountState::kActivated,
              .since = facts.account.activated_at};
    case ConditionKind::kTrait:
      return JudgeTrait(node, facts);
    case ConditionKind::kMrrPerSeat:
      return Plain(MrrPerSeatHolds(node, facts));
    case ConditionKind::kMembers:
      return Plain(Holds(facts.definition, node.members, facts.account));
    case ConditionKind::kAnyStep:
      return JudgeAnyStep(facts);
    case ConditionKind::kStepOpenFor:
      return JudgeStepOpen(node, facts);
    case ConditionKind::kIdle:
      return JudgeIdle(node, facts);
    case ConditionKind::kSessions:
      return JudgeSessions(node, facts);
    case ConditionKind::kActiveDays:
      return JudgeActiveDays(node, facts);
    case ConditionKind::kUseFalls:
      return JudgeUseFalls(node, facts);
    case ConditionKind::kCoreTime:
      return Plain(facts.user != nullptr && facts.user->core_time >= node.span);
    case ConditionKind::kRepeated:
      return Plain(RepeatedHolds(node, facts));
    case ConditionKind::kRisk:
      return Plain(IsOneOf(
          RiskLevelName(facts.user == nullptr ? facts.account.risk.level : facts.user->risk.level),
          node.texts));
    case ConditionKind::kMeasurement:
      return JudgeMeasurement(node, facts);
    case ConditionKind::kStage:
      return {.holds = IsOneOf(facts.account.stage, node.texts),
              .since = facts.account.stage_entered_at};
    case ConditionKind::kStageLate:
      return Plain(facts.account.is_stage_late);
    case ConditionKind::kAll:
    case ConditionKind::kAny:
    case ConditionKind::kNot:
      break;
  }
  FOOTHOLD_CHECK(false, "an operator is no leaf");
}

std::optional<Instant> Latest(std::optional<Instant> a, std::optional<Instant> b) {
  return a.has_value() && b.has_value() ? std::max(*a, *b) : (a.has_value() ? a : b);
}

std::optional<Instant> Earliest(std::optional<Instant> a, std::optional<Instant> b) {
  return a.has_value() && b.has_value() ? std::min(*a, *b) : (a.has_value() ? a : b);
}

// Joins the operands: all hold since the latest of their times, any since the earliest of those
// that hold. What an open one could turn is open.
Verdict Join(const ConditionNode& node, const Verdict* operands) {
  if (node.kind == ConditionKind::kNot) {
    return {.holds = !operands[0].holds && !operands[0].is_open,
            .is_open = operands[0].is_open,
            .since = {}};
  }
  const bool is_all = node.kind == ConditionKind::kAll;
  bool is_any_open = false;
  bool does_any_fail = false;
  bool does_any_hold = false;
  std::optional<Instant> latest;
  std::optional<Instant> earliest;
  for (std::int32_t i = 0; i < node.arity; ++i) {
    const Verdict& operand = operands[i];
    is_any_open = is_any_open || operand.is_open;
    does_any_fail = does_any_fail || (!operand.holds && !operand.is_open);
    if (operand.holds) {
      does_any_hold = true;
      latest = Latest(latest, operand.since);
      earliest = Earliest(earliest, operand.since);
    }
  }
  if (is_all ? !does_any_fail && !is_any_open : does_any_hold) {
    return Since(is_all ? latest : earliest);
  }
  return {.holds = false, .is_open = is_any_open && !(is_all && does_any_fail), .since = {}};
}

}  // namespace

const TrackerState* KeptBy(const Facts& facts, std::int32_t index) {
  const Tracker& tracker = facts.definition.playbook().trackers[static_cast<std::size_t>(index)];
  if (IsOfAccount(tracker.kind)) {
    return Find(facts.account.trackers, tracker.key);
  }
  return facts.user == nullptr ? nullptr : Find(facts.user->trackers, tracker.key);
}

std::optional<Instant> LastStepOf(const Facts& facts) {
  if (facts.ladder == nullptr || facts.ladder->met == 0 || facts.ladder->is_complete) {
    return std::nullopt;
  }
  std::optional<Instant> last = facts.user->last_seen;
  for (const Ladder::Rung& rung : facts.ladder->rungs) {
    if (rung.met_at.has_value()) {
      last = std::max(last.value_or(*rung.met_at), *rung.met_at);
    }
  }
  return last;
}

std::optional<Instant> AnchorTimeOf(const Facts& facts, std::int32_t anchor) {
  static const User kNobody;
  const Anchor& named = facts.definition.playbook().anchors[static_cast<std::size_t>(anchor)];
  for (const std::vector<AnchorEntry>& group : named.entries) {
    for (const AnchorEntry& entry : group) {
      if (const std::optional<Instant> at = StandingTime(facts, entry); at.has_value()) {
        return at;
      }
    }
  }
  const auto work_out = [&] {
    return AnchorTime(facts.definition, anchor, facts.user == nullptr ? kNobody : *facts.user,
                      facts.account);
  };
  return facts.anchors == nullptr ? work_out() : facts.anchors->At(anchor, work_out);
}

std::optional<Instant> MomentTime(const Facts& facts, const Moment& moment) {
  const std::optional<Instant> anchor =
      moment.anchor == Moment::kTrigger ? facts.trigger : AnchorTimeOf(facts, moment.anchor);
  return anchor.has_value() ? std::optional(*anchor + moment.offset) : std::nullopt;
}

Verdict Judge(const Condition& condition, const Facts& facts) {
  std::array<Verdict, kConditionDepthMax> stack;
  std::size_t depth = 0;
  for (const ConditionNode& node : condition.nodes) {
    const bool is_operator = node.kind == ConditionKind::kAll || node.kind == ConditionKind::kAny ||
                             node.kind == ConditionKind::kNot;
    if (!is_operator) {
      stack[depth++] = JudgeLeaf(node, facts);
      continue;
    }
    const auto operands =
        static_cast<std::size_t>(node.kind == ConditionKind::kNot ? 1 : node.arity);
    depth -= operands;
    stack[depth] = Join(node, &stack[depth]);
    ++depth;
  }
  return stack[0];
}

}  // namespace foothold::journey
