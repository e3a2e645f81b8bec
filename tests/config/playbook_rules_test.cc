#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/playbook_file.h"
#include "tests/config/playbook_text.h"

namespace foothold::config {
namespace {

using journey::GatePolicy;
using journey::Playbook;
using journey::Rule;
using journey::SubjectKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Checked<CompiledPlaybook> Read(std::string_view sections) {
  return ReadPlaybook(fmt::format("playbook: mine\nextends: default\n{}", sections), "test.yaml");
}

Playbook Compile(std::string_view sections) {
  Checked<CompiledPlaybook> compiled = Read(sections);
  EXPECT_TRUE(compiled.has_value()) << ToString(compiled.error());
  return compiled.has_value() ? compiled->playbook : DefaultPlaybook();
}

std::string Errors(std::string_view sections) {
  const Checked<CompiledPlaybook> compiled = Read(sections);
  return compiled.has_value() ? "accepted" : ToString(compiled.error());
}

std::string Warnings(std::string_view rules) {
  const Checked<CompiledPlaybook> compiled = Read(fmt::format("rules:\n{}", rules));
  return compiled.has_value() ? ToString(compiled->warnings) : ToString(compiled.error());
}

template <class T>
const T* Named(const std::vector<T>& items, std::string_view name) {
  const auto found = std::ranges::find(items, name, &T::name);
  return found == items.end() ? nullptr : &*found;
}

// The rungs of one more rule.
std::vector<std::string> Rungs(std::string_view rungs, std::string_view more = "") {
  const Playbook playbook =
      Compile(fmt::format("rules:\n  mine: {{when: always, {}rungs: [{}]}}\n", more, rungs));
  const Rule* const rule = Named(playbook.rules, "mine");
  std::vector<std::string> texts;
  for (const journey::Rung& rung : rule == nullptr ? std::vector<journey::Rung>() : rule->rungs) {
    texts.push_back(TextOf(playbook, rung));
  }
  return texts;
}

constexpr std::string_view kEmail = ", channel: email, template: t";

TEST(RungTest, IsDueAtAMomentAndEndsWhereItsAuthorSays) {
  EXPECT_THAT(
      Rungs(fmt::format("{{at: 3d of signup, until: 10d{0}}}, {{at: 1d of created, until: 2d of "
                        "signup{0}}}, {{at: 3d before trialEndsAt, until: trialEndsAt{0}}}",
                        kEmail)),
      ElementsAre("at 3d of signup until 10d of signup: email t",
                  "at 1d of created until 2d of signup: email t",
                  "at -3d of trialEndsAt until 0s of trialEndsAt: email t"));
}

TEST(RungTest, EndsByItselfIfItsAuthorDoesNotSay) {
  EXPECT_THAT(Rungs(fmt::format("{{at: 3d of signup{0}}}, {{at: 10d of signup{0}}}, {{at: "
                                "trigger{0}}}, {{at: 30m of trigger{0}}}, {{at: 2d before "
                                "contractAt{0}}}",
                                kEmail)),
              ElementsAre("at 3d of signup until 14d of signup: email t",
                          "at 10d of signup until 17d of signup: email t",
                          "at 0s of trigger until 7d of trigger: email t",
                          "at 30m of trigger until 10110m of trigger: email t",
                          "at -2d of contractAt until 0s of contractAt: email t"));
}

TEST(RungTest, AsksPeopleByTemplateAndCsByTask) {
  EXPECT_THAT(Rungs("{at: trigger, channel: in_app, template: \"next_{next_step}\", to: [Admin, "
                    "decision_maker]}, {at: trigger, channel: cs, to: escalation, approval: "
                    "required, task: {type: call, subject: \"Call {user.name}\", body: b, due: "
                    "2d}}, {at: trigger, channel: cs, task: {subject: s}}"),
              ElementsAre(HasSubstr("in_app next_{next_step} to admin/decision_maker"),
                          HasSubstr("cs call \"Call {user.name}\" due 2d to escalation, approval"),
                          HasSubstr("cs todo \"s\"")));
}

TEST(RungTest, MayDependOnAConditionWithAnotherAsk) {
  EXPECT_THAT(Rungs("{at: 14d of created, where: {segment: enterprise}, channel: cs, task: "
                    "{subject: s}, else: {channel: email, template: e, to: admin}}"),
              ElementsAre("at 14d of created until 21d of created: cs todo \"s\" where "
                          "trait(segment=enterprise) else email e to admin"));
}

TEST(RungTest, OfARuleThatNeedsApprovalAllNeedIt) {
  EXPECT_THAT(Rungs(fmt::format("{{at: trigger{}}}", kEmail), "approval: required, "),
              ElementsAre(HasSubstr(", approval")));
}

TEST(RuleTest, SaysWhomWhenAndHow) {
  const Playbook playbook = Compile(R"(rules:
  mine:
    title: Mine
    for: user
    when: {all: [{role: admin}, {not: {did: report.exported, after: trigger}}]}
    mode: shadow
    priority: high
    holdout: 0.25
    rungs: [{at: trigger, channel: email, template: t}]
)");
  const Rule* const rule = Named(playbook.rules, "mine");

  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->title, "Mine");
  EXPECT_EQ(rule->subject, SubjectKind::kUser);
  EXPECT_EQ(TextOf(playbook, rule->when),
            "role(admin) did(report.exported x1 after trigger, latest 1) not all2");
  EXPECT_EQ(rule->when.label, "role admin and not report.exported after the trigger");
  EXPECT_EQ(rule->mode, journey::RuleMode::kShadow);
  EXPECT_EQ(rule->priority, journey::Priority::kHigh);
  EXPECT_EQ(rule->holdout, 0.25);
}

TEST(RuleTest, IsAboutAUserIfAnythingInItIs) {
  const auto subject_of = [](std::string_view when, std::string_view at) {
    const Playbook playbook = Compile(fmt::format(
        "rules:\n  mine: {{when: {}, rungs: [{{at: {}, channel: email, template: t}}]}}\n", when,
        at));
    return Named(playbook.rules, "mine")->subject;
  };

  EXPECT_EQ(subject_of("account_activated", "trigger"), SubjectKind::kAccount);
  EXPECT_EQ(subject_of("activated", "trigger"), SubjectKind::kUser);
  EXPECT_EQ(subject_of("account_activated", "1d of step"), SubjectKind::kUser);
}

TEST(GateTest, IsReadWhole) {
  const GatePolicy gate = Compile(R"(gate:
  user: {per_day: 2, per_week: 5}
  account: {per_day: 9, per_week: 0, cs_per_week: 4}
  quiet_hours: {from: "21:30", to: "06:05", zone: account}
  holdout: 0.1
  breaker: {above: 2.5x of the last 7 days, of: 30m, at_least: 7}
)")
                              .gate;

  EXPECT_EQ(gate, (GatePolicy{.user_per_day = 2,
                              .user_per_week = 5,
                              .account_per_day = 9,
                              .account_per_week = 0,
                              .cs_per_week = 4,
                              .quiet_from = 21 * 60 + 30,
                              .quiet_to = 6 * 60 + 5,
                              .zone = GatePolicy::Zone::kAccount,
                              .holdout = 0.1,
                              .breaker_factor = 2.5,
                              .breaker_span = 30 * kMinute,
                              .breaker_floor = 7}));
}

TEST(GateTest, ChangesByKeyAndHasNoneWhereItSaysSo) {
  const GatePolicy gate = Compile(
                              "gate:\n  user: {per_day: 3}\n  quiet_hours: none\n"
                              "  breaker: none\n")
                              .gate;

  EXPECT_EQ(gate.user_per_day, 3);
  EXPECT_EQ(gate.user_per_week, 3);
  EXPECT_EQ(gate.quiet_from, gate.quiet_to);
  EXPECT_EQ(gate.breaker_factor, 0);
}

TEST(StageTest, AreInOrderWithTheirLateness) {
  const Playbook playbook = DefaultPlaybook();
  std::vector<std::string> stages;
  for (const journey::Stage& stage : playbook.stages) {
    stages.push_back(
        fmt::format("{}: {}, late {}", stage.name, TextOf(playbook, stage.when),
                    stage.late_after.has_value() ? TextOf(playbook, *stage.late_after) : "never"));
  }

  EXPECT_THAT(
      stages,
      ElementsAre("handoff: always, late 1d of trigger",
                  "kickoff: trait(owner), late 1d of contract",
                  "setup: did(anyone:kickoff.held x1) did(anyone's access x1) any2, late 14d of "
                  "trigger",
                  "activation: did(anyone:integration.connected x1) members(joined count >=2) "
                  "all2, late 14d of trigger",
                  "adoption: account_activated, late 30d of trigger",
                  "retention: account_activated reached(90d of activated) all2, late never",
                  "expansion: did(anyone:account.expanded x1) did(anyone:account.renewed x1) any2, "
                  "late never"));
  EXPECT_EQ(playbook.stages[0].escalate, "head of sales");
  EXPECT_EQ(playbook.stages[1].owner, "csm");
}

TEST(DefaultRulesTest, HoldEveryRowOfTheProductsTable) {
  const Playbook playbook = DefaultPlaybook();
  std::vector<std::string> ladders;
  for (const Rule& rule : playbook.rules) {
    std::string text =
        fmt::format("{} {}", rule.subject == SubjectKind::kUser ? "user" : "account", rule.name);
    for (const journey::Rung& rung : rule.rungs) {
      text += fmt::format(
          "; {} {}", TextOf(playbook, rung.at),
          rung.ask.channel == journey::Channel::kCs ? rung.ask.task->type : rung.ask.template_name);
    }
    ladders.push_back(std::move(text));
  }

  EXPECT_THAT(
      ladders,
      ElementsAre(
          "user admin_invited_no_one; 3d of signup set_up_your_team; 10d of signup call",
          "user admin_no_integration; 3d of signup connect_your_data",
          "account invitees_inactive; 7d of first_invite call",
          "user export_failed; 0s of trigger export_help",
          "user feature_without_integration; 0s of trigger integration_tutorial",
          "account large_account_stuck; 10d of created review_configuration; 10d of created todo",
          "account trial_ending; -3d of trialEndsAt extend_or_demo",
          "user never_logged_in; 5d of invite_or_signup your_use_case; 7d of invite_or_signup todo",
          "account account_not_activated; 14d of created call; 21d of created call",
          "user stalled; 2d of step next_step_{next_step}", "account risk_high; 0s of trigger todo",
          "account measurement_incomplete; 0s of trigger review",
          "user activated_next_layer; 0s of trigger well_done_{role}",
          "user ready_for_advanced; 28d of first_access advanced_features",
          "user struggling_in_week_4; 28d of first_access call",
          "account ready_to_expand; 0s of trigger todo",
          "account executive_value; 30d of activated email",
          "account no_owner_at_contract; 1h of contract todo",
          "account no_kickoff; 1d of contract call", "account plan_not_shared; 2d of contract todo",
          "account no_quick_win; 30d of contract call"));
}

TEST(DefaultRulesTest, HoldTheSignalsAndBlockersOfTheProduct) {
  const Playbook playbook = DefaultPlaybook();
  std::vector<std::string> users;
  std::vector<std::string> accounts;
  for (const journey::Signal& signal : playbook.signals) {
    (signal.subject == SubjectKind::kUser ? users : accounts)
        .push_back(fmt::format("{} {}{}", signal.name, signal.weight,
                               signal.is_after_activation ? " after" : ""));
  }
  std::vector<std::string> blockers;
  for (const journey::BlockerKind& blocker : playbook.blockers) {
    blockers.push_back(blocker.name);
  }

  EXPECT_THAT(users, ElementsAre("never_started_48h 40", "never_accessed 45", "no_login_week_1 30",
                                 "step_overdue 40", "stalled_after_step 25", "window_expired 40",
                                 "tutorial_bounced 15", "setup_without_core 20",
                                 "exploring_no_output 15", "attempts_failing 15", "struggling 15",
                                 "adoption_cliff 45 after", "login_within_24h -10",
                                 "returns_week_1 -15", "returns_14_days -10", "checklist_done -10",
                                 "first_artifact -15", "core_time -10", "members_in_7_days -15"));
  EXPECT_THAT(accounts,
              ElementsAre("members_at_risk 45", "invitees_not_activating 20", "role_inactive 20",
                          "nobody_active 25", "stage_late 25", "members_leaving 45 after"));
  EXPECT_THAT(blockers,
              ElementsAre("integration_not_connected", "no_users_invited",
                          "first_value_not_created", "never_accessed", "export_failing",
                          "role_inactive_admin", "role_inactive_analyst", "role_inactive_operator",
                          "role_inactive_viewer", "owner_missing", "kickoff_late", "plan_late"));
  EXPECT_EQ(playbook.risk_levels,
            (journey::RiskLevels{.medium = 40, .high = 70, .hysteresis = 10}));
}

TEST(DefaultRulesTest, KnowTheZonesOfThisMachine) {
  const journey::ZoneTable zones = DefaultPlaybook().zones;
  const auto offsets_of = [&](std::string_view name) {
    for (const auto& [alias, zone] : zones.links) {
      name = alias == name ? std::string_view(zone) : name;
    }
    const journey::ZoneRules* const found = Named(zones.zones, name);
    return found == nullptr ? std::vector<journey::ZoneRules::Offset>() : found->offsets;
  };
  const auto at = [](std::string_view text) { return ParseRfc3339(text).value().instant; };

  EXPECT_FALSE(zones.version.empty());
  const std::vector<journey::ZoneRules::Offset> berlin = offsets_of("Europe/Berlin");
  ASSERT_THAT(berlin, SizeIs(47));  // Twice a year from 2015 to 2037, and what holds before.
  EXPECT_EQ(berlin[0], (journey::ZoneRules::Offset{.from = at("2015-01-01"), .minutes = 60}));
  EXPECT_EQ(berlin[1],
            (journey::ZoneRules::Offset{.from = at("2015-03-29T01:00:00Z"), .minutes = 120}));
  ASSERT_THAT(offsets_of("Asia/Calcutta"), SizeIs(1));
  EXPECT_EQ(offsets_of("Asia/Kolkata")[0].minutes, 330);
  ASSERT_THAT(offsets_of("UTC"), SizeIs(1));
  EXPECT_EQ(offsets_of("UTC")[0].minutes, 0);
}

TEST(ExtendsRulesTest, ChangeByNameAndByKey) {
  const Playbook playbook = Compile(R"(rules:
  stalled: {mode: "off"}
  risk_high: null
risk:
  levels: {high: 80}
  signals:
    never_accessed: {weight: 60}
    window_expired: null
blockers:
  plan_late: null
  quiet: {when: {members: joined, none: active}}
accounts:
  stages:
    - {name: kickoff, owner: hero}
    - {name: pilot, when: {account_did: plan.shared}}
    - {name: expansion, when: null}
    - {name: last, when: {account_did: sponsor.briefed}}
)");
  std::vector<std::string> stages;
  for (const journey::Stage& stage : playbook.stages) {
    stages.push_back(stage.name);
  }

  EXPECT_EQ(Named(playbook.rules, "stalled")->mode, journey::RuleMode::kOff);
  EXPECT_THAT(Named(playbook.rules, "stalled")->rungs, SizeIs(1));
  EXPECT_EQ(Named(playbook.rules, "risk_high"), nullptr);
  EXPECT_EQ(playbook.risk_levels.high, 80);
  EXPECT_EQ(playbook.risk_levels.medium, 40);
  EXPECT_EQ(Named(playbook.signals, "never_accessed")->weight, 60);
  EXPECT_EQ(Named(playbook.signals, "window_expired"), nullptr);
  EXPECT_EQ(Named(playbook.blockers, "plan_late"), nullptr);
  EXPECT_EQ(Named(playbook.blockers, "quiet")->detail, "none of the joined members are active");
  EXPECT_THAT(stages, ElementsAre("handoff", "kickoff", "pilot", "setup", "activation", "adoption",
                                  "retention", "last"));
  EXPECT_EQ(playbook.stages[1].owner, "hero");
  EXPECT_EQ(TextOf(playbook, playbook.stages[1].when), "trait(owner)");
}

TEST(ExtendsRulesTest, WhatIsInheritedForgetsARoleThatIsRemoved) {
  const Playbook playbook = Compile(R"(roles: {analyst: null}
accounts: {activated: {members: eligible, any: reached}}
)");

  EXPECT_EQ(Named(playbook.rules, "export_failed"), nullptr);
  EXPECT_NE(Named(playbook.rules, "stalled"), nullptr);
  EXPECT_EQ(Named(playbook.signals, "role_inactive"), nullptr);
  EXPECT_EQ(Named(playbook.blockers, "role_inactive_analyst"), nullptr);
}

TEST(PlaybookWithoutRulesTest, HasNoSignalsAndNoRulesAndTheUsualGate) {
  const Checked<CompiledPlaybook> compiled = ReadPlaybook(R"(playbook: small
roles:
  member:
    milestone: {did: report.exported, within: 7d of first_access}
    steps:
      - {name: in, class: setup, did: access}
      - {name: look, class: value, did: dashboard.viewed}
      - {name: done, class: value, milestone: true}
)",
                                                          "small.yaml");

