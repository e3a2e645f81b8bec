#include "src/readmodel/effects.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "tests/readmodel/records.h"

namespace foothold::readmodel {
namespace {

// A user who signed up on that day of March 2026, and got there so many hours later.
journey::UserStatus UserOf(const std::string& id, int day, std::optional<int> hours) {
  journey::UserStatus user = PersonOf("acme", id);
  user.is_history_known = true;
  user.signup_week = IsoWeekOf(Day(day));
  user.account_segment = "smb";
  if (hours.has_value()) {
    user.activated = Day(day) + *hours * kHour;
    user.time_to_value_from_signup_s = *hours * 3600;
  }
  return user;
}

std::string Text(const UserCohort& cohort) {
  return cohort.week + " " + cohort.role + " " + cohort.segment + " " +
         std::to_string(cohort.activated) + "/" + std::to_string(cohort.users) + " " +
         (cohort.median_to_value_s.has_value() ? std::to_string(*cohort.median_to_value_s) : "-");
}

std::vector<std::string> Cohorts(const ReadModel& model) {
  const Result<Effects> effects = model.ReadEffects();
  EXPECT_TRUE(effects.has_value()) << effects.error().message();
  std::vector<std::string> texts;
  for (const UserCohort& cohort : effects.value().cohorts) {
    texts.push_back(Text(cohort));
  }
  return texts;
}

TEST(CohortsOfUsersTest, EachWeekRoleAndSegmentHasItsRateAndItsMedian) {
  const auto model = OpenModel();
  journey::UserStatus admin = UserOf("d", 3, 1);
  admin.role = "admin";
  journey::UserStatus plain = UserOf("e", 10, std::nullopt);
  plain.role = plain.account_segment = std::nullopt;

  Take(model.get(), {UserOf("a", 3, 30), UserOf("b", 4, 10), UserOf("c", 5, 20),
                     UserOf("x", 5, std::nullopt), admin, plain});

  EXPECT_EQ(Cohorts(*model), (std::vector<std::string>{"2026-W10 admin smb 1/1 3600",
                                                       "2026-W10 analyst smb 3/4 72000",
                                                       "2026-W11 none none 0/1 -"}));
}

TEST(CohortsOfUsersTest, WhoIsRemovedOrWasThereBeforeOurHistoryIsNotCounted) {
  const auto model = OpenModel();
  journey::UserStatus removed = UserOf("a", 3, 30);
  removed.removed_at = Day(6);
  journey::UserStatus old = UserOf("b", 3, 30);
  old.is_history_known = false;

  Take(model.get(), {removed, old, UserOf("c", 3, std::nullopt)});

  EXPECT_EQ(Cohorts(*model), (std::vector<std::string>{"2026-W10 analyst smb 0/1 -"}));
}

TEST(CohortsOfUsersTest, TwelveWeeksAreShownUpToTheNewestRecord) {
  const auto model = OpenModel();
  journey::UserStatus newest = UserOf("a", 10, std::nullopt);  // 2026-W11.

  Take(model.get(), {newest, UserOf("b", 10 - 11 * 7, 1), UserOf("c", 10 - 12 * 7, 1)});

  EXPECT_EQ(Cohorts(*model), (std::vector<std::string>{"2025-W52 analyst smb 1/1 3600",
                                                       "2026-W11 analyst smb 0/1 -"}));
}

std::vector<journey::OutputRecord> Ended(const std::string& rule, bool is_held_out,
                                         journey::Outcome outcome, int count) {
  std::vector<journey::OutputRecord> records;
  for (int i = 0; i < count; ++i) {
    journey::InterventionOutcome ended;
    ended.common.tenant = "t" + std::to_string(i);
    ended.common.rule = rule;
    ended.common.occurred_at = ended.common.decided_at = ended.at = Day(9);
    ended.intervention_id = rule + (is_held_out ? "-held-" : "-asked-") +
                            std::string(journey::OutcomeName(outcome)) + std::to_string(i);
    ended.outcome = outcome;
    ended.is_holdout = is_held_out;
    records.push_back(ended);
  }
  return records;
}

TEST(OutcomesTest, ARuleIsComparedWithWhatHappenedWithoutIt) {
  const auto model = OpenModel();
  Take(model.get(), Ended("stalled@3", false, journey::Outcome::kConverted, 56));
  Take(model.get(), Ended("stalled@3", false, journey::Outcome::kNotConverted, 14));
  Take(model.get(), Ended("stalled@3", true, journey::Outcome::kConverted, 48));
  Take(model.get(), Ended("stalled@3", true, journey::Outcome::kChurned, 32));

  const Result<std::string> answer = model->Ask(OutcomesQuestion{});

  EXPECT_EQ(At(answer, "/rules/0/rule"), "stalled@3");
  EXPECT_EQ(At(answer, "/rules/0/asked/outcomes"), "70");
  EXPECT_EQ(At(answer, "/rules/0/asked/rate"), "0.8");
  EXPECT_EQ(At(answer, "/rules/0/heldOut/churned"), "32");
  // The first example of Newcombe, Statistics in Medicine 17 (1998), 873-890: 56/70 and 48/80.
  EXPECT_EQ(At(answer, "/rules/0/difference/rate"), "0.2");
  EXPECT_EQ(At(answer, "/rules/0/difference/low"), "0.0524");
  EXPECT_EQ(At(answer, "/rules/0/difference/high"), "0.3339");
  EXPECT_EQ(At(answer, "/rules/0/verdict"), "more with it");
}

TEST(OutcomesTest, FewOutcomesAreCalledTooFew) {
  const auto model = OpenModel();
  Take(model.get(), Ended("stalled@3", false, journey::Outcome::kConverted, 500));
  Take(model.get(), Ended("stalled@3", true, journey::Outcome::kNotConverted, 29));

  EXPECT_EQ(At(model->Ask(OutcomesQuestion{}), "/rules/0/verdict"), "too few");
  EXPECT_EQ(At(model->Ask(OutcomesQuestion{}), "/rules/0/difference"), "null");

  Take(model.get(), Ended("stalled@3", true, journey::Outcome::kConverted, 1));

  EXPECT_EQ(At(model->Ask(OutcomesQuestion{}), "/rules/0/verdict"), "more with it");
}

TEST(OutcomesTest, TheOutcomeMayBeReadBeforeItsRequest) {
  const auto model = OpenModel();
  std::vector<journey::OutputRecord> ended =
      Ended("stalled@1", false, journey::Outcome::kConverted, 1);
  const std::string id = std::get<journey::InterventionOutcome>(ended.front()).intervention_id;
  Take(model.get(), ended);
  Take(model.get(), {RequestOf("t0", id)});

  EXPECT_EQ(Each(model->Ask(OutcomesQuestion{}), "rules", "rule"), "stalled@1");
  EXPECT_EQ(At(model->Ask(OutcomesQuestion{}), "/rules/0/asked/converted"), "1");
}

}  // namespace
}  // namespace foothold::readmodel
