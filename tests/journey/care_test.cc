// Risk, stages and interventions of a small playbook, written by hand: what the engine makes of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/names.h"
#include "tests/journey/author.h"
#include "tests/journey/world.h"

namespace foothold::journey {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

EventSpec Did(std::string user, std::string name, double day,
              std::vector<std::pair<std::string, Value>> properties = {}) {
  EventSpec spec;
  spec.user = std::move(user);
  spec.name = std::move(name);
  spec.at = Day(day);
  spec.properties = std::move(properties);
  return spec;
}

EventSpec SignUp(std::string user, std::string role, double day) {
  EventSpec spec = Did(std::move(user), "Signed Up", day);
  spec.role = std::move(role);
  return spec;
}

// "requested rule#1", "cancelled", ... in the order in which they were decided.
std::vector<std::string> Told(const World& world) {
  std::vector<std::string> told;
  for (const OutputRecord& record : world.RecordsOf<OutputRecord>()) {
    if (const auto* requested = std::get_if<InterventionRequested>(&record)) {
      told.push_back("requested " + requested->ask.ladder + "#" +
                     std::to_string(requested->ask.rung));
    } else if (const auto* cancelled = std::get_if<InterventionCancelled>(&record)) {
      told.push_back(cancelled->cause == CancelCause::kCorrection ? "cancelled, a correction"
                                                                  : "cancelled");
    } else if (const auto* suppressed = std::get_if<InterventionSuppressed>(&record)) {
      told.push_back("suppressed " + std::string(SuppressorName(suppressed->by)));
    } else if (const auto* outcome = std::get_if<InterventionOutcome>(&record)) {
      told.push_back(outcome->outcome == Outcome::kConverted ? "converted" : "not converted");
    } else if (std::holds_alternative<InterventionShadow>(record)) {
      told.push_back("shadow");
    }
  }
  return told;
}

class RiskTest : public testing::Test {
 protected:
  RiskTest() {
    author_.AddSignal("not_started", 45,
                      {author_.Did("profile.completed"), Author::Not(),
                       Author::Reached(author_.After(2, "signup")), Author::All(2)});
    author_.AddSignal("never_there", 30,
                      {author_.Access(), Author::Not(), Author::Reached(author_.After(7, "signup")),
                       Author::All(2)});
    author_.AddSignal("checklist", -10, {author_.Did("checklist.completed")});
  }

  Author author_;
};

TEST_F(RiskTest, AbsenceIsConcludedAtItsDueTimeAndNotBefore) {
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));

  world.AdvanceTo(Day(2) - milliseconds(1));
  EXPECT_THAT(world.RecordsOf<DropoffRiskChanged>(), IsEmpty());
  world.AdvanceTo(Day(6));

  const std::vector<DropoffRiskChanged> records = world.RecordsOf<DropoffRiskChanged>();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].to, RiskLevel::kMedium);
  EXPECT_EQ(records[0].score, 45);
  EXPECT_EQ(records[0].common.decided_at, Day(2));
  ASSERT_THAT(records[0].reasons, SizeIs(1));
  EXPECT_EQ(records[0].reasons[0].since, Day(2));
  ASSERT_THAT(records[0].common.evidence, SizeIs(1));
  EXPECT_EQ(records[0].common.evidence[0].occurred_at, Day(0));
}

TEST_F(RiskTest, ScoresAddUpAndSayWhy) {
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));

  world.AdvanceTo(Day(10));

  EXPECT_EQ(world.user("ada").risk.level, RiskLevel::kHigh);
  EXPECT_EQ(world.user("ada").risk.score, 75);
  EXPECT_THAT(world.RecordsOf<DropoffRiskChanged>(), SizeIs(2));
  EXPECT_THAT(world.RecordsOf<DropoffRiskChanged>().back().common.reason,
              HasSubstr("from medium to high"));
}

TEST_F(RiskTest, ALevelIsLeftDownwardsOnlyBelowItsBoundMinusTheHysteresis) {
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.AdvanceTo(Day(3));

  world.Do(Did("ada", "checklist.completed", 3));
  EXPECT_EQ(world.user("ada").risk.score, 35);
  EXPECT_EQ(world.user("ada").risk.level, RiskLevel::kMedium);
  world.Do(Did("ada", "Profile Completed", 3.1));

  EXPECT_EQ(world.user("ada").risk.score, 0);
  EXPECT_EQ(world.user("ada").risk.level, RiskLevel::kLow);
  EXPECT_EQ(world.RecordsOf<DropoffRiskChanged>().back().to, RiskLevel::kLow);
}

