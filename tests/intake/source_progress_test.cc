#include "src/intake/source_progress.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace foothold::intake {
namespace {

const InputPartition kFirst{"events", PartitionId{0}};
const InputPartition kSecond{"events", PartitionId{1}};

Instant At(std::int64_t second) { return InstantFromMs(second * 1000); }

TEST(SourceProgressTest, ItKeepsTheLargestAndSmallestTimes) {
  SourceProgress progress;

  for (const std::int64_t second : {20, 10, 30, 25}) {
    progress.ObserveRecord(kFirst, At(second + 100));
    progress.ObserveEvent(kFirst, At(second), At(1000));
  }

  EXPECT_EQ(progress.all().at(kFirst), (ReadProgress{.event_time_max = At(30),
                                                     .event_time_min = At(10),
                                                     .is_at_end = false,
                                                     .broker_time_max = At(130)}));
}

TEST(SourceProgressTest, WhatWasReadBeforeCountsAndIsToldWithWhatMoves) {
  const ReadProgress before{.event_time_max = At(30),
                            .event_time_min = At(10),
                            .is_at_end = false,
                            .broker_time_max = At(130)};
  SourceProgress progress;

  progress.Restore(kFirst, before);

  EXPECT_EQ(progress.event_time_max(), At(30));
  EXPECT_TRUE(progress.TakeMoved().empty());
  progress.ObserveEvent(kFirst, At(20), std::nullopt);
  progress.Rollback();
  EXPECT_EQ(progress.of(kFirst), before);
  progress.ObserveEnd(kFirst, true);
  EXPECT_EQ(progress.TakeMoved().at(kFirst).event_time_max, At(30));
  EXPECT_EQ(progress.of(kSecond), ReadProgress());
}

TEST(SourceProgressTest, TheLargestTimeIsClampedToTheWallAndInFilesNot) {
  SourceProgress progress;

  progress.ObserveEvent(kFirst, At(50), At(40));
  progress.ObserveEvent(kSecond, At(50), std::nullopt);

  EXPECT_EQ(progress.all().at(kFirst).event_time_max, At(40));
  EXPECT_EQ(progress.all().at(kSecond).event_time_max, At(50));
  EXPECT_EQ(progress.event_time_max(), At(50));
}

TEST(SourceProgressTest, TakeMovedGivesEachMoveOnce) {
  SourceProgress progress;
  progress.ObserveEvent(kFirst, At(10), At(100));
  progress.ObserveEvent(kSecond, At(10), At(100));

  EXPECT_EQ(progress.TakeMoved().size(), 2U);
  EXPECT_TRUE(progress.TakeMoved().empty());

  progress.ObserveEvent(kSecond, At(10), At(100));
  EXPECT_TRUE(progress.TakeMoved().empty()) << "nothing is further than it was";
  progress.ObserveEvent(kSecond, At(11), At(100));
  EXPECT_EQ(progress.TakeMoved().size(), 1U);
}

TEST(SourceProgressTest, ARejectedRecordIsASignOfLife) {
  SourceProgress progress;

  progress.ObserveRecord(kFirst, At(7));

  EXPECT_EQ(progress.TakeMoved().at(kFirst), (ReadProgress{.event_time_max = std::nullopt,
                                                           .event_time_min = std::nullopt,
                                                           .is_at_end = false,
                                                           .broker_time_max = At(7)}));
}

TEST(SourceProgressTest, ARecordTakesTheEndBack) {
  SourceProgress progress;
  progress.ObserveEnd(kFirst, true);
  EXPECT_TRUE(progress.TakeMoved().at(kFirst).is_at_end);
  progress.ObserveEnd(kFirst, true);
  EXPECT_TRUE(progress.TakeMoved().empty());

  progress.ObserveRecord(kFirst, std::nullopt);

  EXPECT_FALSE(progress.TakeMoved().at(kFirst).is_at_end);
}

TEST(SourceProgressTest, RollbackGoesBackToTheLastCommit) {
  SourceProgress progress;
  progress.ObserveEvent(kFirst, At(10), At(100));
  (void)progress.TakeMoved();
  progress.Commit();
  progress.ObserveEvent(kFirst, At(20), At(100));
  progress.ObserveEvent(kSecond, At(20), At(100));
  (void)progress.TakeMoved();

  progress.Rollback();

  EXPECT_EQ(progress.all().size(), 1U);
  EXPECT_EQ(progress.event_time_max(), At(10));
  EXPECT_TRUE(progress.TakeMoved().empty());
  progress.ObserveEvent(kFirst, At(20), At(100));
  EXPECT_EQ(progress.TakeMoved().size(), 1U) << "read again, it moves again";
}

TEST(SourceProgressTest, AMoveTakenInAnAbortedTransactionIsTakenAgain) {
  SourceProgress progress;
  progress.ObserveEvent(kFirst, At(10), At(100));
  progress.Commit();
  EXPECT_EQ(progress.TakeMoved().size(), 1U);

  progress.Rollback();

  EXPECT_EQ(progress.TakeMoved().size(), 1U);
}

TEST(SourceProgressTest, AForgottenPartitionIsGoneAlsoAfterARollback) {
  SourceProgress progress;
  progress.ObserveEvent(kFirst, At(10), At(100));
  progress.Commit();
  progress.ObserveEvent(kFirst, At(20), At(100));

  progress.Forget(kFirst);
  progress.Rollback();

  EXPECT_TRUE(progress.all().empty());
}

}  // namespace
}  // namespace foothold::intake
