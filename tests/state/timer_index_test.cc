#include "state/timer_index.h"

#include <gtest/gtest.h>

namespace foothold::state {
namespace {

TEST(TimerIndexTest, KeysSortByDueAndThenBySubject) {
  EXPECT_LT(TimerKey(InstantFromMs(255), "z"), TimerKey(InstantFromMs(256), "a"));
  EXPECT_LT(TimerKey(InstantFromMs(256), "a"), TimerKey(InstantFromMs(256), "b"));
}

TEST(TimerIndexTest, AKeyGivesBackItsTimer) {
  const Result<DueTimer> timer = ParseTimerKey(TimerKey(InstantFromMs(1234), "usubject"));

  ASSERT_TRUE(timer.has_value());
  EXPECT_EQ(*timer, (DueTimer{.due = InstantFromMs(1234), .key = "usubject"}));
}

TEST(TimerIndexTest, TheKeyAfterAnInstantIsAboveItsTimersAndBelowTheNext) {
  const std::string after = TimerKeyAfter(InstantFromMs(255));

  EXPECT_GT(after, TimerKey(InstantFromMs(255), "\xFF\xFF"));
  EXPECT_LT(after, TimerKey(InstantFromMs(256), "a"));
  EXPECT_LT(TimerKeyAfter(InstantFromMs(-5)), TimerKey(kEpoch, "a"));
}

TEST(TimerIndexTest, DamagedKeysAreCorrupt) {
  for (const std::string& key : {std::string("t"), std::string("t12345678"), std::string("u"),
                                 std::string("t\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFEu")}) {
    const Result<DueTimer> timer = ParseTimerKey(key);
    ASSERT_FALSE(timer.has_value());
    EXPECT_EQ(timer.error().code(), Code::kCorrupt);
  }
}

}  // namespace
}  // namespace foothold::state
