#include "src/readmodel/read_model.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/readmodel/records.h"

namespace foothold::readmodel {
namespace {

using ::testing::IsEmpty;

std::string FreshPath(const std::string& name) {
  std::string path = ::testing::TempDir() + "read-model-" + name + ".sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(path + suffix);
  }
  return path;
}

std::string Tenants(const ReadModel& model, const AccountsQuestion& question) {
  return Each(model.Ask(question), "accounts", "tenantId");
}

TEST(AccountsTest, TheLongestInItsStageComesFirstAndWhatIsUnknownLast) {
  const auto model = OpenModel();
  journey::AccountStatus young = AccountOf("young");
  young.stage_entered_at = Day(8);
  journey::AccountStatus unknown = AccountOf("unknown");
  unknown.stage_entered_at = unknown.created_at = std::nullopt;
  journey::AccountStatus without_stage = AccountOf("without-stage");
  without_stage.stage_entered_at = std::nullopt;

  Take(model.get(), {young, unknown, AccountOf("old"), without_stage});

  EXPECT_EQ(Tenants(*model, {}), "without-stage old young unknown");
  EXPECT_EQ(Tenants(*model, {.sort = "-since"}), "young old without-stage unknown");
}

TEST(AccountsTest, AListShowsWhatIsKnownOfAnAccount) {
  const auto model = OpenModel();
  journey::AccountStatus status = AccountOf("acme/north");
  status.account.owner = "Dana Wu";
  status.account.mrr = 1250.5;
  status.account.contract_value = 12'000;
  status.account.open_tickets = 2;
  status.account.last_outreach_at = Day(5);
  status.blockers = {{.name = "owner missing", .since = Day(3), .detail = ""},
                     {.name = "never accessed", .since = Day(3), .detail = ""}};
  status.dropoff_risk = "high";
  status.risk_score = 80;

  Take(model.get(), {status});

  const Result<std::string> answer = model->Ask(AccountsQuestion{});
  EXPECT_EQ(At(answer, "/total"), "1");
  EXPECT_EQ(At(answer, "/asOf"), "2026-03-10T00:00:00.000Z");
  EXPECT_EQ(At(answer, "/playbook"), "default@1");
  EXPECT_EQ(At(answer, "/accounts/0/tenantId"), "acme/north");
  EXPECT_EQ(At(answer, "/accounts/0/owner"), "Dana Wu");
  EXPECT_EQ(At(answer, "/accounts/0/mrr"), "1250.5");
  EXPECT_EQ(At(answer, "/accounts/0/contractValue"), "12000");
  EXPECT_EQ(At(answer, "/accounts/0/openTickets"), "2");
  EXPECT_EQ(At(answer, "/accounts/0/lastOutreachAt"), "2026-03-05T00:00:00.000Z");
  EXPECT_EQ(At(answer, "/accounts/0/blockers"), R"(["owner missing","never accessed"])");
  EXPECT_EQ(At(answer, "/accounts/0/dropoffRisk"), "high");
}

TEST(AccountsTest, FiltersSearchAndPagesNarrowTheList) {
  const auto model = OpenModel();
  std::vector<journey::OutputRecord> records;
  for (int i = 0; i < 7; ++i) {
    journey::AccountStatus status = AccountOf("t" + std::to_string(i));
    status.stage_entered_at = Day(i + 1);
    status.account.plan = i % 2 == 0 ? "team" : "free";
    status.account.owner = i == 3 ? std::optional<std::string>("Kim O'Hara") : std::nullopt;
    if (i >= 5) {
      status.blockers = {{.name = "owner missing", .since = Day(3), .detail = ""}};
      status.dropoff_risk = "high";
    }
    records.push_back(status);
  }
  Take(model.get(), records);

  EXPECT_EQ(Tenants(*model, {.plan = "free"}), "t1 t3 t5");
  EXPECT_EQ(Tenants(*model, {.blocker = "owner missing"}), "t5 t6");
  EXPECT_EQ(Tenants(*model, {.risk = "none", .plan = "team"}), "t0 t2 t4");
  EXPECT_EQ(Tenants(*model, {.search = "kim o'h"}), "t3");
  EXPECT_EQ(Tenants(*model, {.search = "ACCOUNT T2"}), "t2");
  EXPECT_EQ(Tenants(*model, {.search = "%"}), "");
  const Result<std::string> page = model->Ask(AccountsQuestion{.page = {.limit = 2, .offset = 4}});
  EXPECT_EQ(Each(page, "accounts", "tenantId"), "t4 t5");
  EXPECT_EQ(At(page, "/total"), "7");
}

TEST(AccountsTest, AnUnknownOrderIsRefusedAndNeverReachesTheDatabase) {
  const auto model = OpenModel();

  const Result<std::string> answer = model->Ask(AccountsQuestion{.sort = "since; DROP TABLE x"});

  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Code::kInvalid);
}

