#include "tests/codec/example_records.h"

namespace foothold::codec {
namespace {

Instant At(std::string_view text) { return ParseRfc3339(text).value().instant; }

}  // namespace

journey::AccountBlock ExampleAccount() {
  journey::AccountBlock account;
  account.name = "Acme \"North\" GmbH";
  account.plan = "team";
  account.segment = "mid-market";
  account.product_model = "plg";
  account.mrr = 1250.5;
  account.seats = 25.0;
  account.channel = "organic";
  account.signup_week = "2026-W45";
  account.trial_ends_at = At("2026-11-16T00:00:00Z");
  account.owner = "Dana Wu";
  account.owner_email = "dana@vendor.example";
  account.open_tickets = 1;
  return account;
}

journey::LogCommon ExampleCommon() {
  journey::LogCommon common;
  common.tenant = "acme/north";
  common.role = "analyst";
  common.occurred_at = At("2026-11-09T10:20:30.456Z");
  common.decided_at = At("2026-11-09T10:20:30.456Z");
  common.definition = "default@3";
  common.sequence = 1;
  common.mode = journey::Mode::kLive;
  common.evidence = {{.event_id = "5f2d9c1e-88aa-4b7e-9a55-0c3c7b1f4e21",
                      .event = "dashboard.created",
                      .occurred_at = At("2026-11-05T08:00:00Z"),
                      .source = "web",
                      .topic = "segment.events",
                      .partition = 3,
                      .offset = 10482},
                     {.event_id = "9b0e6f34-7c1d-4f0a-8d53-6a2f5f0b9c77",
                      .event = "report.exported",
                      .occurred_at = At("2026-11-09T10:20:30.456Z"),
                      .source = "web",
                      .topic = "segment.events",
                      .partition = 3,
                      .offset = 11907}};
  common.evidence_count = 2;
  common.ce_id = "01K9M3X0A8YQ4N7R5T2V6W8Z1C";
  common.causation = "9b0e6f34-7c1d-4f0a-8d53-6a2f5f0b9c77";
  common.correlation = "01K9M3X0A8EPISODE000000001";
  common.revision = (41927LL << 16) + 12;
  return common;
}

journey::PersonBlock ExamplePerson() {
  return {.email = "ann@acme.example",
          .name = "Ann Müller",
          .title = "Analyst\t(data)",
          .timezone = "Europe/Berlin",
          .locale = std::nullopt,
          .last_seen_at = At("2026-11-09T10:20:30.456Z"),
          .session_count = 6,
          .consent = {{.channel = "email", .granted = true, .as_of = At("2026-11-05T07:55:00Z")},
                      {.channel = "in_app", .granted = false, .as_of = std::nullopt}}};
}

journey::ActivationChanged ExampleUserActivation() {
  journey::ActivationChanged record;
  record.common = ExampleCommon();
  record.common.user = "ann@acme";
  record.common.reason =
      "Ann Müller exported a first report 4 d after first access: activated as analyst.";
  record.common.expires_at = At("2026-11-16T10:20:30.456Z");
  record.scope = journey::Scope::kUser;
  record.from = "in_progress";
  record.to = "activated";
  record.activation_class = journey::ActivationClass::kOrganic;
  record.activated_at = At("2026-11-09T10:20:30.456Z");
  record.window = journey::WindowBlock{.anchor = "first_access",
                                       .opens_at = At("2026-11-05T07:55:00Z"),
                                       .closes_at = At("2026-11-19T07:55:00Z")};
  record.progress = {{.criterion = "dashboard.created",
                      .have = 1,
                      .need = 1,
                      .met_at = At("2026-11-05T08:00:00Z")},
                     {.criterion = "report.exported",
                      .have = 1,
                      .need = 1,
                      .met_at = At("2026-11-09T10:20:30.456Z")}};
  record.days_since_signup = 5;
  record.time_to_value_from_signup_s = 440730;
  record.time_to_value_from_first_access_s = 354330;
  record.account = ExampleAccount();
  record.person = ExamplePerson();
  return record;
}

journey::ActivationChanged ExampleAccountActivation() {
  journey::ActivationChanged record;
  record.common = ExampleCommon();
  record.common.role = std::nullopt;
  record.common.mode = journey::Mode::kCorrection;
  record.common.sequence = 2;
  record.common.reason =
      "An admin, 3 of 5 eligible members and an analyst reached their milestone.";
  record.common.causation = "timer:window@2026-11-09T10:20:30.456Z";
  record.scope = journey::Scope::kAccount;
  record.from = "partial";
  record.to = "activated";
  record.activated_at = At("2026-11-09T10:20:30.456Z");
  record.supersedes = "01K9KZZZZZ0000000000000000";
  record.assisted_by = {"01K9A000000000000000000000"};
  record.eligible = 5;
  record.reached = 3;
  record.composition = {
      {.role = "admin", .invited = 0, .joined = 1, .active = 1, .reached = 1, .late = 0},
      {.role = "analyst", .invited = 4, .joined = 4, .active = 3, .reached = 2, .late = 1},
      {.role = "", .invited = 1, .joined = 0, .active = 0, .reached = 0, .late = 0}};
  record.account = ExampleAccount();
  return record;
}

journey::OnboardingProgress ExampleProgress() {
  journey::OnboardingProgress record;
  record.common = ExampleCommon();
  record.common.user = "ann@acme";
  record.common.reason = "Ann Müller completed step 2 of 4, first dashboard.";
  record.step = 2;
  record.step_name = "first dashboard";
  record.step_class = "value";
  record.change = journey::StepChange::kCompleted;
  record.at = At("2026-11-05T08:00:00Z");
  record.signup_week = "2026-W45";
  record.segment = "mid-market";
  return record;
}

journey::UserStatus ExampleUserStatus() {
  journey::UserStatus record;
  record.tenant = "acme/north";
  record.user = "ann@acme";
  record.role = "analyst";
  record.email = "ann@acme.example";
  record.name = "Ann Müller";
  record.profile_completed = At("2026-11-05T07:58:00Z");
  record.first_dashboard_viewed = At("2026-11-05T08:01:00Z");
  record.activation_state = journey::UserState::kInProgress;
  record.activation_window = journey::WindowBlock{.anchor = "first_access",
                                                  .opens_at = At("2026-11-05T07:55:00Z"),
                                                  .closes_at = At("2026-11-19T07:55:00Z")};
  record.current_step = 3;
  record.step_name = "first export";
  record.step_entered_at = At("2026-11-05T08:00:00Z");
  record.days_in_current_step = 3;
  record.steps = {
      {.name = "profile", .step_class = "setup", .met_at = At("2026-11-05T07:58:00Z")},
      {.name = "first dashboard", .step_class = "value", .met_at = At("2026-11-05T08:00:00Z")},
      {.name = "first export", .step_class = "value", .met_at = std::nullopt}};
  record.anchor_first_access = At("2026-11-05T07:55:00Z");
  record.anchor_invite = At("2026-11-04T16:00:00Z");
  record.session_count = 4;
  record.active_days = 3;
  record.core_minutes = 38;
  record.first_seen_at = At("2026-11-04T16:00:00Z");
  record.last_seen_at = At("2026-11-08T09:12:13.014Z");
  record.signup_week = "2026-W45";
  record.account_name = "Acme \"North\" GmbH";
  record.account_plan = "team";
  record.account_segment = "mid-market";
  record.account_owner = "Dana Wu";
  record.playbook_version = "default@3";
  record.as_of = At("2026-11-08T09:12:13.014Z");
  record.revision = (41700LL << 16) + 3;
  return record;
}

journey::AccountStatus ExampleAccountStatus() {
  journey::AccountStatus record;
  record.tenant = "acme/north";
  record.account = ExampleAccount();
  record.created_at = At("2026-11-02T09:00:00Z");
  record.activation_state = journey::AccountState::kPartial;
  record.eligible = 3;
  record.reached = 2;
  record.activation_rate = 2.0 / 3.0;
  record.composition = {
      {.role = "admin", .invited = 0, .joined = 1, .active = 1, .reached = 1, .late = 0},
      {.role = "analyst", .invited = 2, .joined = 2, .active = 1, .reached = 1, .late = 0}};
  record.progress = {{.step = "admin/integration",
                      .step_class = "setup",
                      .reached_by = 1,
                      .met_at = At("2026-11-03T11:00:00Z")},
                     {.step = "analyst/first export",
                      .step_class = "value",
                      .reached_by = 0,
                      .met_at = std::nullopt}};
  record.measurement = {.is_complete = false,
                        .why = {"source 'mobile' is silent"},
                        .since = At("2026-11-08T06:00:00Z")};
  record.next_timers = {{.kind = "window", .due = At("2026-11-19T07:55:00Z")}};
  record.playbook_version = "default@3";
  record.as_of = At("2026-11-08T09:12:13.014Z");
  record.revision = (41700LL << 16) + 3;
  return record;
}

}  // namespace foothold::codec