TEST_F(RiskTest, ContactsAndTheRemovedHaveNone) {
  World world(author_.playbook());
  world.Do(SignUp("cy", "buyer", 0));
  world.Do(SignUp("ada", "admin", 0));
  world.AdvanceTo(Day(3));
  world.Do(Did("ada", "user.removed", 3.5));

  EXPECT_EQ(world.user("cy").risk.level, RiskLevel::kNone);
  EXPECT_EQ(world.user("ada").risk.level, RiskLevel::kNone);
  EXPECT_EQ(world.LastStatus("ada")->dropoff_risk, std::nullopt);
}

TEST_F(RiskTest, WhoseHistoryIsUnknownHasNone) {
  World world(author_.playbook(), Day(-1));
  world.Do(Did("ada", "Dashboard Viewed", 0));
  world.AdvanceTo(Day(20));

  EXPECT_EQ(world.user("ada").risk.level, RiskLevel::kNone);
  EXPECT_THAT(world.RecordsOf<DropoffRiskChanged>(), IsEmpty());
}

class RulesTest : public testing::Test {
 protected:
  // Day 3 of the signup an e-mail, until day 10; then a call, until day 14.
  void AddInviteRule() {
    Rule& rule =
        author_.AddRule("invite", {Author::RoleIs("admin"), author_.AccountDid("user.invited"),
                                   Author::Not(), Author::All(2)});
    rule.rungs.push_back(Author::At(author_.After(3, "signup"), author_.After(10, "signup")));
    rule.rungs.push_back(
        Author::At(author_.After(10, "signup"), author_.After(14, "signup"), Channel::kCs));
  }
  // At once when an export failed, for half an hour.
  void AddExportRule() {
    Rule& rule = author_.AddRule(
        "export", {author_.Did("report.export.failed"), author_.DidAfterTrigger("report.exported"),
                   Author::Not(), Author::All(2)});
    rule.rungs.push_back(Author::At({}, {.offset = 30 * kMinute}, Channel::kInApp));
  }

  Author author_;
};

TEST_F(RulesTest, ALadderAsksRungByRungWhileItsCauseHolds) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));

  world.AdvanceTo(Day(3) - milliseconds(1));
  EXPECT_THAT(Told(world), IsEmpty());
  world.AdvanceTo(Day(3));
  EXPECT_THAT(Told(world), ElementsAre("requested invite#1"));
  world.AdvanceTo(Day(9));
  EXPECT_THAT(Told(world), ElementsAre("requested invite#1"));
  world.AdvanceTo(Day(12));

  EXPECT_THAT(Told(world),
              ElementsAre("requested invite#1", "not converted", "requested invite#2"));
}

TEST_F(RulesTest, ARequestCarriesItsCauseAndWhatTheReceiverNeeds) {
  AddInviteRule();
  World world(author_.playbook());
  EventSpec signup = SignUp("ada", "admin", 0);
  signup.traits = {{"email", std::string("ada@acme.example")}};
  world.Do(signup);
  world.AdvanceTo(Day(3.5));

  const std::vector<InterventionRequested> requests = world.RecordsOf<InterventionRequested>();
  ASSERT_THAT(requests, SizeIs(1));
  const InterventionRequested& request = requests[0];
  EXPECT_EQ(request.common.evidence.at(0).event, "user.signed_up");
  EXPECT_EQ(request.ask.due_at, Day(3));
  EXPECT_EQ(request.common.decided_at, Day(3.5));
  EXPECT_EQ(request.ask.expires_at, Day(10));
  EXPECT_EQ(request.ask.recipient.email, "ada@acme.example");
  EXPECT_EQ(request.common.rule, "invite@1");
  EXPECT_EQ(request.ask.user_status->user, "ada");
}

TEST_F(RulesTest, ACauseThatClearsCancelsTheRequestAndTheRestOfTheLadder) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.AdvanceTo(Day(3));

  world.Do(Did("ada", "user.invited", 4, {{"inviteeId", "bob"}}));
  world.AdvanceTo(Day(20));

  EXPECT_THAT(Told(world), ElementsAre("requested invite#1", "cancelled", "not converted"));
}

TEST_F(RulesTest, AColleagueMayClearTheCause) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.Do(SignUp("bob", "viewer", 1));
  world.AdvanceTo(Day(3));

  world.Do(Did("bob", "user.invited", 4, {{"inviteeId", "cy"}}));

  EXPECT_THAT(Told(world), ElementsAre("requested invite#1", "cancelled"));
}

TEST_F(RulesTest, ALateRecordThatShowsThatTheCauseNeverWasIsACorrection) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.AdvanceTo(Day(4));

  world.Do(Did("ada", "user.invited", 2, {{"inviteeId", "bob"}}));

  EXPECT_THAT(Told(world), ElementsAre("requested invite#1", "cancelled, a correction"));
}