TEST(AccountsTest, AStatusReplacesTheOneBeforeAndATombstoneEndsIt) {
  const auto model = OpenModel();
  journey::AccountStatus status = AccountOf("a");
  status.funnel = {{.transition = "admin/profile", .entered = 4, .completed = 1, .median_s = 60}};
  status.blockers = {{.name = "owner missing", .since = Day(3), .detail = ""}};
  Take(model.get(), {status});
  status.funnel = {{.transition = "admin/profile", .entered = 5, .completed = 3, .median_s = 90}};
  status.blockers = {};
  Take(model.get(), {status});

  EXPECT_EQ(At(model->Ask(AccountsQuestion{}), "/accounts/0/blockers"), "[]");
  const Result<std::string> funnel = model->Ask(FunnelQuestion{});
  EXPECT_EQ(At(funnel, "/transitions/0/entered"), "5");
  EXPECT_EQ(At(funnel, "/transitions/0/completed"), "3");
  EXPECT_EQ(At(funnel, "/transitions/0/medianS"), "90");

  Take(model.get(), {journey::StatusTombstone{.tenant = "a", .user = std::nullopt}});

  EXPECT_EQ(At(model->Ask(AccountsQuestion{}), "/total"), "0");
  EXPECT_EQ(At(model->Ask(AccountsQuestion{.blocker = "owner missing"}), "/total"), "0");
  EXPECT_EQ(model->Ask(AccountQuestion{.tenant = "a"}).value(), std::nullopt);
}

TEST(AccountTest, AnAccountIsItsRecordAndWhatIsKnownBesides) {
  const auto model = OpenModel();
  journey::AccountStatus status = AccountOf("a");
  status.next_timers = {{.kind = "rule:account_not_activated", .due = Day(14)}};
  status.open_interventions = {"risk_high#1 waits for approval", "trial_ending#2 waits: breaker",
                               "stalled#1 requested 01ABC"};
  journey::ActivationChanged change;
  change.common.tenant = "a";
  change.common.ce_id = "c1";
  change.common.decided_at = Day(6);
  change.scope = journey::Scope::kAccount;
  change.from = "none";
  change.to = "partial";

  Take(model.get(), {status, change});

  const Result<std::optional<std::string>> found = model->Ask(AccountQuestion{.tenant = "a"});
  const Result<std::string> answer = found.value().value();
  EXPECT_EQ(At(answer, "/account/name"), "Account a");
  EXPECT_EQ(At(answer, "/account/nextTimers/0/kind"), "rule:account_not_activated");
  EXPECT_EQ(Each(answer, "waiting", "rule"), "risk_high trial_ending");
  EXPECT_EQ(Each(answer, "waiting", "state"), "approval held");
  EXPECT_EQ(Each(answer, "waiting", "why"), "null breaker");
  EXPECT_EQ(Each(answer, "upcoming", "kind"), "rule:account_not_activated");
  EXPECT_EQ(Each(answer, "changes", "to"), "partial");
}

TEST(PeopleTest, ThoseOfAnAccountComeInTheOrderOfTheirRisk) {
  const auto model = OpenModel();
  journey::UserStatus safe = PersonOf("a", "safe");
  journey::UserStatus gone = PersonOf("a", "gone");
  gone.removed_at = Day(4);
  gone.risk_score = 99;
  journey::UserStatus risky = PersonOf("a", "risky|1");
  risky.dropoff_risk = "high";
  risky.risk_score = 90;
  risky.email = "Ann@Acme.example";
  risky.risk_reasons = {{.signal = "idle", .weight = 25, .fact = "nothing", .since = Day(3)}};
  risky.steps = {{.name = "profile", .step_class = "setup", .met_at = Day(2)}};

  Take(model.get(), {safe, gone, risky, PersonOf("b", "other")});

  const Result<std::string> people = model->Ask(PeopleQuestion{.tenant = "a"});
  EXPECT_EQ(Each(people, "people", "userId"), "risky|1 safe gone");
  EXPECT_EQ(At(people, "/people/0/riskReasons/0/signal"), "idle");
  EXPECT_EQ(At(people, "/people/0/steps/0/class"), "setup");
  EXPECT_EQ(At(people, "/total"), "3");
  EXPECT_EQ(Each(model->Ask(PeopleQuestion{.email = "ann@ac"}), "people", "tenantId"), "a");
  EXPECT_FALSE(model->Ask(PeopleQuestion{}).has_value());
}

