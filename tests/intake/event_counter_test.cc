#include "src/intake/event_counter.h"

#include <string>

#include <gtest/gtest.h>

namespace foothold::intake {
namespace {

using Counts = EventCounter::Counts;

constexpr Instant At(std::int64_t second) { return InstantFromMs(second * 1'000); }

TEST(EventCounterTest, AnEventCountsInTheSpanThatItsPartitionHadComeTo) {
  EventCounter counter(milliseconds{10'000});
  counter.Count("E", At(0));
  counter.Count("E", At(9));
  counter.Count("E", At(10));
  counter.Count("F", At(19));
  counter.Count("", At(19));  // identify: without a name.

  EXPECT_EQ(counter.Take(), (Counts{{0, {{"E", 2}}}, {1, {{"E", 1}, {"F", 1}}}}));
  EXPECT_EQ(counter.BeginOf(1), At(10));
}

TEST(EventCounterTest, WhatAnAbortedTransactionCountedIsGoneAndWhatItTookIsTakenAgain) {
  EventCounter counter(milliseconds{10'000});
  counter.Count("E", At(1));
  counter.Commit();
  counter.Count("lost", At(1));
  counter.Rollback();
  counter.Count("E", At(2));
  counter.Count("F", At(2));

  EXPECT_EQ(counter.Take(), (Counts{{0, {{"E", 2}, {"F", 1}}}}));
  EXPECT_EQ(counter.Take(), Counts());
  counter.Rollback();
  EXPECT_EQ(counter.Take(), (Counts{{0, {{"E", 1}}}}));
  counter.Count("E", At(3));
  counter.Commit();
  EXPECT_EQ(counter.Take(), (Counts{{0, {{"E", 1}}}}));
  counter.Commit();
  EXPECT_EQ(counter.Take(), Counts());
}

TEST(EventCounterTest, NamesBeyondTheBoundAreNotCounted) {
  EventCounter counter(milliseconds{10'000});
  for (std::size_t i = 0; i < EventCounter::kNamesMax; ++i) {
    counter.Count("name " + std::to_string(i), At(1));
  }
  counter.Commit();
  counter.Count("one more", At(1));
  counter.Count("name 3", At(1));

  const Counts counts = counter.Take();

  EXPECT_EQ(counts.at(0).size(), EventCounter::kNamesMax);
  EXPECT_EQ(counts.at(0).at("name 3"), 2U);
}

}  // namespace
}  // namespace foothold::intake