TEST_F(RulesTest, WhoeverBecomesTheAdminLaterIsStillAsked) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "viewer", 0));
  world.AdvanceTo(Day(5));
  EventSpec change = Did("ada", "user.role_changed", 5);
  change.role = "admin";

  world.Do(change);
  world.AdvanceTo(Day(5.1));

  EXPECT_THAT(Told(world), ElementsAre("requested invite#1"));
}

TEST_F(RulesTest, WhatComesToLightAfterItsTimeIsNotAsked) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "viewer", 0));
  world.AdvanceTo(Day(14));
  EventSpec change = Did("ada", "user.role_changed", 14);
  change.role = "admin";

  world.Do(change);
  world.AdvanceTo(Day(20));

  EXPECT_THAT(Told(world), IsEmpty());
}

TEST_F(RulesTest, AnEventTriggersAtOnceAndAgain) {
  AddExportRule();
  author_.playbook().gate.user_per_day = 0;
  World world(author_.playbook());
  world.Do(SignUp("ana", "analyst", 0));
  world.Do(Did("ana", "report.export_failed", 1));
  world.AdvanceTo(Day(1.001));
  EXPECT_THAT(Told(world), ElementsAre("requested export#1"));

  world.Do(Did("ana", "Report Exported", 1.002));
  world.Do(Did("ana", "report.export_failed", 1.5));
  world.AdvanceTo(Day(1.501));

  EXPECT_THAT(Told(world), ElementsAre("requested export#1", "cancelled", "requested export#1"));
}

TEST_F(RulesTest, ARepeatOfAnEventTriggersNothing) {
  AddExportRule();
  author_.playbook().gate.user_per_day = 0;
  World world(author_.playbook());
  world.Do(SignUp("ana", "analyst", 0));
  EventSpec failed = Did("ana", "report.export_failed", 1);
  failed.id = "once";
  world.Do(failed);
  world.AdvanceTo(Day(1.001));
  world.Do(failed);
  world.AdvanceTo(Day(1.002));

  EXPECT_THAT(Told(world), ElementsAre("requested export#1"));
}

TEST_F(RulesTest, WhatWasNotReleasedInTimeIsSuppressedAsExpired) {
  AddExportRule();
  World world(author_.playbook());
  world.Do(SignUp("ana", "analyst", 0));
  world.Do(Did("ana", "report.export_failed", 1));

  world.AdvanceTo(Day(2));

  EXPECT_THAT(Told(world), ElementsAre("suppressed expired"));
}

TEST_F(RulesTest, OfUnknownHistoryNobodyIsAsked) {
  AddInviteRule();
  World world(author_.playbook(), Day(-1));
  EventSpec seen = Did("ada", "Dashboard Viewed", 0);
  seen.role = "admin";
  world.Do(seen);
  world.AdvanceTo(Day(20));

  for (const std::string& told : Told(world)) {
    EXPECT_EQ(told, "suppressed history_unknown");
  }
  EXPECT_THAT(world.RecordsOf<InterventionRequested>(), IsEmpty());
}

TEST_F(RulesTest, TheMilestoneWithinTheAttributionWindowIsConverted) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.Do(Did("ada", "Integration Connected", 1));
  world.AdvanceTo(Day(3));
  world.Do(Did("ada", "user.invited", 4, {{"inviteeId", "bob"}}));
  world.Do(Did("ada", "user.invited", 4.1, {{"inviteeId", "cy"}}));
  world.AdvanceTo(Day(30));

  EXPECT_THAT(Told(world), ElementsAre("requested invite#1", "cancelled", "converted"));
}

TEST_F(RulesTest, AHeldOutAccountIsKeptBackAndHasItsOutcome) {
  AddInviteRule();
  author_.playbook().gate.holdout = 1;
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.AdvanceTo(Day(3.1));
  world.AdvanceTo(Day(11));

  EXPECT_THAT(world.RecordsOf<InterventionRequested>(), IsEmpty());
  const std::vector<InterventionOutcome> outcomes = world.RecordsOf<InterventionOutcome>();
  ASSERT_THAT(outcomes, SizeIs(1));
  EXPECT_TRUE(outcomes[0].is_holdout);
}

TEST_F(RulesTest, PauseAndResumeEqualNeverPausedForWhatIsStillOfUse) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.Say("invite", {.is_paused = true});
  world.AdvanceTo(Day(4));
  EXPECT_THAT(Told(world), IsEmpty());
  EXPECT_THAT(world.held(), Contains(HeldRung{.rule = "invite", .by = Suppressor::kPaused}));

  world.Say("invite", {});
  world.AdvanceTo(Day(4.1));

  EXPECT_THAT(Told(world), ElementsAre("requested invite#1"));
}

