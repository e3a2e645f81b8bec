#include "src/journey/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/playbook_file.h"
#include "tests/journey/world.h"

namespace foothold::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
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

EventSpec WithRole(EventSpec spec, std::string role) {
  spec.role = std::move(role);
  return spec;
}

std::vector<std::string> Steps(const World& world, const std::string& user) {
  std::vector<std::string> steps;
  for (const ActivationChanged& record : world.Activations(user)) {
    steps.push_back(record.from + ">" + record.to);
  }
  return steps;
}

class EngineTest : public ::testing::Test {
 protected:
  void SignUp(const std::string& user, const std::string& role, double day) {
    world_.Do(Did(user, "Signed Up", day));
    world_.Do(WithRole(Did(user, "identify", day), role));
  }

  World world_{config::DefaultPlaybook()};
};

TEST_F(EngineTest, AnAdminWithAnIntegrationAndTwoInviteesIsActivated) {
  SignUp("ada", "Admin", 0);
  world_.Do(Did("ada", "Integration Connect", 1));
  world_.Do(Did("ada", "user.invited", 2, {{"inviteeId", "bob"}}));
  world_.Do(Did("ada", "user.invited", 3, {{"inviteeEmail", "cyd@acme.com"}}));

  const std::vector<ActivationChanged> records = world_.Activations("ada");
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].to, "in_progress");
  EXPECT_EQ(records[1].to, "activated");
  EXPECT_EQ(records[1].activated_at, Day(3));
  EXPECT_EQ(records[1].common.role, "admin");
  EXPECT_EQ(records[1].activation_class, ActivationClass::kOrganic);
  EXPECT_EQ(records[1].window->closes_at, Day(7));
  EXPECT_THAT(records[1].common.evidence, SizeIs(3));
  EXPECT_EQ(records[1].time_to_value_from_signup_s, 3 * 86'400);
}

TEST_F(EngineTest, OneInviteeTwiceIsOneInvitee) {
  SignUp("ada", "admin", 0);
  world_.Do(Did("ada", "integration.connected", 1));
  world_.Do(Did("ada", "user.invited", 2, {{"inviteeId", "bob"}}));
  world_.Do(Did("ada", "user.invited", 3, {{"inviteeId", "bob"}}));

  EXPECT_THAT(Steps(world_, "ada"), ElementsAre("not_started>in_progress"));
  EXPECT_EQ(world_.Activations("ada").back().progress[1].have, 0);
}

TEST_F(EngineTest, AnExportAtTheEndOfTheWindowIsLate) {
  SignUp("bob", "analyst", 0);
  world_.Do(Did("bob", "dashboard.created", 1));
  world_.Do(Did("bob", "report.exported", 15));

  EXPECT_THAT(Steps(world_, "bob"),
              ElementsAre("not_started>in_progress", "in_progress>activated_late"));
  EXPECT_EQ(world_.Activations("bob").back().activation_class, ActivationClass::kLate);
}

TEST_F(EngineTest, AWindowExpiresWhenTheClockIsThereAndNotBefore) {
  SignUp("bob", "analyst", 0);
  world_.Do(Did("bob", "dashboard.created", 1));
  world_.AdvanceTo(Day(15) - milliseconds(1));
  EXPECT_THAT(Steps(world_, "bob"), ElementsAre("not_started>in_progress"));

  world_.AdvanceTo(Day(20));

  const std::vector<ActivationChanged> records = world_.Activations("bob");
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[1].to, "window_expired");
  EXPECT_EQ(records[1].common.decided_at, Day(15));
  EXPECT_EQ(records[1].common.causation, "timer:window@2026-03-16T00:00:00.000Z");
}

TEST_F(EngineTest, ALateFactCorrectsAnExpiredWindow) {
  SignUp("bob", "analyst", 0);
  world_.Do(Did("bob", "dashboard.created", 1));
  world_.AdvanceTo(Day(20));
  world_.Do(Did("bob", "report.exported", 14));

  const std::vector<ActivationChanged> records = world_.Activations("bob");
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[2].to, "activated");
  EXPECT_EQ(records[2].common.mode, Mode::kCorrection);
  EXPECT_EQ(records[2].supersedes, records[1].common.ce_id);
  EXPECT_EQ(records[2].common.sequence, 3);
}

TEST_F(EngineTest, ARoleTakenOverOpensAWindowOfItsOwn) {
  SignUp("bob", "operator", 0);
  world_.Do(Did("bob", "page.viewed", 0));
  world_.Do(WithRole(Did("bob", "user.role_changed", 10), "analyst"));
  world_.Do(Did("bob", "dashboard.created", 11));
  world_.Do(Did("bob", "report.exported", 20));

  const ActivationChanged last = world_.Activations("bob").back();
  EXPECT_EQ(last.to, "activated");
  EXPECT_EQ(last.window->opens_at, Day(10));
  EXPECT_EQ(last.common.role, "analyst");
}