TEST(PeopleTest, ErasureTakesEverythingOfThePersonAndNothingOfOthers) {
  const auto model = OpenModel();
  journey::UserStatus person = PersonOf("a", "x|y");
  person.open_interventions = {"stalled#1 waits for approval"};
  person.activation_window =
      journey::WindowBlock{.anchor = "signup", .opens_at = Day(1), .closes_at = Day(12)};
  journey::InterventionRequested request = RequestOf("a", "i1");
  request.common.user = "x|y";
  Take(model.get(), {PersonOf("a", "z"), person, request, RequestOf("a", "i2")});
  ASSERT_EQ(At(model->Ask(UpcomingQuestion{}), "/total"), "1");

  Take(model.get(), {journey::StatusTombstone{.tenant = "a", .user = "x|y"}});

  EXPECT_EQ(Each(model->Ask(PeopleQuestion{.tenant = "a"}), "people", "userId"), "z");
  EXPECT_EQ(Each(model->Ask(InterventionsQuestion{}), "interventions", "interventionId"), "i2");
  EXPECT_EQ(At(model->Ask(WaitingQuestion{}), "/total"), "0");
  EXPECT_EQ(At(model->Ask(UpcomingQuestion{}), "/total"), "0");
}

TEST(InterventionsTest, WhatBecameOfARequestIsOneRow) {
  const auto model = OpenModel();
  journey::InterventionCancelled cancelled;
  cancelled.common.tenant = "a";
  cancelled.common.ce_id = "c1";
  cancelled.common.decided_at = Day(10);
  cancelled.intervention_id = "i1";
  journey::InterventionOutcome outcome;
  outcome.common.tenant = "a";
  outcome.common.ce_id = "o1";
  outcome.common.decided_at = outcome.at = Day(10);
  outcome.intervention_id = "i2";
  outcome.outcome = journey::Outcome::kConverted;
  journey::InterventionSuppressed suppressed;
  suppressed.common = RequestOf("a", "i3").common;
  suppressed.ask = RequestOf("a", "i3").ask;
  suppressed.by = journey::Suppressor::kConsent;

  // Another topic may be read first.
  Take(model.get(), {outcome, RequestOf("a", "i1"), cancelled, RequestOf("a", "i2"), suppressed});

  const Result<std::string> all = model->Ask(InterventionsQuestion{.tenant = "a"});
  EXPECT_EQ(Each(all, "interventions", "interventionId"), "i1 i2 i3");
  EXPECT_EQ(Each(all, "interventions", "state"), "cancelled requested suppressed");
  EXPECT_EQ(Each(all, "interventions", "why"), "condition_cleared null consent");
  EXPECT_EQ(Each(all, "interventions", "outcome"), "null converted null");
  EXPECT_EQ(Each(all, "interventions", "rule"), "stalled@1 stalled@1 stalled@1");
  EXPECT_EQ(At(all, "/interventions/2/reason"), "It has stalled.");
  EXPECT_EQ(At(model->Ask(InterventionsQuestion{.state = "cancelled"}), "/total"), "1");
}

TEST(WaitingTest, WhatWaitsForApprovalIsListedUntilItDoesNot) {
  const auto model = OpenModel();
  journey::AccountStatus status = AccountOf("a");
  status.open_interventions = {"risk_high#2 waits for approval"};
  status.risk_reasons = {{.signal = "idle", .weight = 25, .fact = "nothing", .since = Day(3)}};
  Take(model.get(), {status});

  const Result<std::string> waiting = model->Ask(WaitingQuestion{});
  EXPECT_EQ(Each(waiting, "waiting", "rule"), "risk_high");
  EXPECT_EQ(Each(waiting, "waiting", "rung"), "2");
  EXPECT_EQ(At(waiting, "/waiting/0/riskReasons/0/fact"), "nothing");
  const WaitingRung rung{.tenant = "a", .user = "", .rule = "risk_high", .rung = 2};
  EXPECT_TRUE(model->WaitsForApproval(rung).value());

  status.open_interventions = {"risk_high#2 requested 01ABC"};
  Take(model.get(), {status});

  EXPECT_EQ(At(model->Ask(WaitingQuestion{}), "/total"), "0");
  EXPECT_FALSE(model->WaitsForApproval(rung).value());
}

