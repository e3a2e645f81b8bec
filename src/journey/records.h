#pragma once

// What the engine decides, as RECORDS.md lists it: one struct a record. src/codec writes them as
// JSON or Protobuf. A field that is not known is nullopt and is written as null.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/boxed.h"
#include "src/base/time.h"
#include "src/journey/care.h"

namespace foothold::journey {

enum class UserState : std::uint8_t {
  kNotStarted = 1,
  kInProgress = 2,
  kActivated = 3,
  kWindowExpired = 4,
  kActivatedLate = 5,
};
enum class AccountState : std::uint8_t { kNone = 1, kPartial = 2, kActivated = 3 };
enum class ActivationClass : std::uint8_t { kOrganic = 1, kAssisted = 2, kLate = 3 };
enum class Mode : std::uint8_t { kLive = 1, kBackfill = 2, kCorrection = 3, kRedecided = 4 };
enum class Scope : std::uint8_t { kUser = 1, kAccount = 2 };
enum class StepChange : std::uint8_t { kEntered = 1, kCompleted = 2, kReverted = 3 };

// "not_started", "in_progress", ...: as they stand in the records.
std::string_view UserStateName(UserState state);
std::string_view AccountStateName(AccountState state);
std::string_view ActivationClassName(ActivationClass activation_class);
std::string_view ModeName(Mode mode);

// An input record a decision rests on.
struct Evidence {
  std::string event_id;
  std::string event;  // Canonical name.
  Instant occurred_at;
  std::string source;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const Evidence&, const Evidence&) = default;
};
inline constexpr std::size_t kEvidenceMax = 20;

struct Consent {
  std::string channel;
  bool granted = false;
  std::optional<Instant> as_of;
  friend bool operator==(const Consent&, const Consent&) = default;
};

struct PersonBlock {
  std::optional<std::string> email, name, title, timezone, locale;
  std::optional<Instant> last_seen_at;
  std::int64_t session_count = 0;
  std::vector<Consent> consent;
  friend bool operator==(const PersonBlock&, const PersonBlock&) = default;
};

struct AccountBlock {
  std::optional<std::string> name, plan, segment, product_model;
  std::optional<double> mrr, contract_value, seats;
  std::optional<std::string> channel, signup_week;
  std::optional<Instant> trial_ends_at, contract_at;
  std::optional<std::string> stage, owner, owner_email, decision_maker;
  std::optional<std::int64_t> open_tickets;
  std::optional<Instant> last_outreach_at;
  friend bool operator==(const AccountBlock&, const AccountBlock&) = default;
};

struct MeasurementBlock {
  bool is_complete = true;
  std::vector<std::string> why;
  std::optional<Instant> since;
  friend bool operator==(const MeasurementBlock&, const MeasurementBlock&) = default;
};

struct CompositionRow {
  std::string role;  // "" for members of no known role.
  std::int64_t invited = 0, joined = 0, active = 0, reached = 0, late = 0;
  friend bool operator==(const CompositionRow&, const CompositionRow&) = default;
};

struct WindowBlock {
  std::string anchor;
  Instant opens_at;
  Instant closes_at;
  friend bool operator==(const WindowBlock&, const WindowBlock&) = default;
};

struct CriterionProgress {
  std::string criterion;
  std::int32_t have = 0;  // Capped at need.
  std::int32_t need = 1;
  std::optional<Instant> met_at;
  friend bool operator==(const CriterionProgress&, const CriterionProgress&) = default;
};

// What every log record carries.
struct LogCommon {
  std::string tenant;
  std::optional<std::string> user;  // nullopt: the account's.
  std::optional<std::string> role;
  Instant occurred_at;
  Instant decided_at;
  std::string definition;     // "name@version"
  std::int64_t sequence = 0;  // Gap-free per subject and topic, from 1.
  Mode mode = Mode::kLive;
  std::string reason;
  std::vector<Evidence> evidence;   // At most kEvidenceMax.
  std::int64_t evidence_count = 0;  // Of all there were.
  // For the headers.
  std::string ce_id;
  std::string causation;    // Event id, or "timer:<kind>@<due>".
  std::string correlation;  // The episode.
  std::string rule;         // "rule@version" of an intervention's records; else "".
  std::optional<Instant> expires_at;
  std::int64_t revision = 0;  // Position of the stimulus in the journal.
  friend bool operator==(const LogCommon&, const LogCommon&) = default;
};

