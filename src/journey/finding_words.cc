// How things stand with one question of a condition, in words. It asks conditions.cc whether the
// question holds, so the two cannot disagree.

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/check.h"
#include "src/journey/findings.h"
#include "src/journey/members.h"
#include "src/journey/occasion.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

constexpr milliseconds kUseFallFirstLook{45 * kDay};

std::string Spaced(std::string text) {
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string_view SignOf(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return "=";
    case Comparison::kNotEqual:
      return "!=";
    case Comparison::kLess:
      return "<";
    case Comparison::kLessEqual:
      return "<=";
    case Comparison::kGreater:
      return ">";
    case Comparison::kGreaterEqual:
      return ">=";
  }
  return "";
}

// " (asked: high)" of what is not so.
std::string Asked(bool holds, std::string_view what) {
  return holds ? std::string() : fmt::format(" (asked: {})", what);
}

// "1 session", "3 sessions".
std::string Counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string EventsOf(const Definition& definition, const Tracker& tracker) {
  if (tracker.events.size() > 1 && tracker.events == definition.playbook().core_features) {
    return "core feature";
  }
  std::vector<std::string> names;
  for (const std::string& event : tracker.events) {
    names.push_back(definition.DisplayNameOf(event));
  }
  return fmt::format("{}", fmt::join(names, " or "));
}

Finding SayMoment(const ConditionNode& node, const Facts& facts, bool holds) {
  const std::string words = WordsOf(facts.definition.playbook(), *node.moment);
  const std::optional<Instant> at = MomentTime(facts, *node.moment);
  if (!at.has_value()) {
    return {.said = fmt::format("{} is not known", words)};
  }
  return {.said = fmt::format("{} ({}) {}", DateOf(*at), words,
                              holds ? "has passed" : "has not come yet"),
          .changes_at = holds ? std::nullopt : at};
}

// "no login yet"; with a comma in it the other way round.
std::string NotYet(const std::string& what) {
  return what.find(',') == std::string::npos ? fmt::format("no {} yet", what)
                                             : fmt::format("not yet: {}", what);
}

std::string TimesText(std::size_t need, std::string_view what) {
  return need == 1 ? std::string(what) : fmt::format("{} {} times", what, need);
}

// Occurrences that count only for a while, or only after the trigger.
Finding SayRecent(const ConditionNode& node, const Facts& facts, bool holds,
                  const std::string& what) {
  const TrackerState* kept = KeptBy(facts, node.tracker);
  const auto need = static_cast<std::size_t>(node.at_least);
  const std::string span = node.is_after_trigger
                               ? std::string("since it was triggered")
                               : fmt::format("in the last {}", FormatDuration(node.span));
  if (holds) {
    const Occurrence& needed = kept->kept[kept->kept.size() - need];
    return {
        .said = fmt::format("{} {}, last {}", TimesText(need, what), span,
                            DateOf(kept->kept.back().at)),
        .changes_at = node.is_after_trigger ? std::nullopt : std::optional(needed.at + node.span)};
  }
  if (node.is_after_trigger && !facts.trigger.has_value()) {
    return {.said = fmt::format("no {} {}", what, span)};
  }
  const Instant from = node.is_after_trigger ? *facts.trigger : facts.clock - node.span;
  const auto have =
      kept == nullptr
          ? 0
          : std::ranges::count_if(kept->kept, [&](const Occurrence& o) { return o.at >= from; });
  return {.said = have == 0 ? fmt::format("no {} {}", what, span)
                            : fmt::format("{}: {} of {} {}", what, have, need, span)};
}