TEST_F(EngineTest, ARoleChangeItselfCanCompleteTheMilestone) {
  SignUp("bob", "operator", 0);
  world_.Do(Did("bob", "dashboard.created", 1));
  world_.Do(Did("bob", "report.exported", 2));
  world_.Do(WithRole(Did("bob", "user.role_changed", 5), "analyst"));

  EXPECT_EQ(world_.Activations("bob").back().activated_at, Day(5));
}

TEST_F(EngineTest, AnInvitesRoleHoldsUntilAnotherIsGivenAndIsNotTakenOver) {
  world_.Do(WithRole(Did("ada", "user.invited", 0, {{"inviteeId", "bob"}}), "viewer"));
  EXPECT_EQ(world_.LastStatus("bob")->role, "viewer");

  world_.Do(Did("bob", "dashboard.viewed", 1, {{"dashboardId", "d1"}}));
  world_.Do(WithRole(Did("bob", "identify", 5), "analyst"));
  world_.Do(Did("bob", "dashboard.created", 6));

  EXPECT_EQ(world_.LastStatus("bob")->role, "analyst");
  EXPECT_EQ(world_.LastStatus("bob")->activation_window->opens_at, Day(1));
}

TEST(EngineHistoryTest, WhoWasThereBeforeUsIsNeverSaidToHaveExpired) {
  World world(config::DefaultPlaybook(), Day(-5));
  world.Do(WithRole(Did("bob", "identify", 0), "analyst"));
  world.Do(Did("bob", "dashboard.created", 1));
  world.AdvanceTo(Day(60));

  EXPECT_THAT(Steps(world, "bob"), ElementsAre("not_started>in_progress"));
  EXPECT_FALSE(world.LastStatus("bob")->is_history_known);
  EXPECT_THAT(world.LastStatus("bob")->measurement.why, ElementsAre("history_unknown"));

  world.Do(Did("bob", "report.exported", 61));
  EXPECT_EQ(world.Activations("bob").back().to, "activated_late");
}

TEST_F(EngineTest, ARemovedUserIsFrozenUntilItJoinsAgain) {
  SignUp("bob", "analyst", 0);
  world_.Do(Did("bob", "dashboard.created", 1));
  world_.Do(Did("ada", "user.removed", 2, {{"memberId", "bob"}}));
  world_.AdvanceTo(Day(30));
  EXPECT_THAT(Steps(world_, "bob"), ElementsAre("not_started>in_progress"));
  EXPECT_EQ(world_.LastStatus("bob")->removed_at, Day(2));

  world_.Do(Did("ada", "user.joined", 31, {{"memberId", "bob"}}));
  world_.AdvanceTo(Day(32));

  EXPECT_EQ(Steps(world_, "bob").back(), "in_progress>window_expired");
  EXPECT_EQ(world_.LastStatus("bob")->removed_at, std::nullopt);
}

TEST_F(EngineTest, AnAccountIsActivatedByItsMembersAndStaysSo) {
  SignUp("ada", "admin", 0);
  world_.Do(Did("ada", "integration.connected", 1));
  world_.Do(WithRole(Did("ada", "user.invited", 2, {{"inviteeId", "cyd"}}), "analyst"));
  world_.Do(Did("ada", "user.invited", 2, {{"inviteeId", "bob"}}));
  const std::vector<ActivationChanged> before = world_.Activations("");
  ASSERT_FALSE(before.empty());
  EXPECT_EQ(before.back().to, "partial");

  world_.Do(Did("cyd", "dashboard.created", 3));
  world_.Do(Did("cyd", "report.exported", 4));

  const ActivationChanged last = world_.Activations("").back();
  EXPECT_EQ(last.to, "activated");
  EXPECT_EQ(last.activated_at, Day(4));
  EXPECT_EQ(last.eligible, 2);
  EXPECT_EQ(last.reached, 2);

  SignUp("dan", "admin", 5);
  SignUp("eve", "admin", 5);
  SignUp("fay", "admin", 5);
  EXPECT_EQ(world_.Activations("").back().to, "activated");
  EXPECT_EQ(world_.LastAccountStatus()->eligible, 2);
}

