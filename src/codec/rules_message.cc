#include "src/codec/rules_message.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "proto/playbook.pb.h"

namespace foothold::codec {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

void Write(const journey::Moment& moment, v1::Moment* message) {
  message->set_anchor(moment.anchor);
  message->set_offset_ms(moment.offset.count());
}

journey::Moment Read(const v1::Moment& message) {
  return {.anchor = message.anchor(), .offset = milliseconds(message.offset_ms())};
}

void Write(const journey::ConditionNode& node, v1::ConditionNode* message) {
  const journey::ConditionNode usual;
  message->set_kind(static_cast<v1::ConditionKind>(node.kind));
  message->set_arity(node.arity);
  message->set_tracker(node.tracker);
  message->set_at_least(node.at_least);
  message->set_sessions(node.sessions);
  if (node.moment.has_value()) {
    Write(*node.moment, message->mutable_moment());
  }
  message->set_span_ms(node.span.count());
  message->set_is_after_trigger(node.is_after_trigger);
  message->set_is_of_account(node.is_of_account);
  message->set_name(node.name);
  message->set_comparison(static_cast<v1::Comparison>(node.comparison));
  for (const std::string& text : node.texts) {
    message->add_texts(text);
  }
  message->set_number(node.number);
  if (node.members != usual.members) {
    WriteMembers(node.members, message->mutable_members());
  }
}

journey::ConditionNode Read(const v1::ConditionNode& message, SetReader* sets) {
  journey::ConditionNode node;
  node.kind = sets->Read(message.kind(), journey::ConditionKind::kStageLate);
  node.arity = message.arity();
  node.tracker = message.tracker();
  node.at_least = message.at_least();
  node.sessions = message.sessions();
  if (message.has_moment()) {
    node.moment = Read(message.moment());
  }
  node.span = milliseconds(message.span_ms());
  node.is_after_trigger = message.is_after_trigger();
  node.is_of_account = message.is_of_account();
  node.name = message.name();
  node.comparison = sets->Read(message.comparison(), journey::Comparison::kGreaterEqual);
  node.texts.assign(message.texts().begin(), message.texts().end());
  node.number = message.number();
  if (message.has_members()) {
    node.members = ReadMembers(message.members(), sets);
  }
  return node;
}

void Write(const journey::Condition& condition, v1::Condition* message) {
  message->set_label(condition.label);
  for (const journey::ConditionNode& node : condition.nodes) {
    Write(node, message->add_nodes());
  }
}

journey::Condition Read(const v1::Condition& message, SetReader* sets) {
  journey::Condition condition{.label = message.label(), .nodes = {}};
  for (const v1::ConditionNode& node : message.nodes()) {
    condition.nodes.push_back(Read(node, sets));
  }
  return condition;
}

void Write(const journey::Ask& ask, v1::Ask* message) {
  message->set_channel(static_cast<v1::RuleChannel>(ask.channel));
  message->set_template_name(ask.template_name);
  for (const std::string& to : ask.to) {
    message->add_to(to);
  }
  if (ask.task.has_value()) {
    v1::TaskText* const task = message->mutable_task();
    task->set_type(ask.task->type);
    task->set_subject(ask.task->subject);
    task->set_body(ask.task->body);
    if (ask.task->due.has_value()) {
      task->set_due_ms(ask.task->due->count());
    }
  }
}

journey::Ask Read(const v1::Ask& message, SetReader* sets) {
  journey::Ask ask{.channel = sets->Read(message.channel(), journey::Channel::kCs),
                   .template_name = message.template_name(),
                   .to = {message.to().begin(), message.to().end()},
                   .task = std::nullopt};
  if (message.has_task()) {
    const v1::TaskText& task = message.task();
    ask.task = journey::TaskText{
        .type = task.type(), .subject = task.subject(), .body = task.body(), .due = std::nullopt};
    if (task.has_due_ms()) {
      ask.task->due = milliseconds(task.due_ms());
    }
  }
  return ask;
}

void Write(const journey::Rung& rung, v1::Rung* message) {
  Write(rung.at, message->mutable_at());
  if (rung.until.has_value()) {
    Write(*rung.until, message->mutable_until());
  }
  if (rung.where.has_value()) {
    Write(*rung.where, message->mutable_where());
  }
  Write(rung.ask, message->mutable_ask());
  if (rung.otherwise.has_value()) {
    Write(*rung.otherwise, message->mutable_otherwise());
  }
  message->set_needs_approval(rung.needs_approval);
}

journey::Rung Read(const v1::Rung& message, SetReader* sets) {
  journey::Rung rung;
  rung.at = Read(message.at());
  if (message.has_until()) {
    rung.until = Read(message.until());
  }
  if (message.has_where()) {
    rung.where = Read(message.where(), sets);
  }
  rung.ask = Read(message.ask(), sets);
  if (message.has_otherwise()) {
    rung.otherwise = Read(message.otherwise(), sets);
  }
  rung.needs_approval = message.needs_approval();
  return rung;
}

void Write(const journey::Rule& rule, v1::Rule* message) {
  message->set_name(rule.name);
  message->set_title(rule.title);
  message->set_subject(static_cast<v1::SubjectKind>(rule.subject));
  Write(rule.when, message->mutable_when());
  for (const journey::Rung& rung : rule.rungs) {
    Write(rung, message->add_rungs());
  }
  message->set_priority(static_cast<v1::RulePriority>(rule.priority));
  message->set_mode(static_cast<v1::RuleMode>(rule.mode));
  if (rule.holdout.has_value()) {
    message->set_holdout(*rule.holdout);
  }
}

journey::Rule Read(const v1::Rule& message, SetReader* sets) {
  journey::Rule rule;
  rule.name = message.name();
  rule.title = message.title();
  rule.subject = sets->Read(message.subject(), journey::SubjectKind::kAccount);
  rule.when = Read(message.when(), sets);
  for (const v1::Rung& rung : message.rungs()) {
    rule.rungs.push_back(Read(rung, sets));
  }
  rule.priority = sets->Read(message.priority(), journey::Priority::kHigh);
  rule.mode = sets->Read(message.mode(), journey::RuleMode::kOff);
  if (message.has_holdout()) {
    rule.holdout = message.holdout();
  }
  return rule;
}

void Write(const journey::Stage& stage, v1::Stage* message) {
  message->set_name(stage.name);
  Write(stage.when, message->mutable_when());
  message->set_owner(stage.owner);
  message->set_signal(stage.signal);
  message->set_next(stage.next);
  message->set_escalate(stage.escalate);
  if (stage.late_after.has_value()) {
    Write(*stage.late_after, message->mutable_late_after());
  }
}

journey::Stage Read(const v1::Stage& message, SetReader* sets) {
  journey::Stage stage;
  stage.name = message.name();
  stage.when = Read(message.when(), sets);
  stage.owner = message.owner();
  stage.signal = message.signal();
  stage.next = message.next();
  stage.escalate = message.escalate();
  if (message.has_late_after()) {
    stage.late_after = Read(message.late_after());
  }
  return stage;
}

void Write(const journey::GatePolicy& gate, v1::GatePolicy* message) {
  message->set_user_per_day(gate.user_per_day);
  message->set_user_per_week(gate.user_per_week);
  message->set_account_per_day(gate.account_per_day);
  message->set_account_per_week(gate.account_per_week);
  message->set_cs_per_week(gate.cs_per_week);
  message->set_quiet_from(gate.quiet_from);
  message->set_quiet_to(gate.quiet_to);
  message->set_zone(static_cast<v1::GatePolicy::Zone>(gate.zone));
  message->set_holdout(gate.holdout);
  message->set_breaker_factor(gate.breaker_factor);
  message->set_breaker_span_ms(gate.breaker_span.count());
  message->set_breaker_floor(gate.breaker_floor);
}

journey::GatePolicy Read(const v1::GatePolicy& message, SetReader* sets) {
  return {.user_per_day = message.user_per_day(),
          .user_per_week = message.user_per_week(),
          .account_per_day = message.account_per_day(),
          .account_per_week = message.account_per_week(),
          .cs_per_week = message.cs_per_week(),
          .quiet_from = message.quiet_from(),
          .quiet_to = message.quiet_to(),
          .zone = sets->Read(message.zone(), journey::GatePolicy::Zone::kUtc),
          .holdout = message.holdout(),
          .breaker_factor = message.breaker_factor(),
          .breaker_span = milliseconds(message.breaker_span_ms()),
          .breaker_floor = message.breaker_floor()};
}

// Offsets change on whole seconds: differences of those are two or three bytes shorter.
void Write(const journey::ZoneRules& zone, v1::ZoneRules* message) {
  message->set_name(zone.name);
  std::int64_t last = 0;
  for (const journey::ZoneRules::Offset& offset : zone.offsets) {
    const std::int64_t from = duration_cast<seconds>(offset.from.time_since_epoch()).count();
    message->add_from_s(from - last);
    message->add_minutes(offset.minutes);
    last = from;
  }
}

journey::ZoneRules Read(const v1::ZoneRules& message) {
  journey::ZoneRules zone{.name = message.name(), .offsets = {}};
  const int count = std::min(message.from_s_size(), message.minutes_size());
  std::uint64_t from = 0;  // Damage may overflow it.
  for (int i = 0; i < count; ++i) {
    from += static_cast<std::uint64_t>(message.from_s(i));
    zone.offsets.push_back({.from = InstantFromMs(static_cast<std::int64_t>(from * 1000)),
                            .minutes = message.minutes(i)});
  }
  return zone;
}

void Write(const journey::ZoneTable& zones, v1::ZoneTable* message) {
  message->set_version(zones.version);
  for (const journey::ZoneRules& zone : zones.zones) {
    Write(zone, message->add_zones());
  }
  for (const auto& [alias, name] : zones.links) {
    v1::ZoneTable::Link* const link = message->add_links();
    link->set_alias(alias);
    link->set_name(name);
  }
}

journey::ZoneTable Read(const v1::ZoneTable& message) {
  journey::ZoneTable zones{.version = message.version(), .zones = {}, .links = {}};
  for (const v1::ZoneRules& zone : message.zones()) {
    zones.zones.push_back(Read(zone));
  }
  for (const v1::ZoneTable::Link& link : message.links()) {
    zones.links.emplace_back(link.alias(), link.name());
  }
  return zones;
}

}  // namespace