Finding SayDid(const ConditionNode& node, const Facts& facts, bool holds) {
  const std::string what =
      WordsOf(facts.definition,
              facts.definition.playbook().trackers[static_cast<std::size_t>(node.tracker)]);
  if (node.span > milliseconds(0) || node.is_after_trigger) {
    return SayRecent(node, facts, holds, what);
  }
  const TrackerState* kept = KeptBy(facts, node.tracker);
  const auto need = static_cast<std::size_t>(node.at_least);
  if (holds) {
    return {.said =
                fmt::format("{} on {}", TimesText(need, what), DateOf(kept->kept[need - 1].at))};
  }
  const auto have =
      kept == nullptr ? 0 : std::ranges::count_if(kept->kept, [&](const Occurrence& o) {
        return o.at <= facts.evidence_until;
      });
  std::string said =
      have == 0 ? NotYet(what) : fmt::format("{}: {} of {} so far", what, have, need);
  if (have == 0 && need > 1) {
    said += fmt::format(", {} needed", need);
  }
  if (!node.moment.has_value()) {
    return {.said = std::move(said)};
  }
  const std::string words = WordsOf(facts.definition.playbook(), *node.moment);
  const std::optional<Instant> before = MomentTime(facts, *node.moment);
  if (!before.has_value()) {
    return {.said = fmt::format("{}, and {} is not known", said, words)};
  }
  if (static_cast<std::size_t>(have) >= need) {
    return {.said = fmt::format("{} came on {} only, after {} ({})", TimesText(need, what),
                                DateOf(kept->kept[need - 1].at), DateOf(*before), words)};
  }
  return {.said = fmt::format("{}; it had to come before {} ({})", said, DateOf(*before), words)};
}

Finding SayTrait(const ConditionNode& node, const Facts& facts, bool holds) {
  const std::string whose = node.is_of_account ? "the account's" : "the user's";
  const std::string words = fmt::format("{}", fmt::join(node.texts, " or "));
  const std::string asked =
      node.texts.empty() ? ""
                         : Asked(holds, node.comparison == Comparison::kEqual
                                            ? words
                                            : fmt::format("{} {}", SignOf(node.comparison), words));
  std::optional<std::string> text;
  if (node.is_of_account) {
    text = TraitText(facts.account.traits, node.name);
  } else if (facts.user != nullptr) {
    text = TraitText(facts.user->traits, node.name);
  }
  return {.said = text.has_value() ? fmt::format("{} {} is {}{}", whose, node.name, *text, asked)
                                   : fmt::format("{} {} is not known{}", whose, node.name, asked)};
}

Finding SayMrrPerSeat(const ConditionNode& node, const Facts& facts, bool holds) {
  const std::optional<double> mrr = TraitNumber(facts.account.traits, "mrr");
  const std::optional<double> seats = TraitNumber(facts.account.traits, "seats");
  const std::string asked =
      Asked(holds, fmt::format("{} {}", SignOf(node.comparison), node.number));
  if (!mrr.has_value() || !seats.has_value() || *seats <= 0) {
    return {.said = "MRR per seat is not known" + asked};
  }
  return {.said = fmt::format("MRR per seat is {:.2f}{}", *mrr / *seats, asked)};
}

std::string WhoOf(const MemberCondition& condition, const Playbook& playbook) {
  switch (condition.selector) {
    case MemberCondition::Selector::kAll:
      return "members";
    case MemberCondition::Selector::kEligible:
      return "eligible members";
    case MemberCondition::Selector::kJoined:
      return "joined members";
    case MemberCondition::Selector::kInvited:
      return "invited members";
    case MemberCondition::Selector::kRole:
      return playbook.roles[static_cast<std::size_t>(condition.role)].name + " members";
  }
  return "";
}

std::string_view HaveWhat(MemberCondition::Property property) {
  switch (property) {
    case MemberCondition::Property::kReached:
      return "reached their milestone";
    case MemberCondition::Property::kActive:
      return "are active";
    case MemberCondition::Property::kJoined:
      return "have joined";
    case MemberCondition::Property::kLate:
      return "were late";
    case MemberCondition::Property::kAtRisk:
      return "are at risk";
  }
  return "";
}