struct ActivationChanged {
  LogCommon common;
  Scope scope = Scope::kUser;
  std::string from, to;  // State names.
  std::optional<ActivationClass> activation_class;
  std::optional<Instant> activated_at;
  std::optional<WindowBlock> window;        // Users.
  std::vector<CriterionProgress> progress;  // Users.
  std::vector<std::string> assisted_by;     // ce_ids.
  std::optional<std::string> supersedes;    // ce_id.
  std::optional<std::int64_t> days_since_signup;
  std::optional<std::int64_t> time_to_value_from_signup_s;
  std::optional<std::int64_t> time_to_value_from_first_access_s;
  std::int64_t eligible = 0, reached = 0;   // Accounts.
  std::vector<CompositionRow> composition;  // Accounts.
  AccountBlock account;
  std::optional<PersonBlock> person;  // Users.
  friend bool operator==(const ActivationChanged&, const ActivationChanged&) = default;
};

struct OnboardingProgress {
  LogCommon common;
  Scope scope = Scope::kUser;
  std::int32_t step = 1;  // 1-based.
  std::string step_name;
  std::string step_class;
  StepChange change = StepChange::kEntered;
  Instant at;
  std::optional<std::string> stage, signup_week, segment, channel;
  friend bool operator==(const OnboardingProgress&, const OnboardingProgress&) = default;
};

struct StepStatus {
  std::string name;
  std::string step_class;
  std::optional<Instant> met_at;
  friend bool operator==(const StepStatus&, const StepStatus&) = default;
};

struct RiskReason {
  std::string signal;
  std::int32_t weight = 0;
  std::string fact;
  Instant since;
  friend bool operator==(const RiskReason&, const RiskReason&) = default;
};

struct UserStatus {
  std::string tenant, user;
  std::optional<std::string> role, email, name;
  bool is_history_known = true;
  std::optional<Instant> profile_completed, integration_connected, first_dashboard_viewed,
      first_report_exported, activated;
  UserState activation_state = UserState::kNotStarted;
  std::optional<ActivationClass> activation_class;
  std::optional<WindowBlock> activation_window;
  std::optional<std::int32_t> current_step;
  std::optional<std::string> step_name;
  std::optional<Instant> step_entered_at;
  std::optional<std::int64_t> days_in_current_step;
  std::vector<StepStatus> steps;
  std::optional<std::string> dropoff_risk;
  std::optional<std::int32_t> risk_score;
  std::vector<RiskReason> risk_reasons;
  MeasurementBlock measurement;
  std::optional<Instant> anchor_signup, anchor_first_access, anchor_invite;
  std::int64_t session_count = 0, active_days = 0, core_minutes = 0;
  std::optional<Instant> first_seen_at, last_seen_at;
  std::optional<std::int64_t> days_since_signup, time_to_value_from_signup_s,
      time_to_value_from_first_access_s;
  std::optional<std::string> signup_week;
  std::vector<std::string> open_interventions;
  std::optional<Instant> last_outreach_at, removed_at;
  std::optional<std::string> account_name, account_plan, account_segment, account_owner;
  std::string playbook_version;  // "name@version"
  Instant as_of;
  std::int64_t revision = 0;
  friend bool operator==(const UserStatus&, const UserStatus&) = default;
};

struct AccountStep {
  std::string step;  // "<role>/<step name>"
  std::string step_class;
  std::int64_t reached_by = 0;
  std::optional<Instant> met_at;
  friend bool operator==(const AccountStep&, const AccountStep&) = default;
};

struct Blocker {
  std::string name;
  Instant since;
  std::string detail;
  friend bool operator==(const Blocker&, const Blocker&) = default;
};

struct FunnelRow {
  std::string transition;
  std::int64_t entered = 0, completed = 0;
  std::optional<double> median_s;
  friend bool operator==(const FunnelRow&, const FunnelRow&) = default;
};

struct NextTimer {
  std::string kind;
  Instant due;
  friend bool operator==(const NextTimer&, const NextTimer&) = default;
};

struct AccountStatus {
  std::string tenant;
  AccountBlock account;
  std::optional<Instant> created_at;
  AccountState activation_state = AccountState::kNone;
  std::optional<Instant> activated_at;
  std::int64_t eligible = 0, reached = 0;
  std::optional<double> activation_rate;  // reached / eligible; nullopt for nobody.
  std::vector<CompositionRow> composition;
  std::optional<Instant> stage_entered_at;
  std::optional<std::int64_t> days_in_stage;
  std::vector<AccountStep> progress;
  std::vector<Blocker> blockers;
  std::optional<std::string> dropoff_risk;
  std::optional<std::int32_t> risk_score;
  std::vector<RiskReason> risk_reasons;
  MeasurementBlock measurement;
  std::vector<FunnelRow> funnel;
  std::vector<std::string> open_interventions;
  std::vector<NextTimer> next_timers;  // At most 5.
  std::string playbook_version;
  Instant as_of;
  std::int64_t revision = 0;
  friend bool operator==(const AccountStatus&, const AccountStatus&) = default;
};

// A status that is no more: erased, or merged into another user.
struct StatusTombstone {
  std::string tenant;
  std::optional<std::string> user;
  friend bool operator==(const StatusTombstone&, const StatusTombstone&) = default;
};

