#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/stream/fold_place.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

TEST(CommitNoteTest, ComesBackFromItsText) {
  const CommitNote note{
      .checkpoint = NextOffset{41},
      .number = 7,
      .is_draining = true,
      .reached = {.next = NextOffset{1'234'567'890'123}, .entry = 999, .steps = 3}};

  EXPECT_EQ(EncodeCommitNote(note), "1 41 7 1 1234567890123 999 3");
  EXPECT_EQ(DecodeCommitNote(EncodeCommitNote(note)), note);
}

TEST(CommitNoteTest, AnyOtherTextIsNone) {
  for (const char* const text :
       {"", "1 ", "1 41 7 0 5 9", "1 41 7 0 5 9 3 ", "1 41 7 0 5 9 3 1", "2 41 7 0 5 9 3",
        "1 41 7 0 5 9 x", "1 -1 7 0 5 9 3", "1 41  7 0 5 9 3", "1 99999999999999999999 7 0 5 9 3",
        "1 - 1700000000000 -"}) {
    EXPECT_EQ(DecodeCommitNote(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(FoldPlaceTest, IsOrderedByRecordEntryAndStep) {
  const FoldPlace place{.next = NextOffset{5}, .entry = 2, .steps = 3};

  EXPECT_LT((FoldPlace{.next = NextOffset{5}, .entry = 2, .steps = 2}), place);
  EXPECT_LT((FoldPlace{.next = NextOffset{5}, .entry = 1, .steps = 9}), place);
  EXPECT_LT((FoldPlace{.next = NextOffset{4}, .entry = 9, .steps = 9}), place);
}

constexpr milliseconds kInterval{20'000};

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest()
      : service_(
            {.source_partitions = 1, .journey_entries_max = 10, .checkpoint_interval = kInterval}) {
    service_.Start();
  }

  // The first of the halves of a story, or the second.
  void TellHalf(int half) {
    const std::vector<StoryEvent> story = MakeStory(3, 12, 1);
    const std::size_t middle = story.size() / 2;
    for (std::size_t i = half == 0 ? 0 : middle; i < (half == 0 ? middle : story.size()); ++i) {
      service_.Produce(0, story[i].value);
    }
    service_.Run();
  }
  std::size_t Changes() { return service_.log().CountRecords(service_.topics().changelog); }

  Service service_;
};

TEST_F(CheckpointTest, BetweenThemNothingGoesIntoTheChangelogAndAllDecisionsOut) {
  TellHalf(0);
  const std::size_t first = Changes();  // The first commit of a partition is one.
  const std::size_t decisions = service_.Decisions().size();

  TellHalf(1);

  EXPECT_EQ(Changes(), first);
  EXPECT_GT(service_.Decisions().size(), decisions);
}

TEST_F(CheckpointTest, OneIsMadeWhenItIsTimeThoughNothingComes) {
  TellHalf(0);
  const std::size_t before = Changes();

  service_.clock().Advance(kInterval);
  service_.Run();

  EXPECT_GT(Changes(), before);
  const std::size_t after = Changes();
  service_.clock().Advance(kInterval);
  service_.Run();
  EXPECT_EQ(Changes(), after) << "of nothing";
}

TEST_F(CheckpointTest, WhoStopsInOrderLeavesNothingToBeFoldedAgain) {
  TellHalf(0);
  const std::size_t before = Changes();

  service_.Stop();

  EXPECT_GT(Changes(), before);
}

TEST_F(CheckpointTest, AfterAKillWhatWasCommittedIsFoldedAgainAndNotSaidAgain) {
  Service calm({.source_partitions = 1, .journey_entries_max = 10});
  calm.Start();
  for (const StoryEvent& event : MakeStory(3, 12, 1)) {
    calm.Produce(0, event.value);
  }
  calm.Run();

  TellHalf(0);
  for (const bool are_stores_lost : {false, true}) {
    const std::vector<std::string> decisions = Sorted(service_.Decisions());
    const std::size_t statuses = service_.Statuses().size();
    service_.Kill();
    if (are_stores_lost) {
      service_.LoseStores();
    }
    service_.clock().Advance(kMinute);
    service_.Start();
    service_.Run();
    EXPECT_EQ(Sorted(service_.Decisions()), decisions);
    EXPECT_EQ(service_.Statuses().size(), statuses);
  }
  TellHalf(1);

  EXPECT_EQ(Sorted(service_.Decisions()), Sorted(calm.Decisions()));
  EXPECT_EQ(service_.LastStatuses(), calm.LastStatuses());
}

}  // namespace
}  // namespace foothold::stream
