#include "src/config/playbook_conditions.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/playbook_file.h"
#include "tests/config/playbook_text.h"

namespace foothold::config {
namespace {

using journey::Playbook;
using journey::SubjectKind;
using ::testing::HasSubstr;

std::string WithSignal(std::string_view when, std::string_view more) {
  return fmt::format(
      "playbook: mine\nextends: default\nrisk:\n  signals:\n    mine: {{weight: 1, "
      "when: {}{}}}\n",
      when, more);
}

// The default playbook with one more signal.
struct Compiled {
  Playbook playbook;
  journey::Signal signal;
  std::string text;
};

Compiled Signal(std::string_view when, std::string_view more = "") {
  const Checked<CompiledPlaybook> compiled = ReadPlaybook(WithSignal(when, more), "test.yaml");
  EXPECT_TRUE(compiled.has_value()) << when << '\n' << ToString(compiled.error());
  if (!compiled.has_value()) {
    return {};
  }
  const Playbook& playbook = compiled->playbook;
  const auto found = std::ranges::find(playbook.signals, "mine", &journey::Signal::name);
  return {.playbook = playbook, .signal = *found, .text = TextOf(playbook, found->when)};
}

std::string Nodes(std::string_view when) { return Signal(when).text; }
std::string Label(std::string_view when) { return Signal(when).signal.when.label; }

std::string Errors(std::string_view when, std::string_view more = "") {
  const Checked<CompiledPlaybook> compiled = ReadPlaybook(WithSignal(when, more), "test.yaml");
  return compiled.has_value() ? "accepted" : ToString(compiled.error());
}

TEST(ConditionTest, WordsAreConditions) {
  EXPECT_EQ(Nodes("always"), "always");
  EXPECT_EQ(Nodes("activated"), "activated");
  EXPECT_EQ(Nodes("account_activated"), "account_activated");
}

TEST(ConditionTest, ListsAndNegationsStandBehindTheirOperands) {
  EXPECT_EQ(Nodes("{all: [activated, {any: [{role: admin}, {not: {did: access}}]}, always]}"),
            "activated role(admin) did(access x1) not any2 always all3");
  EXPECT_EQ(Label("{all: [activated, {any: [{role: admin}, {not: {did: access}}]}]}"),
            "activated and (role admin or not access)");
  EXPECT_EQ(Label("{not: {all: [activated, {role: Admin}]}}"), "not (activated and role admin)");
  EXPECT_EQ(Nodes("{not: {not: always}}"), "always not not");
}

TEST(ConditionTest, EventsOfTheUserAreCounted) {
  EXPECT_EQ(Nodes("{did: Export Failed}"), "did(report.export.failed x1)");
  EXPECT_EQ(Nodes("{did: [dashboard.created, form.completed], at_least: 3}"),
            "did(dashboard.created+form.completed x3)");
  EXPECT_EQ(Nodes("{did: dashboard.viewed, distinct: dashboardId, at_least: 4}"),
            "did(dashboard.viewed x4 distinct dashboardid)");
  EXPECT_EQ(Nodes("{did: report.exported, where: {rows: \"> 0\"}, or_without_property: true}"),
            "did(report.exported x1 where rows>0?)");
  EXPECT_EQ(Nodes("{did: invited}"), "did(invited x1)");
  EXPECT_EQ(Nodes("{did: any_step}"), "any_step");
  EXPECT_THAT(Nodes("{did: core_features}"), HasSubstr("did(dashboard.created+dashboard.viewed+"));
}

TEST(ConditionTest, EventsCountWithinAWindowInTheLastDaysOrAfterTheTrigger) {
  EXPECT_EQ(Nodes("{did: user.logged_in, within: 24h of invite_or_signup}"),
            "did(user.logged.in x1 before 1d of invite_or_signup)");
  EXPECT_EQ(Nodes("{did: integration.failed, at_least: 2, in_last: 7d}"),
            "did(integration.failed x2 in last 7d, latest 2)");
  EXPECT_EQ(Label("{did: integration.failed, at_least: 2, in_last: 7d}"),
            "integration.failed, 2 times in the last 7d");
  EXPECT_EQ(Label("{did: user.logged_in, within: 24h of invite_or_signup}"),
            "user.logged_in within 24h of invite_or_signup");
}

TEST(ConditionTest, TheEarliestAndTheLatestOfAnEventAreKeptApart) {
  const Compiled compiled =
      Signal("{all: [{did: guide.started}, {did: guide.started, in_last: 3d}]}");

  ASSERT_EQ(compiled.signal.when.nodes.size(), 3U);
  EXPECT_NE(compiled.signal.when.nodes[0].tracker, compiled.signal.when.nodes[1].tracker);
}

TEST(ConditionTest, FactsOfTheAccountAreAnyones) {
  EXPECT_EQ(Nodes("{account_did: [user.invited, kickoff.held], at_least: 2}"),
            "did(anyone:kickoff.held+user.invited x2)");
  EXPECT_EQ(Nodes("{account_did: access}"), "did(anyone's access x1)");
  EXPECT_EQ(Label("{not: {account_did: access}}"), "not access by anyone");
}

TEST(ConditionTest, RolesStatesLevelsAndStagesAreWords) {
  EXPECT_EQ(Nodes("{role: [Admin, analyst]}"), "role(admin/analyst)");
  EXPECT_EQ(Nodes("{state: window_expired}"), "state(window_expired)");
  EXPECT_EQ(Nodes("{stage: [setup, adoption]}"), "stage(setup/adoption)");
  EXPECT_EQ(Nodes("{stage_late: true}"), "stage_late");
  EXPECT_THAT(Errors("{risk: high}"), HasSubstr("cannot rest on itself"));
}

TEST(ConditionTest, AttributesAreKnownOrCompared) {
  EXPECT_EQ(Nodes("{attribute: owner}"), "trait(owner)");
  EXPECT_EQ(Nodes("{segment: [mid_market, enterprise]}"), "trait(segment=mid_market/enterprise)");
  EXPECT_EQ(Nodes("{seats: \">= 50\"}"), "trait(seats>=50)");
  EXPECT_EQ(Nodes("{product_model: plg}"), "trait(productmodel=plg)");
  EXPECT_EQ(Nodes("{attribute: {plan: \"!= trial\"}}"), "trait(plan!=trial)");
  EXPECT_EQ(Nodes("{user_attribute: {title: CEO}}"), "user trait(title=CEO)");
  EXPECT_EQ(Nodes("{trait: Has_SSO}"), "trait(hassso)");
  EXPECT_EQ(Nodes("{trait: {name: sso, is: [okta, azure]}}"), "trait(sso=okta/azure)");
  EXPECT_EQ(Nodes("{user_trait: {name: beta}}"), "user trait(beta)");
  EXPECT_EQ(Nodes("{mrr_per_seat: \">= 500\"}"), "mrr_per_seat(>=500)");
  EXPECT_EQ(Label("{all: [{segment: [a, b]}, {attribute: owner}, {seats: \"> 5\"}]}"),
            "segment is a or b and owner is known and seats > 5");
}

TEST(ConditionTest, MembersAreQuantified) {
  EXPECT_EQ(Nodes("{members: eligible, share: at_risk, at_least: 0.5}"),
            "members(eligible share at_risk >=0.5)");
  EXPECT_EQ(Nodes("{members: {role: analyst}, any: active, or_empty: true}"),
            "members(role analyst any active or empty)");
  EXPECT_EQ(Nodes("{members: joined, at_least: 6}"), "members(joined count >=6)");
  EXPECT_EQ(Nodes("{members: joined, at_least: 2, within: 7d of signup}"),
            "members(joined count >=2) reached(7d of signup) not all2");
  EXPECT_EQ(Label("{members: invited, none: reached, for: 7d of first_invite}"),
            "none of the invited members reached, after 7d of first_invite");
  EXPECT_EQ(Label("{members: eligible, share: reached, below: 0.5}"),
            "a share below 0.5 of the eligible members reached");
}

TEST(ConditionTest, UseIsCounted) {
  EXPECT_EQ(Nodes("{sessions: {at_least: 4}}"), "sessions(4)");
  EXPECT_EQ(Nodes("{sessions: {at_least: 4}, within: 7d of signup}"),
            "sessions(4 before 7d of signup)");
  EXPECT_EQ(Nodes("{active_days: {at_least: 3}}"), "active_days(3)");
  EXPECT_EQ(Nodes("{active_days: {days: 30..60, below: 0.4 of days 0..30}}"), "use_falls(0.4)");
  EXPECT_EQ(Nodes("{core_time: {at_least: 5m}}"), "core_time(5m)");
  EXPECT_EQ(Nodes("{repeated: page, at_least: 5, in: session, sessions: 2}"), "repeated(5 in 2)");
  EXPECT_EQ(Nodes("{sessions: 2, repeated: action}"), "repeated(3 in 2)");
}

TEST(ConditionTest, TimeIsAskedOfAnchors) {
  EXPECT_EQ(Nodes("{since: 90d of activated}"), "reached(90d of activated)");
  EXPECT_EQ(Nodes("{since: 3d before trialEndsAt}"), "reached(-3d of trialEndsAt)");
  EXPECT_EQ(Nodes("{since: trial_ends_at}"), "reached(0s of trialEndsAt)");
  EXPECT_EQ(Nodes("{since: 1d of trait renewal_date}"), "reached(1d of trait renewaldate)");
  EXPECT_EQ(Nodes("{idle: 48h, after: step}"), "idle(2d)");
  EXPECT_EQ(Nodes("{idle: 48h}"), "reached(2d of last_seen)");
  EXPECT_EQ(Nodes("{step_not_met_for: 3d}"), "step_open(3d)");
  EXPECT_EQ(Nodes("{measurement: incomplete}"), "incomplete(0s)");
  EXPECT_EQ(Nodes("{measurement: incomplete, for: 24h}"), "incomplete(1d)");
}

TEST(ConditionTest, ForAndUntilNarrowWhatStandsBesideThem) {
  EXPECT_EQ(Nodes("{not: {did: access}, for: 5d of invite_or_signup}"),
            "did(access x1) not reached(5d of invite_or_signup) all2");
  EXPECT_EQ(Label("{not: {did: access}, for: 5d of invite_or_signup}"),
            "not access within 5d of invite_or_signup");
  EXPECT_EQ(Nodes("{step_not_met_for: 3d, until: 14d of signup}"),
            "step_open(3d) reached(14d of signup) not all2");
  EXPECT_EQ(Label("{step_not_met_for: 3d, until: 14d of signup}"),
            "current step not met for 3d, until 14d of signup");
  // A list of parts that must all hold takes them in.
  EXPECT_EQ(Nodes("{all: [activated, {role: admin}], for: 1d of signup, until: 9d of signup}"),
            "activated role(admin) reached(1d of signup) reached(9d of signup) not all4");
  EXPECT_EQ(Nodes("{any: [activated, {role: admin}], for: 1d of signup}"),
            "activated role(admin) any2 reached(1d of signup) all2");
  EXPECT_EQ(Nodes("{measurement: incomplete, for: 24h of created}"),
            "incomplete(0s) reached(1d of created) all2");
}

TEST(ConditionTest, WhatMovesOnAndDatesBecomeAnchorsWhenTheyAreUsed) {
  using Kind = journey::AnchorEntry::Kind;
  const Compiled compiled = Signal(
      "{any: [{since: 1d of step}, {since: 1d of step_entered}, "
      "{since: contractAt}, {since: user trait seenAt}]}");
  const auto kind_of = [&](std::string_view name) {
    const auto found = std::ranges::find(compiled.playbook.anchors, name, &journey::Anchor::name);
    return found == compiled.playbook.anchors.end() ? Kind::kTracker
                                                    : found->entries.at(0).at(0).kind;
  };

  EXPECT_EQ(kind_of("step"), Kind::kStep);
  EXPECT_EQ(kind_of("step_entered"), Kind::kStepEntered);
  EXPECT_EQ(kind_of("contractAt"), Kind::kAccountTrait);
  EXPECT_EQ(kind_of("user trait seenat"), Kind::kUserTrait);
}

TEST(ConditionTest, WhatIsAskedDecidesWhomASignalIsAboutUnlessItSays) {
  EXPECT_EQ(Signal("{account_did: kickoff.held}").signal.subject, SubjectKind::kAccount);
  EXPECT_EQ(Signal("{members: all, any: late}").signal.subject, SubjectKind::kAccount);
  EXPECT_EQ(Signal("{account_did: kickoff.held, for: 1d of signup}").signal.subject,
            SubjectKind::kUser);
  EXPECT_EQ(Signal("{role: admin}").signal.subject, SubjectKind::kUser);
  EXPECT_EQ(Signal("{idle: 2d}").signal.subject, SubjectKind::kUser);
  EXPECT_EQ(Signal("{user_trait: x}").signal.subject, SubjectKind::kUser);
  EXPECT_EQ(Signal("{members: all, any: late}", ", for: user").signal.subject, SubjectKind::kUser);
  EXPECT_THAT(Errors("{did: access}", ", for: account"),
              HasSubstr("'did' asks about a user; this is about an account; did you mean "
                        "'account_did'?"));
  EXPECT_THAT(Errors("{since: 1d of signup}", ", for: account"),
              HasSubstr("'signup' is of a user; an account has created, contract, first_invite"));
  EXPECT_THAT(Errors("{not: activated}", ", for: account"), HasSubstr("'account_activated'"));
}

TEST(ConditionTest, ThePhaseSaysWhetherASignalCountsAfterActivation) {
  EXPECT_FALSE(Signal("always").signal.is_after_activation);
  EXPECT_TRUE(Signal("always", ", phase: adoption").signal.is_after_activation);
}

TEST(ConditionTest, MoreThanSixtyFourPartsAreRefused) {
  std::string parts = "always";
  for (int i = 0; i < 63; ++i) {
    parts += ", always";
  }

  EXPECT_THAT(Errors("{all: [" + parts + "]}"), HasSubstr("has up to 64 parts, not 65"));
  EXPECT_EQ(Nodes("{not: {not: {not: {not: always}}}}"), "always not not not not");
}

}  // namespace
}  // namespace foothold::config