std::string_view BoundWord(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return "exactly";
    case Comparison::kNotEqual:
      return "not";
    case Comparison::kLess:
      return "less than";
    case Comparison::kLessEqual:
      return "at most";
    case Comparison::kGreater:
      return "more than";
    case Comparison::kGreaterEqual:
      return "at least";
  }
  return "";
}

// What is asked is said in any case: the numbers alone do not tell it.
Finding SayMembers(const ConditionNode& node, const Facts& facts) {
  const MemberCondition& condition = node.members;
  const SelectedMembers now = SelectedBy(facts.definition, condition, facts.account);
  const std::string who = WhoOf(condition, facts.definition.playbook());
  const std::string counted =
      fmt::format("{} of {} {} {}", now.having, now.members, who, HaveWhat(condition.property));
  const std::string_view bound = BoundWord(condition.comparison);
  switch (condition.quantifier) {
    case MemberCondition::Quantifier::kCount:
      return {.said =
                  fmt::format("{} {} (asked: {} {})", now.members, who, bound, condition.value)};
    case MemberCondition::Quantifier::kAny:
      return {.said = counted + " (asked: at least one)"};
    case MemberCondition::Quantifier::kAll:
      return {.said = counted + " (asked: all)"};
    case MemberCondition::Quantifier::kNone:
      return {.said = counted + " (asked: none)"};
    case MemberCondition::Quantifier::kShare:
      return {.said = fmt::format("{} (asked: {} {:g} %)", counted, bound, condition.value * 100)};
  }
  return {};
}

Finding SayStepOpen(const ConditionNode& node, const Facts& facts, bool holds) {
  if (facts.ladder == nullptr || facts.ladder->current == 0) {
    return {.said = "there are no steps in this role"};
  }
  if (facts.ladder->is_complete) {
    return {.said = "all steps are met"};
  }
  const Ladder& ladder = *facts.ladder;
  const std::string& name = ladder.rungs[static_cast<std::size_t>(ladder.current) - 1].step->name;
  if (!ladder.entered_at.has_value()) {
    return {.said = fmt::format("it is not known since when step '{}' is open", name)};
  }
  const Instant at = *ladder.entered_at + node.span;
  return {.said = fmt::format("step '{}' is open since {}, {} it counts from {}", name,
                              DateOf(*ladder.entered_at), holds ? "and" : "but", DateOf(at)),
          .changes_at = holds ? std::nullopt : std::optional(at)};
}

Finding SayIdle(const ConditionNode& node, const Facts& facts, bool holds) {
  if (facts.ladder != nullptr && facts.ladder->is_complete) {
    return {.said = "all steps are met"};
  }
  const std::optional<Instant> last = LastStepOf(facts);
  if (!last.has_value()) {
    return {.said = "no step is met yet"};
  }
  const Instant at = *last + node.span;
  return {
      .said = fmt::format("last active {}; {} without activity {} {}", DateOf(*last),
                          FormatDuration(node.span), holds ? "were over" : "are over", DateOf(at)),
      .changes_at = holds ? std::nullopt : std::optional(at)};
}

Finding SaySessions(const ConditionNode& node, const Facts& facts, bool holds) {
  const std::int64_t have =
      facts.user == nullptr
          ? 0
          : static_cast<std::int64_t>(facts.user->sessions.size()) + facts.user->sessions_dropped;
  std::string said =
      Counted(have, "session") + Asked(holds, fmt::format("at least {}", node.at_least));
  if (node.moment.has_value()) {
    const std::optional<Instant> before = MomentTime(facts, *node.moment);
    const std::string words = WordsOf(facts.definition.playbook(), *node.moment);
    said = before.has_value() ? fmt::format("{} {} sessions began before {} ({})",
                                            holds ? "at least" : "fewer than", node.at_least,
                                            DateOf(*before), words)
                              : fmt::format("{} is not known", words);
  }
  return {.said = std::move(said)};
}

