#include "src/journey/gate.h"

#include <gtest/gtest.h>

#include "src/base/hash.h"

namespace foothold::journey {
namespace {

using Kind = GateVerdict::Kind;

constexpr Instant kNoon = InstantFromMs(1'767'960'000'000);

// A rung that may go out at noon, UTC; each test takes one thing away.
class GateTest : public testing::Test {
 protected:
  GateTest() {
    rule_.name = "rule";
    rule_.rungs.resize(1);
    state_.rule = Hash64(rule_.name);
    state_.due = kNoon - kHour;
    state_.expires = kNoon + 7 * kDay;
    policy_.holdout = 0;
  }

  GateInput Input() {
    return {.rule = rule_,
            .rung = rule_.rungs[0],
            .state = state_,
            .channel = channel_,
            .control = &control_,
            .policy = policy_,
            .now = now_,
            .zone = nullptr,
            .user = &user_,
            .account = &account_};
  }

  Rule rule_;
  RungState state_;
  RuleControl control_;
  GatePolicy policy_;
  CareState user_;
  CareState account_;
  Channel channel_ = Channel::kEmail;
  Instant now_ = kNoon;
};

TEST_F(GateTest, WhatNothingHoldsGoesOut) {
  EXPECT_EQ(JudgeGate(Input()).kind, Kind::kGo);
  EXPECT_EQ(JudgeGate(Input()).said.caps, "have room");
}

TEST_F(GateTest, AKilledRuleIsSuppressedWhateverElseHolds) {
  control_.is_killed = true;
  control_.is_paused = true;

  const GateVerdict verdict = JudgeGate(Input());

  EXPECT_EQ(verdict.kind, Kind::kSuppress);
  EXPECT_EQ(verdict.by, Suppressor::kKilled);
}

TEST_F(GateTest, APausedRuleWaitsAndIsSuppressedOnceItsTimeHasPassed) {
  control_.is_paused = true;

  const GateVerdict held = JudgeGate(Input());
  now_ = state_.expires;
  const GateVerdict late = JudgeGate(Input());

  EXPECT_EQ(held.kind, Kind::kWait);
  EXPECT_EQ(held.until, state_.expires);
  EXPECT_EQ(late.kind, Kind::kSuppress);
  EXPECT_EQ(late.by, Suppressor::kPaused);
}

TEST_F(GateTest, TheModePeopleSetCountsInPlaceOfThePlaybooks) {
  rule_.mode = RuleMode::kOff;
  EXPECT_EQ(JudgeGate(Input()).by, Suppressor::kOff);

  control_.mode = RuleMode::kLive;
  EXPECT_EQ(JudgeGate(Input()).kind, Kind::kGo);
}

TEST_F(GateTest, ACauseThatIsGoneComesBeforeATimeThatHasPassed) {
  GateInput input = Input();
  input.has_cause = false;
  input.now = state_.expires;

  EXPECT_EQ(JudgeGate(input).by, Suppressor::kCauseGone);
}

TEST_F(GateTest, WhatExpiresIsSuppressedWithWhatHeldIt) {
  now_ = state_.expires;
  EXPECT_EQ(JudgeGate(Input()).by, Suppressor::kExpired);

  state_.held_by = Suppressor::kQuietHours;
  EXPECT_EQ(JudgeGate(Input()).by, Suppressor::kQuietHours);
}

TEST_F(GateTest, WhileTheMeasurementIsIncompleteItWaits) {
  GateInput input = Input();
  input.is_measured = false;

  const GateVerdict verdict = JudgeGate(input);

  EXPECT_EQ(verdict.kind, Kind::kWait);
  EXPECT_EQ(verdict.by, Suppressor::kMeasurement);
}

TEST_F(GateTest, WithoutConsentItIsSuppressed) {
  GateInput input = Input();
  input.is_refused = true;

  EXPECT_EQ(JudgeGate(input).by, Suppressor::kConsent);
}

TEST_F(GateTest, AHeldOutAccountIsKeptBackAndItsOutcomeCounts) {
  GateInput input = Input();
  input.is_held_out = true;

  EXPECT_EQ(JudgeGate(input).kind, Kind::kHoldOut);
}

TEST_F(GateTest, WhatNeedsApprovalWaitsForIt) {
  rule_.rungs[0].needs_approval = true;

  const GateVerdict awaited = JudgeGate(Input());
  state_.is_approved = true;
  const GateVerdict granted = JudgeGate(Input());

  EXPECT_EQ(awaited.kind, Kind::kWait);
  EXPECT_EQ(awaited.by, Suppressor::kApprovalExpired);
  EXPECT_EQ(granted.kind, Kind::kGo);
  EXPECT_EQ(granted.said.approval, "granted");
}

TEST_F(GateTest, AnOpenBreakerHolds) {
  GateInput input = Input();
  input.breaker_open_until = now_ + 20 * kMinute;

  EXPECT_EQ(JudgeGate(input).kind, Kind::kWait);
  EXPECT_EQ(JudgeGate(input).by, Suppressor::kBreaker);
  EXPECT_EQ(JudgeGate(input).until, now_ + 20 * kMinute);
}

// The hour has room again when the ten minutes in which most was asked have left it.
TEST_F(GateTest, TheBreakerIsOpenUntilItsHourHasRoom) {
  const GatePolicy policy{.breaker_factor = 5, .breaker_span = kHour, .breaker_floor = 3};
  ReleaseCounts counts;
  counts.Count(7, kNoon);
  counts.Count(7, kNoon + 21 * kMinute);

  EXPECT_EQ(counts.OverUntil(policy, 1, 7, kNoon + 30 * kMinute), std::nullopt);
  counts.Count(7, kNoon + 31 * kMinute);
  const auto until = counts.OverUntil(policy, 1, 7, kNoon + 32 * kMinute);

  ASSERT_TRUE(until.has_value());
  EXPECT_EQ(*until, kNoon + kHour);
  EXPECT_TRUE(counts.IsOver(policy, 1, 7, *until - milliseconds{1}));
  EXPECT_FALSE(counts.IsOver(policy, 1, 7, *until));
}

TEST_F(GateTest, QuietHoursDeferToTheMorningAndNotATask) {
  now_ = kNoon + 10 * kHour;

  const GateVerdict email = JudgeGate(Input());
  channel_ = Channel::kCs;
  const GateVerdict task = JudgeGate(Input());

  EXPECT_EQ(email.kind, Kind::kWait);
  EXPECT_EQ(email.by, Suppressor::kQuietHours);
  EXPECT_EQ(email.until, kNoon + 20 * kHour);
  EXPECT_EQ(task.kind, Kind::kGo);
}

TEST_F(GateTest, ADeferralNeverOutlivesTheRung) {
  now_ = kNoon + 10 * kHour;
  state_.expires = now_ + kHour;

  EXPECT_EQ(JudgeGate(Input()).until, state_.expires);
}

TEST_F(GateTest, TheUsersCapsDeferToTheMomentTheyHaveRoom) {
  NoteSent(kNoon - 5 * kHour, Channel::kInApp, &user_);

  const GateVerdict day = JudgeGate(Input());
  user_.sent.clear();
  for (const int days : {6, 4, 2}) {
    NoteSent(kNoon - days * kDay, Channel::kEmail, &user_);
  }
  const GateVerdict week = JudgeGate(Input());

  EXPECT_EQ(day.by, Suppressor::kCapUser);
  EXPECT_EQ(day.until, kNoon + 19 * kHour);
  EXPECT_EQ(week.by, Suppressor::kCapUser);
  EXPECT_EQ(week.until, kNoon + kDay);
}

TEST_F(GateTest, ASpanIsOpenAtItsBeginning) {
  NoteSent(kNoon - kDay, Channel::kEmail, &user_);

  EXPECT_EQ(JudgeGate(Input()).kind, Kind::kGo);
}

TEST_F(GateTest, MessagesAndTasksOfAnAccountHaveCapsOfTheirOwn) {
  policy_.cs_per_week = 1;
  policy_.account_per_week = 1;
  NoteSent(kNoon - kDay, Channel::kCs, &account_);

  const GateVerdict email = JudgeGate(Input());
  channel_ = Channel::kCs;
  const GateVerdict task = JudgeGate(Input());

  EXPECT_EQ(email.kind, Kind::kGo);
  EXPECT_EQ(task.by, Suppressor::kCapAccount);
  EXPECT_EQ(task.until, kNoon + 6 * kDay);
}

TEST_F(GateTest, TheHoldoutIsAFunctionOfLadderAndAccountAndNearlyItsShare) {
  policy_.holdout = 0.05;
  int held_out = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string tenant = "account-" + std::to_string(i);
    const bool is_held_out = IsHeldOut(rule_, policy_, tenant);
    EXPECT_EQ(is_held_out, IsHeldOut(rule_, policy_, tenant));
    held_out += is_held_out ? 1 : 0;
  }