struct DropoffRiskChanged {
  LogCommon common;
  Scope scope = Scope::kUser;
  RiskLevel from = RiskLevel::kLow;
  RiskLevel to = RiskLevel::kLow;
  std::int32_t score = 0;
  std::vector<RiskReason> reasons;
  std::vector<Blocker> blockers;
  std::optional<std::int32_t> current_step;
  std::optional<std::string> step_name;
  std::optional<Instant> step_entered_at;
  std::optional<std::int64_t> days_in_current_step;
  std::optional<std::string> next_step;
  MeasurementBlock measurement;
  bool is_held = false;
  std::optional<Instant> next_evaluation_at;
  std::optional<std::int64_t> days_since_signup;
  AccountBlock account;
  PersonBlock person;  // Empty for an account.
  friend bool operator==(const DropoffRiskChanged&, const DropoffRiskChanged&) = default;
};

enum class Action : std::uint8_t { kEmail = 1, kInApp = 2, kCsTask = 3, kCsCall = 4, kChat = 5 };

struct Recipient {
  std::optional<std::string> role, user, email, name, timezone;
  friend bool operator==(const Recipient&, const Recipient&) = default;
};

struct TaskBlock {
  std::string subject, body, type;
  Priority priority = Priority::kNormal;
  std::optional<Instant> due_at;
  std::optional<std::string> owner_id;
  std::string tenant, intervention_id;
  friend bool operator==(const TaskBlock&, const TaskBlock&) = default;
};

// What each part of the gate said, in words.
struct GateBlock {
  std::optional<std::string> caps, quiet_hours, consent, approval, holdout;
  friend bool operator==(const GateBlock&, const GateBlock&) = default;
};

// What is asked: of a request, and of what did not become one.
struct AskBlock {
  Action action = Action::kEmail;
  Channel channel = Channel::kEmail;
  std::string template_name;
  std::vector<std::pair<std::string, std::string>> parameters;  // By name.
  Recipient recipient;
  std::optional<TaskBlock> task;
  Priority priority = Priority::kNormal;
  std::string ladder;
  std::int32_t rung = 1, of = 1;  // From 1.
  std::string episode;
  Instant due_at;
  std::optional<Instant> not_before, expires_at;
  GateBlock gate;
  std::optional<std::string> cancel_if;
  AccountBlock account;
  PersonBlock person;
  // The status of the subject as of the decision: one of the two.
  Boxed<UserStatus> user_status;
  Boxed<AccountStatus> account_status;
  friend bool operator==(const AskBlock&, const AskBlock&) = default;
};

// Interventions. All but requests and cancellations are written to interventions.log.
struct InterventionRequested {
  LogCommon common;
  AskBlock ask;
  friend bool operator==(const InterventionRequested&, const InterventionRequested&) = default;
};

enum class CancelCause : std::uint8_t {
  kConditionCleared = 1,
  kCorrection = 2,
  kPaused = 3,
  kKilled = 4,
  kRemoved = 5,
  kErased = 6,
};

struct InterventionCancelled {
  LogCommon common;
  Channel channel = Channel::kEmail;  // Of the request: the same topic.
  std::string intervention_id;
  CancelCause cause = CancelCause::kConditionCleared;
  friend bool operator==(const InterventionCancelled&, const InterventionCancelled&) = default;
};

struct InterventionSuppressed {
  LogCommon common;
  AskBlock ask;
  Suppressor by = Suppressor::kExpired;
  friend bool operator==(const InterventionSuppressed&, const InterventionSuppressed&) = default;
};

enum class Outcome : std::uint8_t { kConverted = 1, kNotConverted = 2, kChurned = 3 };

struct InterventionOutcome {
  LogCommon common;
  std::string intervention_id;
  Outcome outcome = Outcome::kNotConverted;
  Instant at;
  bool is_holdout = false;
  std::string ladder;
  std::int32_t rung = 1;
  friend bool operator==(const InterventionOutcome&, const InterventionOutcome&) = default;
};

struct InterventionShadow {
  LogCommon common;
  AskBlock ask;
  std::optional<Suppressor> by;  // nullopt: it would have been requested.
  friend bool operator==(const InterventionShadow&, const InterventionShadow&) = default;
};

// "email", "in_app", "cs"; "converted", ...; "condition_cleared", ...: as they stand in the
// records.
std::string_view ChannelName(Channel channel);
std::string_view OutcomeName(Outcome outcome);
std::string_view CancelCauseName(CancelCause cause);

using OutputRecord =
    std::variant<ActivationChanged, OnboardingProgress, UserStatus, AccountStatus, StatusTombstone,
                 DropoffRiskChanged, InterventionRequested, InterventionCancelled,
                 InterventionSuppressed, InterventionOutcome, InterventionShadow>;

}  // namespace foothold::journey
