#include "tests/config/playbook_text.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/journey/records.h"

namespace foothold::config {
namespace {

using journey::Comparison;
using journey::Condition;
using journey::ConditionKind;
using journey::ConditionNode;
using journey::MemberCondition;
using journey::Playbook;
using journey::Tracker;

constexpr std::array<std::string_view, 7> kSigns{"", "=", "!=", "<", "<=", ">", ">="};

std::string_view Sign(Comparison comparison) {
  return kSigns.at(static_cast<std::size_t>(comparison));
}

std::string Span(milliseconds span) {
  return span < milliseconds(0) ? "-" + FormatDuration(-span) : FormatDuration(span);
}

std::string DidText(const Playbook& playbook, const ConditionNode& node) {
  constexpr std::array<std::string_view, 7> kKinds{
      "", "", "access", "invited", "anyone:", "any event", "anyone's access"};
  const Tracker& tracker = playbook.trackers.at(static_cast<std::size_t>(node.tracker));
  std::string text = fmt::format("did({}{} x{}", kKinds.at(static_cast<std::size_t>(tracker.kind)),
                                 fmt::join(tracker.events, "+"), node.at_least);
  if (!tracker.distinct.empty()) {
    text += " distinct " + tracker.distinct;
  }
  for (const journey::PropertyCondition& where : tracker.where) {
    text += fmt::format(" where {}{}{}{}", where.property, Sign(where.comparison),
                        fmt::join(where.any_of, "/"), where.holds_if_absent ? "?" : "");
  }
  if (node.moment.has_value()) {
    text += " before " + TextOf(playbook, *node.moment);
  }
  if (node.span > milliseconds(0)) {
    text += " in last " + Span(node.span);
  }
  text += node.is_after_trigger ? " after trigger" : "";
  return text + (tracker.is_latest ? fmt::format(", latest {})", tracker.keep) : ")");
}

std::string MembersText(const Playbook& playbook, const MemberCondition& members) {
  constexpr std::array<std::string_view, 6> kSelectors{"",       "all",     "eligible",
                                                       "joined", "invited", "role"};
  constexpr std::array<std::string_view, 6> kQuantifiers{"",     "any",   "all",
                                                         "none", "share", "count"};
  constexpr std::array<std::string_view, 6> kProperties{"",       "reached", "active",
                                                        "joined", "late",    "at_risk"};
  std::string who(kSelectors.at(static_cast<std::size_t>(members.selector)));
  if (members.selector == MemberCondition::Selector::kRole) {
    who += " " + playbook.roles.at(static_cast<std::size_t>(members.role)).name;
  }
  std::string text = fmt::format("members({} {}", who,
                                 kQuantifiers.at(static_cast<std::size_t>(members.quantifier)));
  if (members.quantifier != MemberCondition::Quantifier::kCount) {
    text += fmt::format(" {}", kProperties.at(static_cast<std::size_t>(members.property)));
  }
  if (members.quantifier == MemberCondition::Quantifier::kShare ||
      members.quantifier == MemberCondition::Quantifier::kCount) {
    text += fmt::format(" {}{}", Sign(members.comparison), members.value);
  }
  return text + (members.or_empty ? " or empty)" : ")");
}

std::string NodeText(const Playbook& playbook, const ConditionNode& node) {
  const std::string words = fmt::format("{}", fmt::join(node.texts, "/"));
  switch (node.kind) {
    case ConditionKind::kAll:
      return fmt::format("all{}", node.arity);
    case ConditionKind::kAny:
      return fmt::format("any{}", node.arity);
    case ConditionKind::kNot:
      return "not";
    case ConditionKind::kAlways:
      return "always";
    case ConditionKind::kReached:
      return fmt::format("reached({})", TextOf(playbook, *node.moment));
    case ConditionKind::kDid:
      return DidText(playbook, node);
    case ConditionKind::kRole:
      return fmt::format("role({})", words);
    case ConditionKind::kState:
      return fmt::format("state({})", words);
    case ConditionKind::kReachedMilestone:
      return "activated";
    case ConditionKind::kAccountActivated:
      return "account_activated";
    case ConditionKind::kTrait:
      return fmt::format("{}trait({}{}{})", node.is_of_account ? "" : "user ", node.name,
                         node.texts.empty() ? "" : Sign(node.comparison), words);
    case ConditionKind::kMrrPerSeat:
      return fmt::format("mrr_per_seat({}{})", Sign(node.comparison), node.number);
    case ConditionKind::kMembers:
      return MembersText(playbook, node.members);
    case ConditionKind::kAnyStep:
      return "any_step";
    case ConditionKind::kStepOpenFor:
      return fmt::format("step_open({})", Span(node.span));
    case ConditionKind::kIdle:
      return fmt::format("idle({})", Span(node.span));
    case ConditionKind::kSessions:
      return fmt::format(
          "sessions({}{})", node.at_least,
          node.moment.has_value() ? " before " + TextOf(playbook, *node.moment) : "");
    case ConditionKind::kActiveDays:
      return fmt::format("active_days({})", node.at_least);
    case ConditionKind::kUseFalls:
      return fmt::format("use_falls({})", node.number);
    case ConditionKind::kCoreTime:
      return fmt::format("core_time({})", Span(node.span));
    case ConditionKind::kRepeated:
      return fmt::format("repeated({} in {})", node.at_least, node.sessions);
    case ConditionKind::kRisk:
      return fmt::format("risk({})", words);
    case ConditionKind::kMeasurement:
      return fmt::format("incomplete({})", Span(node.span));
    case ConditionKind::kStage:
      return fmt::format("stage({})", words);
    case ConditionKind::kStageLate:
      return "stage_late";
  }
  return "?";
}

std::string AskText(const journey::Ask& ask) {
  std::string text = fmt::format("{} {}", journey::ChannelName(ask.channel), ask.template_name);
  if (ask.task.has_value()) {
    text += fmt::format("{} \"{}\"{}", ask.task->type, ask.task->subject,
                        ask.task->due.has_value() ? " due " + Span(*ask.task->due) : "");
  }
  return ask.to.empty() ? text : fmt::format("{} to {}", text, fmt::join(ask.to, "/"));
}

}  // namespace

std::string TextOf(const Playbook& playbook, const journey::Moment& moment) {
  return fmt::format("{} of {}", Span(moment.offset),
                     moment.anchor == journey::Moment::kTrigger
                         ? "trigger"
                         : playbook.anchors.at(static_cast<std::size_t>(moment.anchor)).name);
}

std::string TextOf(const Playbook& playbook, const Condition& condition) {
  std::string text;
  for (const ConditionNode& node : condition.nodes) {
    text += (text.empty() ? "" : " ") + NodeText(playbook, node);
  }
  return text;
}

std::string TextOf(const Playbook& playbook, const journey::Rung& rung) {
  std::string text = fmt::format("at {} until {}: {}", TextOf(playbook, rung.at),
                                 TextOf(playbook, *rung.until), AskText(rung.ask));
  if (rung.where.has_value()) {
    text += fmt::format(" where {}", TextOf(playbook, *rung.where));
  }
  if (rung.otherwise.has_value()) {
    text += fmt::format(" else {}", AskText(*rung.otherwise));
  }
  return text + (rung.needs_approval ? ", approval" : "");
}

}  // namespace foothold::config
