#include "src/journey/clock.h"

#include <gtest/gtest.h>

namespace foothold::journey {
namespace {

constexpr Instant kNoon = InstantFromMs(1'772'366'400'000);  // 2026-03-01T12:00:00Z
constexpr milliseconds kLateness = 10 * kMinute;

Roster TwoPartitions(ClockMode mode = ClockMode::kWall) {
  Roster roster;
  roster.mode = mode;
  roster.sources.push_back({.name = "app",
                            .topic_partitions = {{"events", 2}},
                            .is_required = true,
                            .is_product = true,
                            .history_begin = kEpoch});
  return roster;
}

Progress Moved(std::int32_t partition, PartitionProgress moved,
               std::optional<Instant> wall = std::nullopt) {
  Progress progress;
  progress.partitions[{"app", "events", partition}] = moved;
  progress.wall = wall;
  return progress;
}

PartitionProgress At(Instant event_time) {
  return {.event_time_max = event_time,
          .event_time_min = event_time,
          .is_at_end = false,
          .broker_time_max = event_time};
}

class ClockTest : public ::testing::Test {
 protected:
  std::optional<Instant> Advance() { return clock_.Advance(kLateness); }
  Clock clock_;
};

TEST_F(ClockTest, StandsUntilEveryListedPartitionIsHeardOf) {
  clock_.Apply(TwoPartitions());
  clock_.Apply(Moved(0, At(kNoon)));

  EXPECT_EQ(Advance(), std::nullopt);
  EXPECT_EQ(clock_.Holder(kLateness), "app events[1]");
}

// Intake has come to `event_time`, and its last record for the people stage was before `next`.
Progress Unplaced(std::int32_t partition, Instant event_time, std::int64_t next) {
  PartitionProgress moved = At(event_time);
  moved.unplaced_next = next;
  return Moved(partition, moved);
}

Progress OfPeople(std::int32_t partition, std::int64_t handled, std::optional<Instant> until) {
  Progress progress;
  progress.people = PeopleProgress{.partition = partition, .until = until};
  progress.partitions[{"app", "events", 0}].unplaced_next = handled;
  return progress;
}

TEST_F(ClockTest, WithNothingOnItsWayThePeopleStageIsNotWaitedFor) {
  Roster roster = TwoPartitions();
  roster.people_partitions = 2;
  clock_.Apply(roster);
  clock_.Apply(Moved(0, At(kNoon)));
  clock_.Apply(Moved(1, At(kNoon)));

  EXPECT_EQ(Advance(), kNoon - kLateness);
}

TEST_F(ClockTest, WaitsForEveryPeoplePartitionUntilItHasHandledWhatItGot) {
  Roster roster = TwoPartitions();
  roster.people_partitions = 2;
  clock_.Apply(roster);
  clock_.Apply(Unplaced(0, kNoon, 7));
  clock_.Apply(Moved(1, At(kNoon)));
  EXPECT_EQ(Advance(), std::nullopt);
  EXPECT_EQ(clock_.Holder(kLateness), "people[0]");

  clock_.Apply(OfPeople(0, 7, kNoon - kLateness));
  EXPECT_EQ(Advance(), std::nullopt);
  EXPECT_EQ(clock_.Holder(kLateness), "people[1]");

  // Not all that intake knows of, but until then nothing more can come.
  clock_.Apply(OfPeople(1, 6, kNoon - kHour));
  EXPECT_EQ(Advance(), kNoon - kHour);
  EXPECT_EQ(clock_.Holder(kLateness), "people[1]");

  clock_.Apply(OfPeople(1, 7, kNoon - kHour));
  EXPECT_EQ(Advance(), kNoon - kLateness);
  EXPECT_EQ(clock_.Holder(kLateness), "app events[0]");

  clock_.Apply(Unplaced(0, kNoon + kHour, 8));
  clock_.Apply(Moved(1, At(kNoon + kHour)));
  EXPECT_EQ(Advance(), kNoon - kLateness);
}

TEST_F(ClockTest, TheEndIsThereWhenThePeopleStageHasHandledAll) {
  Roster roster = TwoPartitions(ClockMode::kEvent);
  roster.people_partitions = 1;
  clock_.Apply(roster);
  clock_.Apply(Unplaced(0, kNoon, 7));
  clock_.Apply(Moved(1, At(kNoon)));
  clock_.Apply(OfPeople(0, 6, kNoon - kLateness));
  Progress end;
  end.final_clock = kNoon + kDay;
  clock_.Apply(end);

  EXPECT_EQ(Advance(), kNoon - kLateness);
  EXPECT_FALSE(clock_.is_final());

  clock_.Apply(OfPeople(0, 7, kNoon + kDay));
  EXPECT_EQ(Advance(), kNoon + kDay);
  EXPECT_TRUE(clock_.is_final());
}

TEST_F(ClockTest, WithoutARosterNothingIsComplete) { EXPECT_EQ(Advance(), std::nullopt); }

TEST_F(ClockTest, IsTheSlowestPartitionLessTheLateness) {
  clock_.Apply(TwoPartitions());
  clock_.Apply(Moved(0, At(kNoon)));
  clock_.Apply(Moved(1, At(kNoon - kHour)));

  EXPECT_EQ(Advance(), kNoon - kHour - kLateness);
  EXPECT_EQ(clock_.Holder(kLateness), "app events[1]");
}

TEST_F(ClockTest, NeverGoesBack) {
  clock_.Apply(TwoPartitions());
  clock_.Apply(Moved(0, At(kNoon)));
  clock_.Apply(Moved(1, At(kNoon)));
  ASSERT_EQ(Advance(), kNoon - kLateness);
  clock_.Apply(Moved(1, At(kNoon - kDay)));

  EXPECT_EQ(Advance(), kNoon - kLateness);
}

TEST_F(ClockTest, AnIdlePartitionFollowsTheOthersOfItsSource) {
  clock_.Apply(TwoPartitions(ClockMode::kEvent));
  clock_.Apply(Moved(0, At(kNoon)));
  clock_.Apply(Moved(1, {.event_time_max = std::nullopt,
                         .event_time_min = std::nullopt,
                         .is_at_end = true,
                         .broker_time_max = std::nullopt}));

  EXPECT_EQ(Advance(), kNoon - kLateness);
}

TEST_F(ClockTest, AnIdleSourceFollowsTheWallOnlyToItsLastSignOfLifeAndGrace) {
  clock_.Apply(TwoPartitions());
  PartitionProgress idle = At(kNoon);
  idle.is_at_end = true;
  clock_.Apply(Moved(0, idle, kNoon + 5 * kMinute));
  clock_.Apply(Moved(1, idle, kNoon + 5 * kMinute));
  EXPECT_EQ(Advance(), kNoon + 5 * kMinute - kLateness);

  clock_.Apply(Moved(0, idle, kNoon + kDay));
  EXPECT_EQ(Advance(), kNoon + Clock::kIdleGrace);
}

TEST_F(ClockTest, InFilesTheWallMovesNothing) {
  clock_.Apply(TwoPartitions(ClockMode::kEvent));
  PartitionProgress idle = At(kNoon);
  idle.is_at_end = true;
  clock_.Apply(Moved(0, idle, kNoon + kDay));
  clock_.Apply(Moved(1, idle, kNoon + kDay));

  EXPECT_EQ(Advance(), kNoon - kLateness);
}

TEST_F(ClockTest, ASourceThatIsNotRequiredHoldsNothing) {
  Roster roster = TwoPartitions();
  roster.sources.push_back({.name = "billing",
                            .topic_partitions = {{"invoices", 1}},
                            .is_required = false,
                            .is_product = false,
                            .history_begin = kEpoch});
  clock_.Apply(roster);
  clock_.Apply(Moved(0, At(kNoon)));
  clock_.Apply(Moved(1, At(kNoon)));

  EXPECT_EQ(Advance(), kNoon - kLateness);
}

TEST_F(ClockTest, TheEndOfTheInputMovesItWhateverTheLateness) {
  clock_.Apply(TwoPartitions(ClockMode::kEvent));
  clock_.Apply(Moved(0, At(kNoon)));
  Progress last;
  last.final_clock = kNoon;
  clock_.Apply(last);

  EXPECT_EQ(Advance(), kNoon);
}

TEST_F(ClockTest, TheBeginOfTheHistoryIsFixedByTheFirstRosterElseTheSmallestTime) {
  clock_.Apply(TwoPartitions());
  Roster later = TwoPartitions();
  later.sources[0].history_begin = kNoon;
  clock_.Apply(later);
  EXPECT_EQ(clock_.HistoryBegin("app"), kEpoch);

  Clock file;
  Roster of_file = TwoPartitions(ClockMode::kEvent);
  of_file.sources[0].history_begin.reset();
  file.Apply(of_file);
  EXPECT_EQ(file.HistoryBegin("app"), std::nullopt);
  file.Apply(Moved(0, At(kNoon)));
  file.Apply(Moved(1, At(kNoon - kHour)));
  EXPECT_EQ(file.HistoryBegin("app"), kNoon - kHour);
}

TEST_F(ClockTest, IsMadeAnewFromItsParts) {
  clock_.Apply(TwoPartitions());
  clock_.Apply(Moved(0, At(kNoon), kNoon));
  clock_.Apply(Moved(1, At(kNoon), kNoon));
  Advance();

  EXPECT_EQ(Clock::FromParts(clock_.parts()), clock_);
}

PartitionProgress Idle(Instant event_time) {
  PartitionProgress idle = At(event_time);
  idle.is_at_end = true;
  return idle;
}

TEST_F(ClockTest, ASourceIsSilentBeyondItsPatience) {
  Roster roster = TwoPartitions();
  roster.sources[0].silence_after = 2 * kHour;
  clock_.Apply(roster);
  clock_.Apply(Moved(0, Idle(kNoon), kNoon));
  clock_.Apply(Moved(1, Idle(kNoon - kHour), kNoon + 2 * kHour));
  EXPECT_EQ(clock_.Silent(), std::nullopt);

  clock_.Apply(Moved(1, Idle(kNoon - kHour), kNoon + 2 * kHour + kMinute));

  EXPECT_EQ(clock_.Silent(), (Clock::Silence{.source = "app", .since = kNoon}));
}

// While there is more to read, nobody can tell: the sign of life may be just ahead.
TEST_F(ClockTest, ASourceThatIsNotReadOutIsNotSilent) {
  clock_.Apply(TwoPartitions());
  clock_.Apply(Moved(0, Idle(kNoon), kNoon));
  clock_.Apply(Moved(1, At(kNoon), kNoon + 2 * kDay));
  EXPECT_EQ(clock_.Silent(), std::nullopt);

  clock_.Apply(Moved(1, Idle(kNoon), kNoon + 2 * kDay));
  EXPECT_TRUE(clock_.Silent().has_value());
}

TEST_F(ClockTest, PatienceIsThreeTimesTheLongestGapOfTheWeek) {
  clock_.Apply(TwoPartitions());
  clock_.Apply(Moved(1, Idle(kNoon), kNoon));
  const auto is_silent_after = [&](Instant last, milliseconds span) {
    clock_.Apply(Moved(0, Idle(last), last + span));
    return clock_.Silent().has_value();
  };
  EXPECT_FALSE(is_silent_after(kNoon, 30 * kMinute));  // The least, where no gap is known.
  EXPECT_TRUE(is_silent_after(kNoon, 31 * kMinute));

  const Instant next = kNoon + 4 * kHour;  // A gap of four hours.
  EXPECT_FALSE(is_silent_after(next, 12 * kHour));
  EXPECT_TRUE(is_silent_after(next, 12 * kHour + kMinute));

  Instant at = next;  // Eight days of a record every hour later it is forgotten.
  for (int hour = 1; hour <= 8 * 24; ++hour) {
    at += kHour;
    clock_.Apply(Moved(0, Idle(at), at));
  }
  EXPECT_FALSE(is_silent_after(at, 3 * kHour));
  EXPECT_TRUE(is_silent_after(at, 3 * kHour + kMinute));
}

TEST_F(ClockTest, OnlyRequiredSourcesAndNoFilesAreSilent) {
  Roster roster = TwoPartitions();
  roster.sources[0].is_required = false;
  clock_.Apply(roster);
  clock_.Apply(Moved(0, Idle(kNoon), kNoon));
  clock_.Apply(Moved(1, Idle(kNoon), kNoon + 30 * kDay));
  EXPECT_EQ(clock_.Silent(), std::nullopt);

  clock_.Apply(TwoPartitions(ClockMode::kEvent));
  EXPECT_EQ(clock_.Silent(), std::nullopt);
}

}  // namespace
}  // namespace foothold::journey
