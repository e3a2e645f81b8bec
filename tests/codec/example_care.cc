#include <utility>

#include "tests/codec/example_records.h"

namespace foothold::codec {
namespace {

Instant At(std::string_view text) { return ParseRfc3339(text).value().instant; }

// Of a rung that a timer found due.
journey::LogCommon CommonOf(std::string rule) {
  journey::LogCommon common = ExampleCommon();
  common.user = "ann@acme";
  common.rule = std::move(rule);
  common.occurred_at = At("2026-11-10T07:55:00Z");
  common.decided_at = At("2026-11-10T08:00:02Z");
  common.causation = "timer:rung@2026-11-10T07:55:00.000Z";
  common.correlation = "stalled/01K9M3X0A8EPISODE000000002";
  common.evidence.pop_back();
  common.evidence_count = 1;
  return common;
}

journey::AskBlock Ask() {
  journey::AskBlock ask;
  ask.template_name = "next_step_first export";
  ask.parameters = {{"account.name", "Acme \"North\" GmbH"}, {"next_step", "first export"}};
  ask.recipient = {.role = "analyst",
                   .user = "ann@acme",
                   .email = "ann@acme.example",
                   .name = "Ann Müller",
                   .timezone = "Europe/Berlin"};
  ask.ladder = "stalled";
  ask.of = 2;
  ask.episode = "stalled/01K9M3X0A8EPISODE000000002";
  ask.due_at = At("2026-11-10T07:55:00Z");
  ask.expires_at = At("2026-11-11T07:55:00Z");
  ask.gate = {.caps = "0 of 1 today, 1 of 3 this week",
              .quiet_hours = "09:00 in Europe/Berlin",
              .consent = "granted for email",
              .approval = std::nullopt,
              .holdout = "not held back (0.05)"};
  ask.cancel_if = "activity of the user, or the ladder is completed";
  ask.account = ExampleAccount();
  ask.person = ExamplePerson();
  ask.user_status = ExampleUserStatus();
  return ask;
}

}  // namespace

journey::DropoffRiskChanged ExampleUserRisk() {
  journey::DropoffRiskChanged record;
  record.common = CommonOf("");
  record.common.correlation = "risk/ann@acme";
  record.common.expires_at = std::nullopt;
  record.common.reason = "Ann Müller did dashboard.created and nothing for 48 h since: medium.";
  record.from = journey::RiskLevel::kLow;
  record.to = journey::RiskLevel::kMedium;
  record.score = 55;
  record.reasons = {{.signal = "stalled_after_step",
                     .weight = 25,
                     .fact = "idle for 48h after a step",
                     .since = At("2026-11-10T07:55:00Z")},
                    {.signal = "first_artifact",
                     .weight = -15,
                     .fact = "dashboard.created",
                     .since = At("2026-11-05T08:00:00Z")}};
  record.current_step = 3;
  record.step_name = "first export";
  record.step_entered_at = At("2026-11-05T08:00:00Z");
  record.days_in_current_step = 4;
  record.next_step = "activated";
  record.next_evaluation_at = At("2026-11-11T07:55:00Z");
  record.days_since_signup = 5;
  record.account = ExampleAccount();
  record.person = ExamplePerson();
  return record;
}

journey::DropoffRiskChanged ExampleAccountRisk() {
  journey::DropoffRiskChanged record = ExampleUserRisk();
  record.common.user = std::nullopt;
  record.common.role = std::nullopt;
  record.common.reason = "Nobody of five invited people is active: high.";
  record.common.correlation = "risk/acme";
  record.scope = journey::Scope::kAccount;
  record.from = journey::RiskLevel::kNone;
  record.to = journey::RiskLevel::kHigh;
  record.score = 75;
  record.blockers = {{.name = "never_accessed",
                      .since = At("2026-11-07T09:00:00Z"),
                      .detail = "Nobody of the account has been in the product."}};
  record.current_step = std::nullopt;
  record.step_name = std::nullopt;
  record.step_entered_at = std::nullopt;
  record.days_in_current_step = std::nullopt;
  record.next_step = std::nullopt;
  record.measurement = {.is_complete = false,
                        .why = {"source 'mobile' is silent"},
                        .since = At("2026-11-08T06:00:00Z")};
  record.is_held = true;
  return record;
}

journey::InterventionRequested ExampleEmail() {
  journey::InterventionRequested record{.common = CommonOf("stalled@3"), .ask = Ask()};
  record.common.reason = "Ann Müller has not been seen for 48 h after first dashboard.";
  record.common.expires_at = record.ask.expires_at;
  return record;
}

journey::InterventionRequested ExampleCsTask() {
  journey::InterventionRequested record{.common = CommonOf("account_not_activated@3"),
                                        .ask = Ask()};
  record.common.user = std::nullopt;
  record.common.role = std::nullopt;
  record.common.reason = "Acme has not reached its first value 14 d after it was created.";
  record.common.expires_at = record.ask.expires_at;
  journey::AskBlock& ask = record.ask;
  ask.action = journey::Action::kCsCall;
  ask.channel = journey::Channel::kCs;
  ask.template_name = "";
  ask.recipient = {.role = "owner",
                   .user = std::nullopt,
                   .email = "dana@vendor.example",
                   .name = "Dana Wu",
                   .timezone = std::nullopt};
  ask.task = journey::TaskBlock{.subject = "Hands-on onboarding for Acme \"North\" GmbH",
                                .body = "",
                                .type = "call",
                                .priority = journey::Priority::kHigh,
                                .due_at = At("2026-11-12T08:00:02Z"),
                                .owner_id = "Dana Wu",
                                .tenant = "acme/north",
                                .intervention_id = record.common.ce_id};
  ask.priority = journey::Priority::kHigh;
  ask.ladder = "account_not_activated";
  ask.not_before = At("2026-11-10T08:00:00Z");
  ask.gate.approval = "granted by kim";
  ask.user_status.reset();
  ask.account_status = ExampleAccountStatus();
  return record;
}

journey::InterventionCancelled ExampleCancelled() {
  journey::InterventionCancelled record;
  record.common = CommonOf("stalled@3");
  record.common.sequence = 2;
  record.common.reason = "Ann Müller came back: report.exported.";
  record.channel = journey::Channel::kInApp;
  record.intervention_id = "01K9M3X0A8YQ4N7R5T2V6W8Z1C";
  record.cause = journey::CancelCause::kConditionCleared;
  return record;
}

journey::InterventionSuppressed ExampleSuppressed() {
  journey::InterventionSuppressed record{.common = CommonOf("stalled@3"), .ask = Ask()};
  record.common.reason = "The intervention expired in quiet hours.";
  record.by = journey::Suppressor::kQuietHours;
  return record;
}

journey::InterventionOutcome ExampleOutcome() {
  journey::InterventionOutcome record;
  record.common = CommonOf("stalled@3");
  record.common.reason = "Ann Müller reached the milestone 2 d after the request.";
  record.intervention_id = "01K9M3X0A8YQ4N7R5T2V6W8Z1C";
  record.outcome = journey::Outcome::kConverted;
  record.at = At("2026-11-12T10:00:00Z");
  record.ladder = "stalled";
  record.rung = 2;
  return record;
}

journey::InterventionShadow ExampleShadow() {
  journey::InterventionShadow record{.common = CommonOf("stalled@3"), .ask = Ask(), .by = {}};
  record.common.reason = "In shadow: the e-mail would have been requested.";
  return record;
}

}  // namespace foothold::codec