  ASSERT_TRUE(compiled.has_value()) << ToString(compiled.error());
  EXPECT_THAT(compiled->playbook.signals, IsEmpty());
  EXPECT_THAT(compiled->playbook.stages, IsEmpty());
  EXPECT_THAT(compiled->playbook.blockers, IsEmpty());
  EXPECT_THAT(compiled->playbook.rules, IsEmpty());
  EXPECT_EQ(compiled->playbook.gate, GatePolicy());
  EXPECT_EQ(compiled->playbook.risk_levels, journey::RiskLevels());
  EXPECT_EQ(RetentionNeeded(compiled->playbook), 37 * kDay);
}

TEST(RetentionTest, CoversWhatRulesLookBackFor) {
  EXPECT_EQ(RetentionNeeded(Compile("rules:\n  mine: {when: always, rungs: [{at: 150d of created, "
                                    "channel: email, template: t}]}\n")),
            187 * kDay);
}

constexpr std::string_view kRungs = "rungs: [{at: trigger, channel: email, template: t}]";

TEST(RuleWarningTest, ARuleThatContradictsItselfNeverFires) {
  for (const char* when : {"{all: [{role: admin}, {did: access}, {role: [viewer, analyst]}]}",
                           "{all: [activated, {all: [{role: admin}, {not: activated}]}]}",
                           "{all: [{state: not_started}, {state: activated}]}"}) {
    EXPECT_EQ(Warnings(fmt::format("  mine: {{when: {}, {}}}\n", when, kRungs)),
              "test.yaml:4: rules.mine: can never fire: its condition contradicts itself");
  }
  EXPECT_EQ(Warnings(fmt::format("  mine: {{when: {{any: [activated, {{not: activated}}]}}, {}}}\n",
                                 kRungs)),
            "");
  EXPECT_EQ(Warnings(fmt::format("  mine: {{mode: \"off\", when: {{all: [{{role: admin}}, {{role: "
                                 "viewer}}]}}, {}}}\n",
                                 kRungs)),
            "");
}

