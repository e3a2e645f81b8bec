#include <string>

#include "proto/dropoff_risk_changed.pb.h"
#include "proto/interventions.pb.h"
#include "src/codec/record_blocks.h"
#include "src/codec/record_messages.h"

namespace foothold::codec {
namespace {

static_assert(static_cast<int>(journey::Action::kEmail) == v1::ACTION_EMAIL);
static_assert(static_cast<int>(journey::Action::kChat) == v1::ACTION_CHAT);
static_assert(static_cast<int>(journey::Priority::kLow) == v1::PRIORITY_LOW);
static_assert(static_cast<int>(journey::Priority::kHigh) == v1::PRIORITY_HIGH);
static_assert(static_cast<int>(journey::CancelCause::kConditionCleared) ==
              v1::CANCEL_CAUSE_CONDITION_CLEARED);
static_assert(static_cast<int>(journey::CancelCause::kErased) == v1::CANCEL_CAUSE_ERASED);
static_assert(static_cast<int>(journey::Suppressor::kKilled) == v1::SUPPRESSOR_KILLED);
static_assert(static_cast<int>(journey::Suppressor::kMeasurement) == v1::SUPPRESSOR_MEASUREMENT);
static_assert(static_cast<int>(journey::Outcome::kConverted) == v1::OUTCOME_CONVERTED);
static_assert(static_cast<int>(journey::Outcome::kChurned) == v1::OUTCOME_CHURNED);

void FillRecipient(const journey::Recipient& recipient, bool has_person, v1::Recipient* message) {
  Set(recipient.role, [&](const auto& text) { message->set_role(text); });
  Set(recipient.user, [&](const auto& text) { message->set_user_id(text); });
  Set(recipient.timezone, [&](const auto& text) { message->set_timezone(text); });
  if (has_person) {
    Set(recipient.email, [&](const auto& text) { message->set_email(text); });
    Set(recipient.name, [&](const auto& text) { message->set_name(text); });
  }
}

void FillTask(const journey::TaskBlock& task, v1::Task* message) {
  message->set_subject(task.subject);
  message->set_body(task.body);
  message->set_type(task.type);
  message->set_priority(static_cast<v1::Priority>(task.priority));
  SetTime(task.due_at, [&](std::int64_t ms) { message->set_due_at(ms); });
  Set(task.owner_id, [&](const auto& text) { message->set_owner_id(text); });
  message->set_tenant_id(task.tenant);
  message->set_intervention_id(task.intervention_id);
}

void FillGate(const journey::GateBlock& gate, v1::Gate* message) {
  Set(gate.caps, [&](const auto& text) { message->set_caps(text); });
  Set(gate.quiet_hours, [&](const auto& text) { message->set_quiet_hours(text); });
  Set(gate.consent, [&](const auto& text) { message->set_consent(text); });
  Set(gate.approval, [&](const auto& text) { message->set_approval(text); });
  Set(gate.holdout, [&](const auto& text) { message->set_holdout(text); });
}

void FillStatus(const journey::AskBlock& ask, bool has_person, v1::SubjectStatus* message) {
  if (ask.user_status.has_value()) {
    ToMessage(*ask.user_status, has_person, message->mutable_user());
  }
  if (ask.account_status.has_value()) {
    ToMessage(*ask.account_status, message->mutable_account());
  }
}

void FillAsk(const journey::AskBlock& ask, bool is_of_user, bool has_person,
             v1::InterventionRequested* message) {
  message->set_action(static_cast<v1::Action>(ask.action));
  message->set_channel(std::string(ChannelName(ask.channel)));
  message->set_template_(ask.template_name);
  for (const auto& [name, value] : ask.parameters) {
    v1::TemplateParameter* const written = message->add_parameters();
    written->set_name(name);
    written->set_value(value);
  }
  FillRecipient(ask.recipient, has_person, message->mutable_recipient());
  Set(ask.task, [&](const journey::TaskBlock& task) { FillTask(task, message->mutable_task()); });
  message->set_priority(static_cast<v1::Priority>(ask.priority));
  message->mutable_ladder()->set_name(ask.ladder);
  message->mutable_ladder()->set_rung(ask.rung);
  message->mutable_ladder()->set_of(ask.of);
  message->set_episode(ask.episode);
  message->set_due_at(ToMs(ask.due_at));
  SetTime(ask.not_before, [&](std::int64_t ms) { message->set_not_before(ms); });
  SetTime(ask.expires_at, [&](std::int64_t ms) { message->set_expires_at(ms); });
  FillGate(ask.gate, message->mutable_gate());
  Set(ask.cancel_if, [&](const auto& text) { message->set_cancel_if(text); });
  FillAccount(ask.account, message->mutable_account());
  if (has_person && is_of_user) {
    FillPerson(ask.person, message->mutable_person());
  }
  FillStatus(ask, has_person, message->mutable_status());
}

// A request inside another record repeats its common fields: a receiver reads it as it would read
// the request itself.
template <class Record, class Message>
void FillRequest(const Record& record, bool has_person, Message* message) {
  v1::InterventionRequested* const request = message->mutable_request();
  FillCommon(record.common, request);
  FillAsk(record.ask, record.common.user.has_value(), has_person, request);
}

}  // namespace

void ToMessage(const journey::DropoffRiskChanged& record, bool has_person,
               v1::DropoffRiskChanged* message) {
  message->Clear();
  FillCommon(record.common, message);
  message->set_scope(static_cast<v1::Scope>(record.scope));
  message->set_from(RiskOf(record.from));
  message->set_to(RiskOf(record.to));
  message->set_score(record.score);
  for (const journey::RiskReason& reason : record.reasons) {
    FillReason(reason, message->add_reasons());
  }
  for (const journey::Blocker& blocker : record.blockers) {
    FillBlocker(blocker, message->add_blockers());
  }
  Set(record.current_step, [&](std::int32_t step) { message->set_current_step(step); });
  Set(record.step_name, [&](const auto& text) { message->set_step_name(text); });
  SetTime(record.step_entered_at, [&](std::int64_t ms) { message->set_step_entered_at(ms); });
  Set(record.days_in_current_step,
      [&](std::int64_t days) { message->set_days_in_current_step(days); });
  Set(record.next_step, [&](const auto& text) { message->set_next_step(text); });
  FillMeasurement(record.measurement, message->mutable_measurement());
  message->set_held(record.is_held);
  SetTime(record.next_evaluation_at, [&](std::int64_t ms) { message->set_next_evaluation_at(ms); });
  Set(record.days_since_signup, [&](std::int64_t days) { message->set_days_since_signup(days); });
  FillAccount(record.account, message->mutable_account());
  if (has_person && record.scope == journey::Scope::kUser) {
    FillPerson(record.person, message->mutable_person());
  }
}

void ToMessage(const journey::InterventionRequested& record, bool has_person,
               v1::InterventionRequested* message) {
  message->Clear();
  FillCommon(record.common, message);
  FillAsk(record.ask, record.common.user.has_value(), has_person, message);
}

void ToMessage(const journey::InterventionCancelled& record, v1::InterventionCancelled* message) {
  message->Clear();
  FillCommon(record.common, message);
  message->set_intervention_id(record.intervention_id);
  message->set_cause(static_cast<v1::CancelCause>(record.cause));
}

void ToMessage(const journey::InterventionSuppressed& record, bool has_person,
               v1::InterventionSuppressed* message) {
  message->Clear();
  FillCommon(record.common, message);
  FillRequest(record, has_person, message);
  message->set_suppressed_by(static_cast<v1::Suppressor>(record.by));
}

void ToMessage(const journey::InterventionOutcome& record, v1::InterventionOutcome* message) {
  message->Clear();
  FillCommon(record.common, message);
  message->set_intervention_id(record.intervention_id);
  message->set_outcome(static_cast<v1::Outcome>(record.outcome));
  message->set_at(ToMs(record.at));
  message->set_holdout(record.is_holdout);
  message->set_ladder(record.ladder);
  message->set_rung(record.rung);
}

void ToMessage(const journey::InterventionShadow& record, bool has_person,
               v1::InterventionShadow* message) {
  message->Clear();
  FillCommon(record.common, message);
  FillRequest(record, has_person, message);
  message->set_would_be(record.by.has_value() ? v1::WOULD_BE_SUPPRESSED : v1::WOULD_BE_REQUESTED);
  Set(record.by,
      [&](journey::Suppressor by) { message->set_suppressed_by(static_cast<v1::Suppressor>(by)); });
}

}  // namespace foothold::codec