TEST_F(EngineTest, WhoIsKnownByAddressOnlyBecomesThePersonOfThatAddress) {
  world_.Do(
      WithRole(Did("ada", "user.invited", 0, {{"inviteeEmail", " Bob@Acme.com "}}), "viewer"));
  ASSERT_TRUE(world_.has_user("email:bob@acme.com"));

  EventSpec identify = Did("u-7", "identify", 1);
  identify.traits.emplace_back("email", "bob@acme.COM");
  world_.Do(identify);

  EXPECT_FALSE(world_.has_user("email:bob@acme.com"));
  EXPECT_EQ(world_.LastStatus("u-7")->anchor_invite, Day(0));
  EXPECT_EQ(world_.LastStatus("u-7")->role, "viewer");
  const std::vector<StatusTombstone> gone = world_.RecordsOf<StatusTombstone>();
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_EQ(gone[0].user, "email:bob@acme.com");
  const std::vector<CompositionRow> rows = world_.LastAccountStatus()->composition;
  std::int64_t invited = 0;
  for (const CompositionRow& row : rows) {
    invited += row.invited;
  }
  EXPECT_EQ(invited, 1);

  world_.Do(Did("ada", "user.invited", 2, {{"inviteeEmail", "bob@acme.com"}}));
  EXPECT_FALSE(world_.has_user("email:bob@acme.com"));
}

TEST_F(EngineTest, EveryStepEnteredOrCompletedIsARecord) {
  SignUp("bob", "operator", 0);
  world_.Do(Did("bob", "page.viewed", 1));
  world_.Do(Did("bob", "record.submitted", 2));

  std::vector<std::string> steps;
  for (const OnboardingProgress& record : world_.RecordsOf<OnboardingProgress>()) {
    steps.push_back(std::to_string(record.step) +
                    (record.change == StepChange::kEntered ? " entered " : " completed ") +
                    FormatRfc3339(record.at).substr(8, 2));
  }
  EXPECT_THAT(steps, ElementsAre("1 entered 01", "1 completed 02", "2 entered 02", "2 completed 03",
                                 "3 entered 03"));
}

TEST_F(EngineTest, CriteriaWithWindowsOfTheirOwnAreLateEachForItself) {
  EventSpec group = Did("ada", "group", 0);
  group.traits.emplace_back("productModel", "api_first");
  world_.Do(group);
  SignUp("ada", "admin", 0);
  world_.Do(Did("ada", "api.first_call", 2));
  world_.Do(Did("ada", "integration.production", 5));

  EXPECT_EQ(world_.Activations("ada").back().to, "activated_late");
  EXPECT_EQ(world_.Activations("ada").back().window->closes_at, Day(1));
}

TEST_F(EngineTest, AContractThatIsKnownLateMovesTheWindowsOfTheUndecided) {
  EventSpec group = Did("ada", "group", 0);
  group.traits.emplace_back("productModel", "sales_led");
  world_.Do(group);
  SignUp("ada", "admin", 0);
  world_.Do(Did("ada", "integration.connected", 1));
  world_.AdvanceTo(Day(20));
  EXPECT_EQ(Steps(world_, "ada").back(), "not_started>in_progress");

  EventSpec contract = Did("", "contract.signed", 3);
  world_.Do(contract);
  world_.AdvanceTo(Day(32));
  EXPECT_EQ(Steps(world_, "ada").back(), "not_started>in_progress");
  world_.AdvanceTo(Day(33));

  EXPECT_EQ(Steps(world_, "ada").back(), "in_progress>window_expired");
}

TEST_F(EngineTest, ALoggedOutreachShortlyBeforeAssists) {
  SignUp("bob", "analyst", 0);
  EventSpec outreach = Did("bob", "outreach.logged", 1);
  outreach.is_product = false;
  world_.Do(outreach);
  world_.Do(Did("bob", "dashboard.created", 2));
  world_.Do(Did("bob", "report.exported", 3));

  EXPECT_EQ(world_.Activations("bob").back().activation_class, ActivationClass::kAssisted);
}

TEST_F(EngineTest, ContactsHaveNoMilestoneAndNoRecords) {
  SignUp("zoe", "buyer", 0);
  world_.Do(Did("zoe", "dashboard.viewed", 1));
  world_.AdvanceTo(Day(90));

  EXPECT_THAT(world_.Activations("zoe"), IsEmpty());
  EXPECT_EQ(world_.LastStatus("zoe")->activation_state, UserState::kNotStarted);
  EXPECT_EQ(world_.LastAccountStatus()->eligible, 0);
}

TEST_F(EngineTest, AStatusIsShownWhenItsLastingPartChangesAndOnceADay) {
  SignUp("bob", "analyst", 0);
  world_.Do(Did("bob", "dashboard.viewed", 0.5));
  world_.ForgetRecords();
  world_.Do(Did("bob", "settings.opened", 0.6));
  EXPECT_EQ(world_.LastStatus("bob"), std::nullopt);

  world_.AdvanceTo(Day(1.5));

  const std::optional<UserStatus> status = world_.LastStatus("bob");
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->as_of, Day(1.5));
  EXPECT_EQ(status->days_in_current_step, 1);
}

}  // namespace
}  // namespace foothold::journey