void WriteMembers(const journey::MemberCondition& condition, v1::MemberCondition* message) {
  message->set_selector(static_cast<v1::MemberCondition::Selector>(condition.selector));
  message->set_role(condition.role);
  message->set_quantifier(static_cast<v1::MemberCondition::Quantifier>(condition.quantifier));
  message->set_property(static_cast<v1::MemberCondition::Property>(condition.property));
  message->set_comparison(static_cast<v1::Comparison>(condition.comparison));
  message->set_value(condition.value);
  message->set_or_empty(condition.or_empty);
}

journey::MemberCondition ReadMembers(const v1::MemberCondition& message, SetReader* sets) {
  using Condition = journey::MemberCondition;
  return {.selector = sets->Read(message.selector(), Condition::Selector::kRole),
          .role = message.role(),
          .quantifier = sets->Read(message.quantifier(), Condition::Quantifier::kCount),
          .property = sets->Read(message.property(), Condition::Property::kAtRisk),
          .comparison = sets->Read(message.comparison(), journey::Comparison::kGreaterEqual),
          .value = message.value(),
          .or_empty = message.or_empty()};
}

void WriteRules(const journey::Playbook& playbook, v1::Playbook* message) {
  for (const journey::Signal& signal : playbook.signals) {
    v1::Signal* const written = message->add_signals();
    written->set_name(signal.name);
    written->set_weight(signal.weight);
    written->set_subject(static_cast<v1::SubjectKind>(signal.subject));
    written->set_is_after_activation(signal.is_after_activation);
    Write(signal.when, written->mutable_when());
  }
  message->mutable_risk_levels()->set_medium(playbook.risk_levels.medium);
  message->mutable_risk_levels()->set_high(playbook.risk_levels.high);
  message->mutable_risk_levels()->set_hysteresis(playbook.risk_levels.hysteresis);
  for (const journey::Stage& stage : playbook.stages) {
    Write(stage, message->add_stages());
  }
  for (const journey::BlockerKind& blocker : playbook.blockers) {
    v1::BlockerKind* const written = message->add_blockers();
    written->set_name(blocker.name);
    written->set_detail(blocker.detail);
    Write(blocker.when, written->mutable_when());
  }
  for (const journey::Rule& rule : playbook.rules) {
    Write(rule, message->add_rules());
  }
  Write(playbook.gate, message->mutable_gate());
  Write(playbook.zones, message->mutable_zones());
}

void ReadRules(const v1::Playbook& message, SetReader* sets, journey::Playbook* playbook) {
  for (const v1::Signal& signal : message.signals()) {
    playbook->signals.push_back(
        {.name = signal.name(),
         .weight = signal.weight(),
         .subject = sets->Read(signal.subject(), journey::SubjectKind::kAccount),
         .is_after_activation = signal.is_after_activation(),
         .when = Read(signal.when(), sets)});
  }
  playbook->risk_levels = {.medium = message.risk_levels().medium(),
                           .high = message.risk_levels().high(),
                           .hysteresis = message.risk_levels().hysteresis()};
  for (const v1::Stage& stage : message.stages()) {
    playbook->stages.push_back(Read(stage, sets));
  }
  for (const v1::BlockerKind& blocker : message.blockers()) {
    playbook->blockers.push_back(
        {.name = blocker.name(), .detail = blocker.detail(), .when = Read(blocker.when(), sets)});
  }
  for (const v1::Rule& rule : message.rules()) {
    playbook->rules.push_back(Read(rule, sets));
  }
  playbook->gate = Read(message.gate(), sets);
  playbook->zones = Read(message.zones());
}

}  // namespace foothold::codec