TEST(RuleWarningTest, ARungWhoseTimeIsNotTheConditionsNeverGoesOut) {
  EXPECT_THAT(Warnings("  mine: {when: {did: access, for: 20d of signup}, rungs: [{at: 3d of "
                       "signup, channel: email, template: t}]}\n"),
              HasSubstr("rules.mine: rungs[0] can never go out"));
  EXPECT_THAT(Warnings("  mine: {when: {did: access, until: 3d of signup}, rungs: [{at: 1d of "
                       "signup, until: 2d, channel: email, template: t}, {at: 3d of signup, "
                       "channel: cs, task: {subject: s}}]}\n"),
              HasSubstr("rules.mine: rungs[1] can never go out"));
  EXPECT_EQ(Warnings("  mine: {when: {did: access, for: 2d of signup, until: 9d of signup}, rungs: "
                     "[{at: 3d of signup, channel: email, template: t}]}\n"),
            "");
}

TEST(RuleWarningTest, TwoRulesThatAskAtOnceOnOneChannelCollide) {
  const std::string one =
      "  one: {when: {role: admin}, rungs: [{at: 4d of signup, channel: email, template: t}]}\n";

  EXPECT_EQ(Warnings(one + "  two: {when: {all: [{role: admin}, {did: access}]}, rungs: [{at: 4d "
                           "of signup, channel: email, template: u}]}\n"),
            "test.yaml:5: rules.two: always collides with rules.one: the same condition, time and "
            "channel");
  EXPECT_EQ(Warnings(one + "  two: {when: {role: viewer}, rungs: [{at: 4d of signup, channel: "
                           "email, template: u}]}\n"),
            "");
  EXPECT_EQ(Warnings(one + "  two: {when: {role: admin}, rungs: [{at: 5d of signup, channel: "
                           "email, template: u}]}\n"),
            "");
}

