#include "src/codec/record_messages.h"

#include <cmath>

#include "proto/account_status.pb.h"
#include "proto/activation_changed.pb.h"
#include "proto/onboarding_progress.pb.h"
#include "proto/user_status.pb.h"
#include "src/codec/record_blocks.h"
#include "src/codec/record_words.h"

namespace foothold::codec {
namespace {

v1::ActivationClass ClassOf(journey::ActivationClass activation_class) {
  return static_cast<v1::ActivationClass>(activation_class);
}
static_assert(static_cast<int>(journey::ActivationClass::kOrganic) == v1::ACTIVATION_CLASS_ORGANIC);
static_assert(static_cast<int>(journey::ActivationClass::kAssisted) ==
              v1::ACTIVATION_CLASS_ASSISTED);
static_assert(static_cast<int>(journey::ActivationClass::kLate) == v1::ACTIVATION_CLASS_LATE);
static_assert(static_cast<int>(journey::Scope::kUser) == v1::SCOPE_USER);
static_assert(static_cast<int>(journey::Scope::kAccount) == v1::SCOPE_ACCOUNT);
static_assert(static_cast<int>(journey::Mode::kLive) == v1::MODE_LIVE);
static_assert(static_cast<int>(journey::Mode::kBackfill) == v1::MODE_BACKFILL);
static_assert(static_cast<int>(journey::Mode::kCorrection) == v1::MODE_CORRECTION);
static_assert(static_cast<int>(journey::Mode::kRedecided) == v1::MODE_REDECIDED);
static_assert(static_cast<int>(journey::StepChange::kEntered) == v1::STEP_CHANGE_ENTERED);
static_assert(static_cast<int>(journey::StepChange::kCompleted) == v1::STEP_CHANGE_COMPLETED);
static_assert(static_cast<int>(journey::StepChange::kReverted) == v1::STEP_CHANGE_REVERTED);
static_assert(static_cast<int>(journey::UserState::kNotStarted) ==
              v1::ACTIVATION_STATE_NOT_STARTED);
static_assert(static_cast<int>(journey::UserState::kActivatedLate) ==
              v1::ACTIVATION_STATE_ACTIVATED_LATE);

void FillWindow(const journey::WindowBlock& window, v1::ActivationWindow* message) {
  message->set_anchor(window.anchor);
  message->set_opens_at(ToMs(window.opens_at));
  message->set_closes_at(ToMs(window.closes_at));
}

void FillComposition(const journey::CompositionRow& row, v1::Composition* message) {
  if (!row.role.empty()) {
    message->set_role(row.role);
  }
  message->set_invited(row.invited);
  message->set_joined(row.joined);
  message->set_active(row.active);
  message->set_reached(row.reached);
  message->set_late(row.late);
}

// Risk stands in both statuses under the same names.
template <class Record, class Message>
void FillRisk(const Record& record, Message* message) {
  Set(record.dropoff_risk, [&](const auto& level) { message->set_dropoff_risk(RiskOf(level)); });
  Set(record.risk_score, [&](std::int32_t score) { message->set_risk_score(score); });
  for (const journey::RiskReason& reason : record.risk_reasons) {
    FillReason(reason, message->add_risk_reasons());
  }
  FillMeasurement(record.measurement, message->mutable_measurement());
}

void FillSteps(const journey::UserStatus& record, v1::UserStatus* message) {
  Set(record.current_step, [&](std::int32_t step) { message->set_current_step(step); });
  Set(record.step_name, [&](const auto& text) { message->set_step_name(text); });
  SetTime(record.step_entered_at, [&](std::int64_t ms) { message->set_step_entered_at(ms); });
  Set(record.days_in_current_step,
      [&](std::int64_t days) { message->set_days_in_current_step(days); });
  for (const journey::StepStatus& step : record.steps) {
    v1::StepStatus* const written = message->add_steps();
    written->set_name(step.name);
    written->set_class_(StepClassOf(step.step_class));
    SetTime(step.met_at, [&](std::int64_t ms) { written->set_met_at(ms); });
  }
}

void FillFirsts(const journey::UserStatus& record, v1::UserStatus* message) {
  SetTime(record.profile_completed, [&](std::int64_t ms) { message->set_profile_completed(ms); });
  SetTime(record.integration_connected,
          [&](std::int64_t ms) { message->set_integration_connected(ms); });
  SetTime(record.first_dashboard_viewed,
          [&](std::int64_t ms) { message->set_first_dashboard_viewed(ms); });
  SetTime(record.first_report_exported,
          [&](std::int64_t ms) { message->set_first_report_exported(ms); });
  SetTime(record.activated, [&](std::int64_t ms) { message->set_activated(ms); });
}

void FillUse(const journey::UserStatus& record, v1::UserStatus* message) {
  v1::Anchors* const anchors = message->mutable_anchors();
  SetTime(record.anchor_signup, [&](std::int64_t ms) { anchors->set_signup(ms); });
  SetTime(record.anchor_first_access, [&](std::int64_t ms) { anchors->set_first_access(ms); });
  SetTime(record.anchor_invite, [&](std::int64_t ms) { anchors->set_invite(ms); });
  message->set_session_count(record.session_count);
  message->set_active_days(record.active_days);
  message->set_core_minutes(record.core_minutes);
  SetTime(record.first_seen_at, [&](std::int64_t ms) { message->set_first_seen_at(ms); });
  SetTime(record.last_seen_at, [&](std::int64_t ms) { message->set_last_seen_at(ms); });
  Set(record.days_since_signup, [&](std::int64_t days) { message->set_days_since_signup(days); });
  Set(record.time_to_value_from_signup_s,
      [&](std::int64_t s) { message->set_time_to_value_from_signup_s(s); });
  Set(record.time_to_value_from_first_access_s,
      [&](std::int64_t s) { message->set_time_to_value_from_first_access_s(s); });
  Set(record.signup_week, [&](const auto& text) { message->set_signup_week(text); });
}

void FillProgress(const journey::AccountStatus& record, v1::AccountStatus* message) {
  for (const journey::AccountStep& step : record.progress) {
    v1::AccountStep* const written = message->add_progress();
    written->set_step(step.step);
    written->set_class_(StepClassOf(step.step_class));
    written->set_reached_by(step.reached_by);
    SetTime(step.met_at, [&](std::int64_t ms) { written->set_met_at(ms); });
  }
  for (const journey::Blocker& blocker : record.blockers) {
    FillBlocker(blocker, message->add_blockers());
  }
  for (const journey::FunnelRow& row : record.funnel) {
    v1::FunnelTransition* const written = message->add_funnel();
    written->set_transition(row.transition);
    written->set_entered(row.entered);
    written->set_completed(row.completed);
    Set(row.median_s, [&](double s) { written->set_median_s(s); });
  }
  for (const journey::NextTimer& timer : record.next_timers) {
    v1::NextTimer* const written = message->add_next_timers();
    written->set_kind(timer.kind);
    written->set_due(ToMs(timer.due));
  }
}

}  // namespace

void ToMessage(const journey::ActivationChanged& record, bool has_person,
               v1::ActivationChanged* message) {
  message->Clear();
  FillCommon(record.common, message);
  message->set_scope(static_cast<v1::Scope>(record.scope));
  message->set_from(StateOf(record.from));
  message->set_to(StateOf(record.to));
  Set(record.activation_class,
      [&](journey::ActivationClass value) { message->set_class_(ClassOf(value)); });
  SetTime(record.activated_at, [&](std::int64_t ms) { message->set_activated_at(ms); });
  Set(record.window,
      [&](const journey::WindowBlock& window) { FillWindow(window, message->mutable_window()); });
  for (const journey::CriterionProgress& criterion : record.progress) {
    v1::CriterionProgress* const written = message->add_progress();
    written->set_criterion(criterion.criterion);
    written->set_have(criterion.have);
    written->set_need(criterion.need);
    SetTime(criterion.met_at, [&](std::int64_t ms) { written->set_met_at(ms); });
  }
  for (const std::string& ce_id : record.assisted_by) {
    message->add_assisted_by(ce_id);
  }
  Set(record.supersedes, [&](const auto& ce_id) { message->set_supersedes(ce_id); });
  Set(record.days_since_signup, [&](std::int64_t days) { message->set_days_since_signup(days); });
  Set(record.time_to_value_from_signup_s,
      [&](std::int64_t s) { message->set_time_to_value_from_signup_s(s); });
  Set(record.time_to_value_from_first_access_s,
      [&](std::int64_t s) { message->set_time_to_value_from_first_access_s(s); });
  if (record.scope == journey::Scope::kAccount) {
    message->set_eligible(record.eligible);
    message->set_reached(record.reached);
  }
  for (const journey::CompositionRow& row : record.composition) {
    FillComposition(row, message->add_composition());
  }
  FillAccount(record.account, message->mutable_account());
  if (has_person && record.person.has_value()) {
    FillPerson(*record.person, message->mutable_person());
  }
}

void ToMessage(const journey::OnboardingProgress& record, v1::OnboardingProgress* message) {
  message->Clear();
  FillCommon(record.common, message);
  message->set_scope(static_cast<v1::Scope>(record.scope));
  message->set_step(record.step);
  message->set_step_name(record.step_name);
  message->set_step_class(StepClassOf(record.step_class));
  message->set_change(static_cast<v1::StepChange>(record.change));
  message->set_at(ToMs(record.at));
  Set(record.stage, [&](const auto& text) { message->set_stage(text); });
  Set(record.signup_week, [&](const auto& text) { message->set_signup_week(text); });
  Set(record.segment, [&](const auto& text) { message->set_segment(text); });
  Set(record.channel, [&](const auto& text) { message->set_channel(text); });
}

void ToMessage(const journey::UserStatus& record, bool has_person, v1::UserStatus* message) {
  message->Clear();
  message->set_tenant_id(record.tenant);
  message->set_user_id(record.user);
  Set(record.role, [&](const auto& text) { message->set_role(text); });
  if (has_person) {
    Set(record.email, [&](const auto& text) { message->set_email(text); });
    Set(record.name, [&](const auto& text) { message->set_name(text); });
  }
  message->set_history(record.is_history_known ? v1::HISTORY_KNOWN : v1::HISTORY_UNKNOWN);
  FillFirsts(record, message);
  message->set_activation_state(static_cast<v1::ActivationState>(record.activation_state));
  Set(record.activation_class,
      [&](journey::ActivationClass value) { message->set_activation_class(ClassOf(value)); });
  Set(record.activation_window, [&](const journey::WindowBlock& window) {
    FillWindow(window, message->mutable_activation_window());
  });
  FillSteps(record, message);
  FillRisk(record, message);
  FillUse(record, message);
  for (const std::string& ce_id : record.open_interventions) {
    message->add_open_interventions(ce_id);
  }
  SetTime(record.last_outreach_at, [&](std::int64_t ms) { message->set_last_outreach_at(ms); });
  SetTime(record.removed_at, [&](std::int64_t ms) { message->set_removed_at(ms); });
  v1::AccountOfUser* const account = message->mutable_account();
  Set(record.account_name, [&](const auto& text) { account->set_name(text); });
  Set(record.account_plan, [&](const auto& text) { account->set_plan(text); });
  Set(record.account_segment, [&](const auto& text) { account->set_segment(text); });
  Set(record.account_owner, [&](const auto& text) { account->set_owner(text); });
  message->set_playbook_version(record.playbook_version);
  message->set_as_of(ToMs(record.as_of));
  message->set_revision(record.revision);
}

void ToMessage(const journey::AccountStatus& record, v1::AccountStatus* message) {
  message->Clear();
  message->set_tenant_id(record.tenant);
  FillAccount(record.account, message);
  SetTime(record.created_at, [&](std::int64_t ms) { message->set_created_at(ms); });
  message->set_activation_state(StateOf(record.activation_state));
  SetTime(record.activated_at, [&](std::int64_t ms) { message->set_activated_at(ms); });
  message->set_eligible(record.eligible);
  message->set_reached(record.reached);
  Set(record.activation_rate,
      [&](double rate) { message->set_activation_rate(std::round(rate * 1000) / 1000); });
  for (const journey::CompositionRow& row : record.composition) {
    FillComposition(row, message->add_composition());
  }
  SetTime(record.stage_entered_at, [&](std::int64_t ms) { message->set_stage_entered_at(ms); });
  Set(record.days_in_stage, [&](std::int64_t days) { message->set_days_in_stage(days); });
  FillProgress(record, message);
  FillRisk(record, message);
  for (const std::string& ce_id : record.open_interventions) {
    message->add_open_interventions(ce_id);
  }
  message->set_playbook_version(record.playbook_version);
  message->set_as_of(ToMs(record.as_of));
  message->set_revision(record.revision);
}

}  // namespace foothold::codec
