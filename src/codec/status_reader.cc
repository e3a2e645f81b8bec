#include "src/codec/status_reader.h"

#include <array>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "proto/account_status.pb.h"
#include "proto/user_status.pb.h"

namespace foothold::codec {
namespace {

// The statuses have these blocks in common.
template <class Message, class Record>
void ReadRisk(const Message& message, Record* record) {
  constexpr std::array<const char*, 4> kLevels{nullptr, "low", "medium", "high"};
  const auto level = static_cast<std::size_t>(message.dropoff_risk());
  if (level > 0 && level < kLevels.size()) {
    record->dropoff_risk = kLevels[level];
  }
  if (message.has_risk_score()) {
    record->risk_score = message.risk_score();
  }
  for (const v1::RiskReason& reason : message.risk_reasons()) {
    record->risk_reasons.push_back({.signal = reason.signal(),
                                    .weight = reason.weight(),
                                    .fact = reason.fact(),
                                    .since = InstantFromMs(reason.since())});
  }
  const v1::Measurement& measurement = message.measurement();
  record->measurement.is_complete = measurement.complete();
  record->measurement.why.assign(measurement.why().begin(), measurement.why().end());
  if (measurement.has_since()) {
    record->measurement.since = InstantFromMs(measurement.since());
  }
  record->open_interventions.assign(message.open_interventions().begin(),
                                    message.open_interventions().end());
}

std::string StepClassWord(v1::StepClass step_class) {
  constexpr std::array<const char*, 4> kWords{"", "setup", "value", "habit"};
  static_assert(v1::STEP_CLASS_HABIT == kWords.size() - 1);
  const auto number = static_cast<std::size_t>(step_class);
  return number < kWords.size() ? kWords[number] : "";
}

// A field that may be absent: Get(message.has_x(), message.x()).
std::optional<std::string> Get(bool has, const std::string& text) {
  return has ? std::optional<std::string>(text) : std::nullopt;
}

template <class Number>
std::optional<Number> Get(bool has, Number value) {
  return has ? std::optional<Number>(value) : std::nullopt;
}

std::optional<Instant> GetTime(bool has, std::int64_t ms) {
  return has ? std::optional<Instant>(InstantFromMs(ms)) : std::nullopt;
}

void ReadFirsts(const v1::UserStatus& message, journey::UserStatus* status) {
  status->profile_completed = GetTime(message.has_profile_completed(), message.profile_completed());
  status->integration_connected =
      GetTime(message.has_integration_connected(), message.integration_connected());
  status->first_dashboard_viewed =
      GetTime(message.has_first_dashboard_viewed(), message.first_dashboard_viewed());
  status->first_report_exported =
      GetTime(message.has_first_report_exported(), message.first_report_exported());
  status->activated = GetTime(message.has_activated(), message.activated());
}

void ReadSteps(const v1::UserStatus& message, journey::UserStatus* status) {
  status->current_step = Get(message.has_current_step(), message.current_step());
  status->step_name = Get(message.has_step_name(), message.step_name());
  status->step_entered_at = GetTime(message.has_step_entered_at(), message.step_entered_at());
  status->days_in_current_step =
      Get(message.has_days_in_current_step(), message.days_in_current_step());
  for (const v1::StepStatus& step : message.steps()) {
    status->steps.push_back({.name = step.name(),
                             .step_class = StepClassWord(step.class_()),
                             .met_at = GetTime(step.has_met_at(), step.met_at())});
  }
}

void ReadUse(const v1::UserStatus& message, journey::UserStatus* status) {
  const v1::Anchors& anchors = message.anchors();
  status->anchor_signup = GetTime(anchors.has_signup(), anchors.signup());
  status->anchor_first_access = GetTime(anchors.has_first_access(), anchors.first_access());
  status->anchor_invite = GetTime(anchors.has_invite(), anchors.invite());
  status->session_count = message.session_count();
  status->active_days = message.active_days();
  status->core_minutes = message.core_minutes();
  status->first_seen_at = GetTime(message.has_first_seen_at(), message.first_seen_at());
  status->last_seen_at = GetTime(message.has_last_seen_at(), message.last_seen_at());
  status->days_since_signup = Get(message.has_days_since_signup(), message.days_since_signup());
  status->time_to_value_from_signup_s =
      Get(message.has_time_to_value_from_signup_s(), message.time_to_value_from_signup_s());
  status->time_to_value_from_first_access_s = Get(message.has_time_to_value_from_first_access_s(),
                                                  message.time_to_value_from_first_access_s());
  status->signup_week = Get(message.has_signup_week(), message.signup_week());
  status->last_outreach_at = GetTime(message.has_last_outreach_at(), message.last_outreach_at());
  status->removed_at = GetTime(message.has_removed_at(), message.removed_at());
}

void ReadAccountBlock(const v1::AccountStatus& message, journey::AccountBlock* account) {
  account->name = Get(message.has_name(), message.name());
  account->plan = Get(message.has_plan(), message.plan());
  account->segment = Get(message.has_segment(), message.segment());
  account->product_model = Get(message.has_product_model(), message.product_model());
  account->mrr = Get(message.has_mrr(), message.mrr());
  account->contract_value = Get(message.has_contract_value(), message.contract_value());
  account->seats = Get(message.has_seats(), message.seats());
  account->channel = Get(message.has_channel(), message.channel());
  account->signup_week = Get(message.has_signup_week(), message.signup_week());
  account->trial_ends_at = GetTime(message.has_trial_ends_at(), message.trial_ends_at());
  account->contract_at = GetTime(message.has_contract_at(), message.contract_at());
  account->stage = Get(message.has_stage(), message.stage());
  account->owner = Get(message.has_owner(), message.owner());
  account->owner_email = Get(message.has_owner_email(), message.owner_email());
  account->decision_maker = Get(message.has_decision_maker(), message.decision_maker());
  account->open_tickets = Get(message.has_open_tickets(), message.open_tickets());
  account->last_outreach_at = GetTime(message.has_last_outreach_at(), message.last_outreach_at());
}

void ReadProgress(const v1::AccountStatus& message, journey::AccountStatus* status) {
  for (const v1::Composition& row : message.composition()) {
    status->composition.push_back({.role = row.role(),
                                   .invited = row.invited(),
                                   .joined = row.joined(),
                                   .active = row.active(),
                                   .reached = row.reached(),
                                   .late = row.late()});
  }
  for (const v1::AccountStep& step : message.progress()) {
    status->progress.push_back({.step = step.step(),
                                .step_class = StepClassWord(step.class_()),
                                .reached_by = step.reached_by(),
                                .met_at = GetTime(step.has_met_at(), step.met_at())});
  }
  for (const v1::Blocker& blocker : message.blockers()) {
    status->blockers.push_back({.name = blocker.name(),
                                .since = InstantFromMs(blocker.since()),
                                .detail = blocker.detail()});
  }
  for (const v1::FunnelTransition& row : message.funnel()) {
    status->funnel.push_back({.transition = row.transition(),
                              .entered = row.entered(),
                              .completed = row.completed(),
                              .median_s = Get(row.has_median_s(), row.median_s())});
  }
  for (const v1::NextTimer& timer : message.next_timers()) {
    status->next_timers.push_back({.kind = timer.kind(), .due = InstantFromMs(timer.due())});
  }
}

std::optional<journey::AccountState> AccountStateOf(v1::ActivationState state) {
  if (state == v1::ACTIVATION_STATE_NONE) {
    return journey::AccountState::kNone;
  }
  if (state == v1::ACTIVATION_STATE_PARTIAL) {
    return journey::AccountState::kPartial;
  }
  return state == v1::ACTIVATION_STATE_ACTIVATED
             ? std::optional<journey::AccountState>(journey::AccountState::kActivated)
             : std::nullopt;
}

}  // namespace

Result<journey::UserStatus> DecodeUserStatus(std::string_view value) {
  v1::UserStatus message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Error(Code::kInvalid, "not a user's status in Protobuf");
  }
  const int state = message.activation_state();
  if (state < v1::ACTIVATION_STATE_NOT_STARTED || state > v1::ACTIVATION_STATE_ACTIVATED_LATE) {
    return Error(Code::kInvalid, fmt::format("a user's status with activation state {}", state));
  }
  journey::UserStatus status;
  status.tenant = message.tenant_id();
  status.user = message.user_id();
  status.role = Get(message.has_role(), message.role());
  status.email = Get(message.has_email(), message.email());
  status.name = Get(message.has_name(), message.name());
  status.is_history_known = message.history() != v1::HISTORY_UNKNOWN;
  ReadFirsts(message, &status);
  status.activation_state = static_cast<journey::UserState>(state);
  if (message.activation_class() != v1::ACTIVATION_CLASS_UNSPECIFIED) {
    status.activation_class = static_cast<journey::ActivationClass>(message.activation_class());
  }
  if (message.has_activation_window()) {
    const v1::ActivationWindow& window = message.activation_window();
    status.activation_window = journey::WindowBlock{.anchor = window.anchor(),
                                                    .opens_at = InstantFromMs(window.opens_at()),
                                                    .closes_at = InstantFromMs(window.closes_at())};
  }
  ReadSteps(message, &status);
  ReadRisk(message, &status);
  ReadUse(message, &status);
  const v1::AccountOfUser& account = message.account();
  status.account_name = Get(account.has_name(), account.name());
  status.account_plan = Get(account.has_plan(), account.plan());
  status.account_segment = Get(account.has_segment(), account.segment());
  status.account_owner = Get(account.has_owner(), account.owner());
  status.playbook_version = message.playbook_version();
  status.as_of = InstantFromMs(message.as_of());
  status.revision = message.revision();
  return status;
}