TEST(UpcomingTest, TheQueueHoldsWhatIsDueInTheNextDays) {
  const auto model = OpenModel();
  journey::AccountStatus status = AccountOf("a");
  status.next_timers = {{.kind = "rule:past", .due = Day(9)},
                        {.kind = "rule:soon", .due = Day(12)},
                        {.kind = "signal:far", .due = Day(20)}};
  status.account.trial_ends_at = Day(11);
  Take(model.get(), {status});

  EXPECT_EQ(Each(model->Ask(UpcomingQuestion{}), "upcoming", "kind"), "trial ends rule:soon");
  EXPECT_EQ(At(model->Ask(UpcomingQuestion{.within = 30 * kDay}), "/total"), "3");
  EXPECT_EQ(Each(model->Ask(UpcomingQuestion{.kind = "rule"}), "upcoming", "kind"), "rule:soon");
}

TEST(FunnelTest, FunnelsAddUpByPlanAndTheStuckAreCounted) {
  const auto model = OpenModel();
  std::vector<journey::OutputRecord> records;
  for (const std::string tenant : {"a", "b"}) {
    journey::AccountStatus status = AccountOf(tenant);
    status.account.plan = tenant;
    status.funnel = {
        {.transition = "analyst/z first", .entered = 10, .completed = 6, .median_s = 60},
        {.transition = "analyst/a then", .entered = 6, .completed = 1, .median_s = 9}};
    records.push_back(status);
    journey::UserStatus person = PersonOf(tenant, "u");
    person.current_step = 2;
    person.step_name = "a then";
    person.step_entered_at = tenant == "a" ? Day(5) : Day(9);
    records.push_back(person);
  }
  Take(model.get(), records);

  const Result<std::string> all = model->Ask(FunnelQuestion{});
  EXPECT_EQ(Each(all, "transitions", "step"), "z first a then");
  EXPECT_EQ(Each(all, "transitions", "entered"), "20 12");
  EXPECT_EQ(Each(all, "transitions", "lost"), "8 10");
  EXPECT_EQ(Each(all, "transitions", "stuck"), "0 1");
  EXPECT_EQ(Each(model->Ask(FunnelQuestion{.plan = "a"}), "transitions", "entered"), "10 6");
}

// An account lists what somebody of it came to, role after role.
TEST(FunnelTest, TheStepsOfARoleStandInTheOrderOfItsLadderWhateverElseAnAccountHas) {
  const auto model = OpenModel();
  journey::AccountStatus first = AccountOf("a");
  first.funnel = {{.transition = "admin/b profile", .entered = 1, .completed = 1, .median_s = 1},
                  {.transition = "admin/a invite", .entered = 1, .completed = 0, .median_s = 1},
                  {.transition = "viewer/z access", .entered = 1, .completed = 0, .median_s = 9}};
  journey::AccountStatus second = AccountOf("b");
  second.funnel = {{.transition = "viewer/z access", .entered = 1, .completed = 1, .median_s = 2},
                   {.transition = "viewer/y export", .entered = 1, .completed = 0, .median_s = 2}};

  Take(model.get(), std::vector<journey::OutputRecord>{first, second});

  EXPECT_EQ(Each(model->Ask(FunnelQuestion{}), "transitions", "step"),
            "b profile a invite z access y export");
}

TEST(CohortsTest, AccountsAreCountedByWeekAndByChannel) {
  const auto model = OpenModel();
  journey::AccountStatus fast = AccountOf("a");
  fast.account.signup_week = "2026-W10";
  fast.account.channel = "organic";
  fast.activation_state = journey::AccountState::kActivated;
  fast.activated_at = *fast.created_at + kHour;
  journey::AccountStatus slow = AccountOf("b");
  slow.account.signup_week = "2026-W10";
  journey::AccountStatus other = AccountOf("c");
  other.account.signup_week = "2026-W11";

  Take(model.get(), {fast, slow, other});

  const Result<std::string> weeks = model->Ask(CohortsQuestion{});
  EXPECT_EQ(Each(weeks, "cohorts", "name"), "2026-W10 2026-W11");
  EXPECT_EQ(Each(weeks, "cohorts", "accounts"), "2 1");
  EXPECT_EQ(Each(weeks, "cohorts", "activated"), "1 0");
  EXPECT_EQ(Each(weeks, "cohorts", "medianToValueS"), "3600 null");
  const CohortsQuestion by_channel{.by = CohortsQuestion::By::kChannel};
  EXPECT_EQ(Each(model->Ask(by_channel), "cohorts", "name"), "null organic");
}