Finding SayUseFalls(const Facts& facts, bool holds) {
  if (facts.truth == nullptr || !facts.truth->activated_at.has_value()) {
    return {.said = "it is judged after the activation"};
  }
  const Instant first = *facts.truth->activated_at + kUseFallFirstLook;
  if (facts.clock < first) {
    return {
        .said = fmt::format("it is judged from {} on, 45 d after the activation", DateOf(first)),
        .changes_at = first};
  }
  return {.said = holds ? "use has fallen against the first 30 days"
                        : "use has not fallen against the first 30 days"};
}

Finding SayMeasurement(const ConditionNode& node, const Facts& facts, bool holds) {
  if (!facts.incomplete_since.has_value()) {
    return {.said = "the measurement is complete"};
  }
  return {.said = fmt::format("the measurement is incomplete since {}",
                              DateOf(*facts.incomplete_since)),
          .changes_at = holds ? std::nullopt : std::optional(*facts.incomplete_since + node.span)};
}

Finding SayReached(std::string_view what, const std::optional<Instant>& at, bool holds) {
  if (!holds) {
    return {.said = fmt::format("{} is not activated", what)};
  }
  return {.said = at.has_value() ? fmt::format("{} is activated since {}", what, DateOf(*at))
                                 : fmt::format("{} is activated", what)};
}

Finding SayActivity(const ConditionNode& node, const Facts& facts, bool holds) {
  const User* const user = facts.user;
  if (node.kind == ConditionKind::kActiveDays) {
    const int days = user == nullptr ? 0 : user->active_days.count();
    return {.said = Counted(days, "active day") +
                    Asked(holds, fmt::format("at least {}", node.at_least))};
  }
  if (node.kind == ConditionKind::kCoreTime) {
    const milliseconds have = user == nullptr ? milliseconds(0) : user->core_time;
    return {.said = FormatDuration(std::chrono::floor<std::chrono::seconds>(have)) +
                    " of core time" + Asked(holds, "at least " + FormatDuration(node.span))};
  }
  if (holds) {
    return {.said = fmt::format("the same page or action {} or more in {}",
                                Counted(node.at_least, "time"), Counted(node.sessions, "session"))};
  }
  const std::int32_t most = user == nullptr ? 0 : user->struggle.repeats_max;
  return {.said = fmt::format("the same page or action {} in a row at most (asked: {} in {})",
                              Counted(most, "time"), Counted(node.at_least, "time"),
                              Counted(node.sessions, "session"))};
}

Finding SayStanding(const ConditionNode& node, const Facts& facts, bool holds) {
  std::string now;
  std::string_view what;
  if (node.kind == ConditionKind::kRole) {
    what = "role";
    now = facts.truth == nullptr ? "" : facts.truth->current.role;
  } else if (node.kind == ConditionKind::kState) {
    what = "activation";
    now = facts.truth == nullptr ? "" : std::string(UserStateName(facts.truth->state));
  } else if (node.kind == ConditionKind::kRisk) {
    what = "risk";
    now = RiskLevelName(facts.user == nullptr ? facts.account.risk.level : facts.user->risk.level);
  } else {
    what = "stage";
    now = facts.account.stage;
  }
  const std::string asked = fmt::format("{}", fmt::join(node.texts, " or "));
  return {.said = fmt::format("the {} is {}{}", what, now.empty() ? "not known" : Spaced(now),
                              Asked(holds, Spaced(asked)))};
}

Finding SayAnyStep(const Facts& facts, bool holds) {
  if (!holds) {
    return {.said = "no step is met yet"};
  }
  std::optional<Instant> first;
  for (const Ladder::Rung& rung : facts.ladder->rungs) {
    if (rung.met_at.has_value()) {
      first = std::min(first.value_or(*rung.met_at), *rung.met_at);
    }
  }
  return {.said = fmt::format("a first step was met on {}", DateOf(*first))};
}