  EXPECT_GT(held_out, 400);
  EXPECT_LT(held_out, 600);
}

TEST(ReleaseCountsTest, ABurstAboveTheFloorAndFiveTimesTheMeanOpensTheBreaker) {
  const GatePolicy policy{.breaker_floor = 20};
  ReleaseCounts counts;
  for (int i = 0; i < 19; ++i) {
    counts.Count(1, kNoon);
  }

  EXPECT_FALSE(counts.IsOver(policy, 1, 1, kNoon));
  counts.Count(1, kNoon);
  EXPECT_TRUE(counts.IsOver(policy, 1, 1, kNoon));
  EXPECT_FALSE(counts.IsOver(policy, 1, 2, kNoon));
  EXPECT_FALSE(counts.IsOver(policy, 1, 1, kNoon + 2 * kHour));
}

TEST(ReleaseCountsTest, TheFloorIsSharedByThePartitions) {
  const GatePolicy policy{.breaker_floor = 20};
  ReleaseCounts counts;
  for (int i = 0; i < 3; ++i) {
    counts.Count(1, kNoon);
  }

  EXPECT_TRUE(counts.IsOver(policy, 8, 1, kNoon));
}

TEST(ReleaseCountsTest, ARuleThatAlwaysAsksMuchMayGoOn) {
  const GatePolicy policy{.breaker_floor = 20};
  ReleaseCounts counts;
  for (int hour = 7 * 24; hour >= 0; --hour) {
    for (int i = 0; i < 30; ++i) {
      counts.Count(1, kNoon - hour * kHour);
    }
  }

  EXPECT_FALSE(counts.IsOver(policy, 1, 1, kNoon));
}

}  // namespace
}  // namespace foothold::journey