TEST(RuleWarningTest, ALadderLongerThanTheGateLetsThrough) {
  EXPECT_EQ(Warnings("  mine: {when: {role: admin}, rungs: [{at: 1d of signup, channel: email, "
                     "template: t}, {at: 30h of signup, channel: in_app, template: t}]}\n"),
            "test.yaml:4: rules.mine: 2 rungs are due within 1d, and gate.user.per_day lets 1 "
            "through");
  EXPECT_EQ(Warnings("  mine: {when: {role: admin}, rungs: [{at: 1d of signup, channel: email, "
                     "template: t}, {at: 2d of signup, channel: in_app, template: t}]}\n"),
            "");
}

TEST(RuleWarningTest, AParameterThatNobodyKnowsStandsAsNothing) {
  EXPECT_THAT(Warnings("  mine: {when: {role: admin}, rungs: [{at: trigger, channel: cs, task: "
                       "{subject: \"{acount.name} and {account.name}\"}}]}\n"),
              HasSubstr("rules.mine.rungs[0].task.subject: '{acount.name}' is no parameter"));
}

TEST(BlockerTest, IsOfTheAccount) {
  EXPECT_THAT(Errors("blockers: {mine: {when: {did: access}}}\n"),
              HasSubstr("blockers.mine.when: 'did' asks about a user; this is about an account; "
                        "did you mean 'account_did'?"));
}

}  // namespace
}  // namespace foothold::config