Result<journey::AccountStatus> DecodeAccountStatus(std::string_view value) {
  v1::AccountStatus message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Error(Code::kInvalid, "not an account's status in Protobuf");
  }
  const std::optional<journey::AccountState> state = AccountStateOf(message.activation_state());
  if (!state.has_value()) {
    return Error(Code::kInvalid, fmt::format("an account's status with activation state {}",
                                             static_cast<int>(message.activation_state())));
  }
  journey::AccountStatus status;
  status.tenant = message.tenant_id();
  ReadAccountBlock(message, &status.account);
  status.created_at = GetTime(message.has_created_at(), message.created_at());
  status.activation_state = *state;
  status.activated_at = GetTime(message.has_activated_at(), message.activated_at());
  status.eligible = message.eligible();
  status.reached = message.reached();
  status.activation_rate = Get(message.has_activation_rate(), message.activation_rate());
  status.stage_entered_at = GetTime(message.has_stage_entered_at(), message.stage_entered_at());
  status.days_in_stage = Get(message.has_days_in_stage(), message.days_in_stage());
  ReadProgress(message, &status);
  ReadRisk(message, &status);
  status.playbook_version = message.playbook_version();
  status.as_of = InstantFromMs(message.as_of());
  status.revision = message.revision();
  return status;
}

}  // namespace foothold::codec
