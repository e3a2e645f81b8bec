#include "src/journey/volumes.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "src/config/playbook_file.h"

namespace foothold::journey {
namespace {

constexpr Instant kMonday = InstantFromMs(1'772'409'600'000);  // 2026-03-02T00:00:00Z

class VolumesTest : public ::testing::Test {
 protected:
  VolumesTest() : definition_(config::DefaultPlaybook()) {}

  // So many events an hour from hour `begin` after kMonday to hour `end`.
  void Count(std::int64_t begin, std::int64_t end, std::uint64_t an_hour,
             std::string_view name = "Transaction Created") {
    for (std::int64_t hour = begin; hour < end; ++hour) {
      volumes_.Apply({.at = kMonday + kHour * hour + kHour - milliseconds(1),
                      .events = {{std::string(name), an_hour}}},
                     ++revision_, definition_);
    }
  }

  // Which are quiet once the clock is there.
  std::string QuietAt(std::int64_t hour) {
    volumes_.Advance(kMonday + kHour * hour);
    const std::unique_ptr<const QuietEvents> quiet = QuietEvents::Of(volumes_, definition_);
    std::string names;
    if (quiet == nullptr) {
      return names;
    }
    for (const auto& [name, since] : quiet->names()) {
      names += name + " since hour " + std::to_string((since - kMonday) / kHour) + ". ";
    }
    return names;
  }

  const Definition definition_;
  EventVolumes volumes_;
  std::int64_t revision_ = 0;
};

constexpr std::int64_t kDayHours = 24;

TEST_F(VolumesTest, IsQuietBelowATenthOfItsNorm) {
  Count(0, 9 * kDayHours, 10);
  Count(9 * kDayHours, 10 * kDayHours, 1);  // A tenth: as it may be.
  EXPECT_EQ(QuietAt(10 * kDayHours), "");

  EXPECT_EQ(QuietAt(10 * kDayHours + 6), "transaction.created since hour 222. ");
}

TEST_F(VolumesTest, IsNotJudgedBeforeItIsKnownForEightDays) {
  Count(0, 7 * kDayHours, 10);
  EXPECT_EQ(QuietAt(8 * kDayHours - 6), "");  // Six hours short of eight days, and a day of none.
  EXPECT_EQ(QuietAt(8 * kDayHours), "transaction.created since hour 168. ");
}

TEST_F(VolumesTest, IsNotJudgedBelowFortyADay) {
  Count(0, 9 * kDayHours, 1);
  EXPECT_EQ(QuietAt(11 * kDayHours), "");
}

TEST_F(VolumesTest, AWeekendIsComparedWithAWeekend) {
  for (std::int64_t week = 0; week < 3; ++week) {
    Count(week * 7 * kDayHours, (week * 7 + 5) * kDayHours, 100);
    Count((week * 7 + 5) * kDayHours, (week * 7 + 7) * kDayHours, 3);
    for (std::int64_t quarter = 1; quarter <= 28; ++quarter) {
      EXPECT_EQ(QuietAt(week * 7 * kDayHours + quarter * 6), "") << week << ", " << quarter;
    }
  }
}

TEST_F(VolumesTest, IsJudgedOnceAQuarterOfADay) {
  Count(0, 9 * kDayHours, 10);
  EXPECT_FALSE(volumes_.Advance(kMonday + 10 * kDay - milliseconds(1)));
  EXPECT_TRUE(volumes_.Advance(kMonday + 10 * kDay));
  EXPECT_FALSE(volumes_.Advance(kMonday + 10 * kDay + 5 * kHour));
}

TEST_F(VolumesTest, EndsWhenItComesAgainAndIsLearnedAnew) {
  Count(0, 9 * kDayHours, 10);
  Count(12 * kDayHours, 13 * kDayHours, 10);
  EXPECT_EQ(QuietAt(12 * kDayHours), "transaction.created since hour 264. ");
  EXPECT_EQ(QuietAt(12 * kDayHours + 6), "");

  EXPECT_EQ(QuietAt(15 * kDayHours), "");  // Not known for eight days since.
}

TEST_F(VolumesTest, AfterThirtyDaysItIsTakenAsItIs) {
  Count(0, 9 * kDayHours, 10);
  EXPECT_EQ(QuietAt(10 * kDayHours), "transaction.created since hour 216. ");
  EXPECT_EQ(QuietAt(39 * kDayHours - 6), "transaction.created since hour 216. ");
  EXPECT_EQ(QuietAt(39 * kDayHours), "");
}

TEST_F(VolumesTest, AnEntryCountsOnce) {
  const EventCounts counts{.at = kMonday, .events = {{"transaction_created", 5}}};
  volumes_.Apply(counts, 1, definition_);
  const EventVolumes once = EventVolumes::FromParts(volumes_.parts());
  volumes_.Apply(counts, 1, definition_);
  EXPECT_EQ(volumes_.parts(), once.parts());
  EXPECT_EQ(volumes_.events().at("transaction.created").counts, (std::vector<std::uint64_t>{5}));
}

TEST_F(VolumesTest, WhatComesLateCountsWhereItBelongs) {
  Count(0, 30, 1);
  Count(0, 1, 7);
  Count(200 * kDayHours, 200 * kDayHours + 1, 2);
  Count(0, 1, 9);  // Before what is kept.
  const EventVolume& volume = volumes_.events().at("transaction.created");
  EXPECT_EQ(volume.counts.size(), EventVolumes::kQuartersKept);
  EXPECT_EQ(volume.counts.front(), 2U);
  EXPECT_EQ(volume.counts.back(), 0U);
}

TEST_F(VolumesTest, SaysWhichTrackersItConcerns) {
  Count(0, 9 * kDayHours, 10);
  Count(0, 9 * kDayHours, 10, "Something Nobody Asks For");
  QuietAt(10 * kDayHours);
  const std::unique_ptr<const QuietEvents> quiet = QuietEvents::Of(volumes_, definition_);
  ASSERT_NE(quiet, nullptr);
  EXPECT_EQ(quiet->names().size(), 1U);
  const std::vector<Tracker>& trackers = definition_.playbook().trackers;
  bool is_any = false;
  for (std::size_t i = 0; i < trackers.size(); ++i) {
    const bool collects =
        std::ranges::find(trackers[i].events, "transaction.created") != trackers[i].events.end();
    EXPECT_EQ(quiet->Concerns(static_cast<std::int32_t>(i)), collects) << i;
    is_any = is_any || collects;
  }
  EXPECT_TRUE(is_any);
  EXPECT_FALSE(quiet->Concerns(-1));
}

}  // namespace
}  // namespace foothold::journey