TEST_F(RulesTest, AKillCancelsWhatWasAskedAndSuppressesWhatIsDue) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.AdvanceTo(Day(4));

  world.Say("invite", {.is_killed = true});
  world.AdvanceTo(Day(10.5));
  world.AdvanceTo(Day(11.5));

  EXPECT_THAT(Told(world),
              ElementsAre("requested invite#1", "cancelled", "suppressed killed", "not converted"));
}

TEST_F(RulesTest, NoUserGetsMoreThanTheCapsAllow) {
  author_.playbook().gate.user_per_day = 1;
  for (const char* name : {"one", "two", "three"}) {
    Rule& rule = author_.AddRule(name, {Author::RoleIs("admin")});
    rule.rungs.push_back(Author::At(author_.After(3, "signup"), author_.After(10, "signup")));
  }
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));

  world.AdvanceTo(Day(3.1));
  EXPECT_THAT(world.RecordsOf<InterventionRequested>(), SizeIs(1));
  world.AdvanceTo(Day(4.0));
  EXPECT_THAT(world.RecordsOf<InterventionRequested>(), SizeIs(1));
  world.AdvanceTo(Day(4.2));
  EXPECT_THAT(world.RecordsOf<InterventionRequested>(), SizeIs(2));
  world.AdvanceTo(Day(6));

  EXPECT_THAT(world.RecordsOf<InterventionRequested>(), SizeIs(3));
}

TEST_F(RulesTest, ARemovedUsersRequestIsCancelled) {
  AddInviteRule();
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.AdvanceTo(Day(4));

  world.Do(Did("ada", "user.removed", 5));
  world.AdvanceTo(Day(30));

  EXPECT_THAT(Told(world), ElementsAre("requested invite#1", "cancelled", "not converted"));
  EXPECT_EQ(world.RecordsOf<InterventionCancelled>().at(0).cause, CancelCause::kRemoved);
}

// The clock is behind the events: when the timer of the absence fires, what ended it is known.
TEST_F(RiskTest, AnAbsenceThatEndedBehindItsTimeIsNotSaidToHold) {
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.Do(Did("ada", "profile.completed", 2.001));

  world.AdvanceTo(Day(5));

  EXPECT_THAT(world.RecordsOf<DropoffRiskChanged>(), IsEmpty());
  EXPECT_EQ(world.user("ada").risk.score, 0);
}

// Of a tenant of any size: what one member does is looked at for all the others only if it is what
// rules ask of the account, and that clears what they were asked.
TEST_F(RulesTest, OtherMembersAreVisitedOnlyForWhatRulesAskOfTheAccount) {
  AddInviteRule();
  World world(author_.playbook());
  constexpr int kMembers = 200;  // More than an account remembers as watchers.
  for (int i = 0; i < kMembers; ++i) {
    world.Do(SignUp("user" + std::to_string(i), "admin", 0.001 * i));
  }
  world.AdvanceTo(Day(4));
  ASSERT_THAT(world.RecordsOf<InterventionRequested>(), Not(IsEmpty()));

  int before = world.visits();
  for (int i = 0; i < 20; ++i) {
    world.Do(Did("user0", "report.exported", 5 + 0.01 * i));
    world.Do(Did("user1", "dashboard.created", 5 + 0.01 * i));
  }
  EXPECT_LT(world.visits() - before, kMembers);

  before = world.visits();
  world.Do(Did("user7", "user.invited", 6, {{"inviteeEmail", "bob@acme.example"}}));
  EXPECT_GE(world.visits() - before, kMembers);
  EXPECT_THAT(world.RecordsOf<InterventionCancelled>(),
              SizeIs(world.RecordsOf<InterventionRequested>().size()));
}

// What was asked of somebody known by an address alone goes on under their name, and facts of the
// account do not call them back under the address.
TEST_F(RulesTest, WhoWasMergedIsNotLookedAtAnyMore) {
  Rule& rule = author_.AddRule("reminder", {author_.Access(), Author::Not()});
  rule.rungs.push_back(Author::At(author_.After(1, "invite"), author_.After(20, "invite")));
  World world(author_.playbook());
  world.Do(SignUp("ada", "admin", 0));
  world.Do(Did("ada", "user.invited", 0.1, {{"inviteeEmail", "bob@acme.example"}}));
  const std::string nameless = EmailUserId("bob@acme.example");
  world.AdvanceTo(Day(4));
  ASSERT_THAT(world.account().watchers, Contains(nameless));

  EventSpec identify = Did("bob", "identify", 5);
  identify.traits = {{"email", "bob@acme.example"}};
  world.Do(identify);
  ASSERT_FALSE(world.has_user(nameless));
  world.Do(Did("ada", "integration.connected", 6));
  world.AdvanceTo(Day(30));

  EXPECT_FALSE(world.has_user(nameless));
  EXPECT_THAT(world.account().watchers, Not(Contains(nameless)));
}

}  // namespace
}  // namespace foothold::journey