Finding Say(const ConditionNode& node, const Facts& facts, bool holds) {
  switch (node.kind) {
    case ConditionKind::kAlways:
      return {.said = "always"};
    case ConditionKind::kReached:
      return SayMoment(node, facts, holds);
    case ConditionKind::kDid:
      return SayDid(node, facts, holds);
    case ConditionKind::kRole:
    case ConditionKind::kState:
    case ConditionKind::kRisk:
    case ConditionKind::kStage:
      return SayStanding(node, facts, holds);
    case ConditionKind::kReachedMilestone:
      return SayReached("the user",
                        facts.truth == nullptr ? std::nullopt : facts.truth->activated_at, holds);
    case ConditionKind::kAccountActivated:
      return SayReached("the account", facts.account.activated_at, holds);
    case ConditionKind::kTrait:
      return SayTrait(node, facts, holds);
    case ConditionKind::kMrrPerSeat:
      return SayMrrPerSeat(node, facts, holds);
    case ConditionKind::kMembers:
      return SayMembers(node, facts);
    case ConditionKind::kAnyStep:
      return SayAnyStep(facts, holds);
    case ConditionKind::kStepOpenFor:
      return SayStepOpen(node, facts, holds);
    case ConditionKind::kIdle:
      return SayIdle(node, facts, holds);
    case ConditionKind::kSessions:
      return SaySessions(node, facts, holds);
    case ConditionKind::kActiveDays:
    case ConditionKind::kCoreTime:
    case ConditionKind::kRepeated:
      return SayActivity(node, facts, holds);
    case ConditionKind::kUseFalls:
      return SayUseFalls(facts, holds);
    case ConditionKind::kMeasurement:
      return SayMeasurement(node, facts, holds);
    case ConditionKind::kStageLate:
      return {.said = holds ? "the account is late in its stage"
                            : "the account is not late in its stage"};
    case ConditionKind::kAll:
    case ConditionKind::kAny:
    case ConditionKind::kNot:
      break;
  }
  FOOTHOLD_CHECK(false, "an operator is no question");
}

}  // namespace

std::string WordsOf(const Playbook& playbook, const Moment& moment) {
  const std::string anchor =
      moment.anchor == Moment::kTrigger
          ? "the trigger"
          : Spaced(playbook.anchors[static_cast<std::size_t>(moment.anchor)].name);
  if (moment.offset == milliseconds(0)) {
    return anchor;
  }
  return moment.offset > milliseconds(0)
             ? fmt::format("{} after {}", FormatDuration(moment.offset), anchor)
             : fmt::format("{} before {}", FormatDuration(-moment.offset), anchor);
}

std::string WordsOf(const Definition& definition, const Tracker& tracker) {
  std::string words;
  switch (tracker.kind) {
    case TrackerKind::kDid:
      words = EventsOf(definition, tracker);
      break;
    case TrackerKind::kAccountDid:
      words = EventsOf(definition, tracker) + " by anyone";
      break;
    case TrackerKind::kAccess:
      words = "use of the product";
      break;
    case TrackerKind::kAccountAccess:
      words = "use of the product by anyone";
      break;
    case TrackerKind::kInvited:
      words = "invitation";
      break;
    case TrackerKind::kAnyEvent:
      words = "event";
      break;
  }
  if (!tracker.distinct.empty()) {
    words += fmt::format(" (distinct {})", tracker.distinct);
  }
  for (std::size_t i = 0; i < tracker.where.size(); ++i) {
    const PropertyCondition& where = tracker.where[i];
    words += fmt::format("{} {} {} {}", i == 0 ? ", where" : " and", where.property,
                         where.comparison == Comparison::kEqual ? "is" : SignOf(where.comparison),
                         fmt::join(where.any_of, " or "));
  }
  return words;
}

Finding FindingOf(const ConditionNode& node, const Facts& facts) {
  const bool holds = Judge({.label = {}, .nodes = {node}}, facts).holds;
  Finding finding = Say(node, facts, holds);
  finding.kind = node.kind;
  finding.holds = holds;
  return finding;
}

}  // namespace foothold::journey