TEST(OverviewTest, ItCountsAccountsByWhatTheyAreFilteredBy) {
  const auto model = OpenModel();
  journey::AccountStatus other = AccountOf("b");
  other.account.stage = "adoption";
  other.account.owner = "Kim";
  Take(model.get(), {AccountOf("a"), other, AccountOf("c")});

  const Result<std::string> overview = model->Ask(OverviewQuestion{});
  EXPECT_EQ(At(overview, "/accounts"), "3");
  EXPECT_EQ(Each(overview, "stages", "name"), "setup adoption");
  EXPECT_EQ(Each(overview, "stages", "accounts"), "2 1");
  EXPECT_EQ(Each(overview, "owners", "name"), "null Kim");
}

TEST(ReadModelTest, PlacesAreThoseOfTheLastTransactionAfterARestart) {
  const std::string path = FreshPath("places");
  const std::vector<Place> places{
      {.topic = "onboarding.account-status", .partition = 1, .next = 7}};
  {
    const auto model = OpenModel({.path = path, .origin = "x"});
    EXPECT_THAT(model->Places().value(), IsEmpty());
    Take(model.get(), {AccountOf("a")}, places);
  }

  const auto model = OpenModel({.path = path, .origin = "x"});

  EXPECT_EQ(model->Places().value(), places);
  EXPECT_EQ(At(model->Ask(AccountsQuestion{}), "/total"), "1");
}

TEST(ReadModelTest, AFileOfAnotherOriginOrThatIsNoneIsMadeAnew) {
  const std::string path = FreshPath("origin");
  {
    const auto model = OpenModel({.path = path, .origin = "x"});
    Take(model.get(), {AccountOf("a")}, {{.topic = "t", .partition = 0, .next = 1}});
  }
  EXPECT_THAT(OpenModel({.path = path, .origin = "y"})->Places().value(), IsEmpty());

  std::ofstream(path, std::ios::trunc) << "this is no database, and it is long enough to tell so";
  const auto model = OpenModel({.path = path, .origin = "y"});
  EXPECT_THAT(model->Places().value(), IsEmpty());
  EXPECT_EQ(At(model->Ask(AccountsQuestion{}), "/total"), "0");
}

TEST(ReadModelTest, ARecordThatIsNoneIsCountedAndLeavesNothingBehind) {
  const auto model = OpenModel();
  const auto take = [&](std::string_view record, std::string_view json) {
    EXPECT_TRUE(model->Take(std::vector<Record>{{.record = record, .json = json}}, {}).ok());
  };

  take("onboarding.account-status", "{\"tenantId\": \"a\"");
  take("onboarding.account-status", "{\"name\": \"nobody's\"}");
  take("onboarding.user-status", "[]");
  take("onboarding.nothing", "{}");

  EXPECT_EQ(model->unreadable(), 3);
  EXPECT_EQ(At(model->Ask(AccountsQuestion{}), "/total"), "0");
}

TEST(ReadModelTest, OldDecisionsGo) {
  const auto model = OpenModel({.decisions_kept = 2 * kDay});
  std::vector<journey::OutputRecord> many(20'000, RequestOf("a", "new"));
  journey::InterventionRequested old = RequestOf("a", "old");
  old.common.decided_at = Day(2);
  many.front() = old;

  Take(model.get(), many);

  EXPECT_EQ(Each(model->Ask(InterventionsQuestion{}), "interventions", "interventionId"), "new");
}

TEST(ReadModelTest, AQuestionThatTakesTooLongIsGivenUp) {
  const auto model = OpenModel({.question_max = milliseconds(-1)});
  std::vector<journey::OutputRecord> many;
  for (int i = 0; i < 2'000; ++i) {
    many.push_back(AccountOf(std::to_string(i)));
  }
  Take(model.get(), many);

  const Result<std::string> answer = model->Ask(AccountsQuestion{.search = "account"});

  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Code::kRetry);
}

TEST(ReadModelTest, ATemporaryFileGoesWithTheModel) {
  const std::filesystem::path folder = ::testing::TempDir() + "read-model-temporary";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  ASSERT_EQ(setenv("TMPDIR", folder.c_str(), 1), 0);
  {
    const auto model = OpenModel();
    EXPECT_FALSE(std::filesystem::is_empty(folder));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

}  // namespace
}  // namespace foothold::readmodel
