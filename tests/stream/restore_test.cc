#include <map>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/stream/store_place.h"
#include "state/schema.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

using Contents = std::map<std::string, std::string>;

// All that the stores hold but what is theirs alone.
Contents ContentsOf(Service* service) {
  Contents contents;
  for (const std::int32_t i : {0, 1}) {
    const JourneyTask* task = service->journey_task(PartitionId{i});
    EXPECT_NE(task, nullptr);
    const Status scanned =
        task->store().Scan("", "", [&](std::string_view key, std::string_view value) {
          if (key != StorePlaceKey()) {
            contents[std::to_string(i) + std::string(key)] = std::string(value);
          }
          return true;
        });
    EXPECT_TRUE(scanned.ok()) << scanned.ToString();
  }
  return contents;
}

std::vector<state::DueTimer> TimersOf(Service* service) {
  std::vector<state::DueTimer> all;
  for (const std::int32_t i : {0, 1}) {
    const auto timers = service->journey_task(PartitionId{i})
                            ->store()
                            .TimersUntil(InstantFromMs(INT64_MAX / 2), std::nullopt, 10'000)
                            .value();
    all.insert(all.end(), timers.begin(), timers.end());
  }
  return all;
}

class RestoreTest : public ::testing::Test {
 protected:
  // Half of a story is done; the other half comes after the restart.
  explicit RestoreTest(int store_flush_every = 0)
      : service_({.source_partitions = 1,
                  .journey_entries_max = 10,
                  .store_flush_every = store_flush_every}) {
    service_.Start();
    const std::vector<StoryEvent> story = MakeStory(3, 12, 1);
    for (std::size_t i = 0; i < story.size() / 2; ++i) {
      service_.Produce(0, story[i].value);
    }
    service_.Run();
  }

  void Restart() {
    service_.clock().Advance(kMinute);
    service_.Start();
    // The journey alone: the intake would add to the journal.
    Worker::Activity activity = Worker::Activity::kWorked;
    while (activity == Worker::Activity::kWorked) {
      activity = service_.journey().RunOnce().value();
    }
  }

  Service service_;
};

// The stores lag: they are never written for time's sake.
class LagTest : public ::testing::Test {
 protected:
  LagTest()
      : service_({.source_partitions = 1,
                  .journey_entries_max = 10,
                  .store_write_interval = 60 * kDay,
                  .store_write_bytes = 100U << 20U}) {
    service_.Start();
    for (const StoryEvent& event : MakeStory(3, 12, 1)) {
      service_.Produce(0, event.value);
    }
    service_.before_store_write = [this] {
      ++writes_;
      return Status();
    };
    service_.Run();
  }

  void Restart() {
    service_.clock().Advance(kMinute);
    service_.Start();
    Worker::Activity activity = Worker::Activity::kWorked;
    while (activity == Worker::Activity::kWorked) {
      activity = service_.journey().RunOnce().value();
    }
  }

  Service service_;
  int writes_ = 0;
};

TEST_F(LagTest, AStopWritesWhatIsCommitted) {
  ASSERT_TRUE(service_.TryFinish(kStoryEnd).ok());
  const std::map<std::string, std::string> statuses = service_.LastStatuses();
  ASSERT_EQ(writes_, 0);

  service_.Stop();

  EXPECT_EQ(writes_, 4);  // One for each partition of journal and people topic.
  const int made_before = service_.stores_made_anew();
  Restart();
  EXPECT_EQ(service_.stores_made_anew(), made_before);
  EXPECT_GT(ContentsOf(&service_).size(), 15U);
  EXPECT_EQ(service_.LastStatuses(), statuses);
}

TEST_F(LagTest, AKillBetweenTheCommitAndTheWriteLosesNothing) {
  service_.Kill();

  Restart();
  const Contents restored = ContentsOf(&service_);

  Service calm({.source_partitions = 1, .journey_entries_max = 10});
  calm.Start();
  for (const StoryEvent& event : MakeStory(3, 12, 1)) {
    calm.Produce(0, event.value);
  }
  calm.Run();
  EXPECT_EQ(restored, ContentsOf(&calm));
}

class TailTest : public RestoreTest {
 protected:
  TailTest() : RestoreTest(3) {}
};

TEST_F(RestoreTest, FromNothingTheStateIsWhatItWasTimersIncluded) {
  const Contents before = ContentsOf(&service_);
  const std::vector<state::DueTimer> timers = TimersOf(&service_);
  ASSERT_GT(before.size(), 15U);
  ASSERT_FALSE(timers.empty());
  service_.Kill();
  service_.LoseStores();

  Restart();

  EXPECT_EQ(ContentsOf(&service_), before);
  EXPECT_EQ(TimersOf(&service_), timers);
  EXPECT_THAT(service_.log_lines(),
              Contains(AllOf(HasSubstr("state is restored"), HasSubstr("records="),
                             HasSubstr("per_second="))));
}

TEST_F(RestoreTest, AKillRightAfterARestoreCostsNoSecondOne) {
  const Contents before = ContentsOf(&service_);
  service_.Kill();
  service_.LoseStores();
  Restart();
  service_.Kill();
  const int made_before = service_.stores_made_anew();

  Restart();

  EXPECT_EQ(service_.stores_made_anew(), made_before);
  EXPECT_EQ(ContentsOf(&service_), before);
}

TEST_F(RestoreTest, FromACompactedChangelogLikewise) {
  const Contents before = ContentsOf(&service_);
  service_.Kill();
  service_.LoseStores();
  ASSERT_TRUE(service_.log().Compact(service_.topics().changelog).ok());

  Restart();

  EXPECT_EQ(ContentsOf(&service_), before);
}

TEST_F(TailTest, AStoreThatIsBehindCatchesUpWithoutBeingRebuilt) {
  const Contents before = ContentsOf(&service_);
  const std::vector<state::DueTimer> timers = TimersOf(&service_);
  service_.Kill();
  const int made_before = service_.stores_made_anew();

  Restart();

  EXPECT_EQ(service_.stores_made_anew(), made_before);
  EXPECT_EQ(ContentsOf(&service_), before);
  EXPECT_EQ(TimersOf(&service_), timers);
}

TEST_F(TailTest, AStoreTooOldForItsTombstonesIsRebuilt) {
  const Contents before = ContentsOf(&service_);
  service_.Kill();
  const int made_before = service_.stores_made_anew();
  service_.clock().Advance(5 * kDay);

  Restart();

  EXPECT_EQ(service_.stores_made_anew(), made_before + 2);
  EXPECT_EQ(ContentsOf(&service_), before);
}

TEST_F(RestoreTest, ACleanStopLeavesStoresThatAreWhole) {
  const Contents before = ContentsOf(&service_);
  service_.Stop();
  const int made_before = service_.stores_made_anew();

  Restart();

  EXPECT_EQ(service_.stores_made_anew(), made_before);
  EXPECT_EQ(ContentsOf(&service_), before);
}

TEST_F(RestoreTest, AStoreThatFailsItsChecksIsRebuiltWhileTheServiceGoesOn) {
  const std::vector<StoryEvent> story = MakeStory(3, 12, 1);
  bool has_failed = false;
  service_.before_store_write = [&]() -> Status {
    if (has_failed) {
      return Status();
    }
    has_failed = true;
    return Status(Code::kCorrupt, "a checksum is wrong");
  };
  for (std::size_t i = story.size() / 2; i < story.size(); ++i) {
    service_.Produce(0, story[i].value);
  }
  const int made_before = service_.stores_made_anew();

  ASSERT_TRUE(service_.TryFinish(kStoryEnd).ok());

  EXPECT_TRUE(has_failed);
  EXPECT_EQ(service_.stores_made_anew(), made_before + 1);
  Service calm({.source_partitions = 1, .journey_entries_max = 30});
  calm.Start();
  for (std::size_t i = 0; i < story.size() / 2; ++i) {
    calm.Produce(0, story[i].value);
  }
  calm.Run();
  for (std::size_t i = story.size() / 2; i < story.size(); ++i) {
    calm.Produce(0, story[i].value);
  }
  ASSERT_TRUE(calm.TryFinish(kStoryEnd).ok());
  EXPECT_EQ(Sorted(service_.Decisions()), Sorted(calm.Decisions()));
  EXPECT_EQ(service_.LastStatuses(), calm.LastStatuses());
}

TEST_F(RestoreTest, WhileTheDiskIsWrittenAWatcherSeesThatItIsTheDisk) {
  std::optional<Doing> seen;
  service_.before_store_write = [&] {
    seen = service_.last_heartbeat().doing();
    return Status();
  };
  service_.Produce(0, Track("acme", "late", "user.logged_in", kStart + 20 * kDay));

  service_.Run();

  EXPECT_EQ(seen, Doing::kWritingStores);
  EXPECT_NE(service_.last_heartbeat().doing(), Doing::kWritingStores);
}

TEST_F(RestoreTest, ADiskThatFailsAgainAndAgainIsNamed) {
  service_.before_store_write = [] { return Status(Code::kCorrupt, "a checksum is wrong"); };
  service_.Produce(0, Track("acme", "late", "user.logged_in", kStart + 20 * kDay));

  const Status ran = service_.TryRun();

  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.code(), Code::kFatal);
}

TEST_F(RestoreTest, AnOpenTransactionInTheChangelogThatNeverEndsIsNamed) {
  service_.Kill();
  service_.LoseStores();
  const std::unique_ptr<log::TransactionalProducer> hung =
      service_.log()
          .NewProducer({.transactional_id = "hung",
                        .topics = {service_.topics().changelog},
                        .transaction_timeout = milliseconds{INT32_MAX}})
          .value();
  ASSERT_TRUE(hung->Init(milliseconds{0}).ok());
  ASSERT_TRUE(hung->Begin().ok());
  const std::string key = state::FactKey("x");
  ASSERT_TRUE(hung->Send({.topic = service_.topics().changelog,
                          .partition = PartitionId{0},
                          .key = key,
                          .value = "x",
                          .headers = {},
                          .timestamp = std::nullopt})
                  .ok());
  service_.clock().Advance(kMinute);
  service_.Start();

  Status ran;
  for (int turn = 0; turn < 100 && ran.ok(); ++turn) {
    ran = StatusOf(service_.journey().RunOnce());
    service_.clock().Advance(milliseconds{1'000});
  }

  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.code(), Code::kFatal);
  EXPECT_THAT(ran.message(), HasSubstr("a transaction hangs"));
  EXPECT_THAT(ran.message(), HasSubstr("shop-state-changelog[0]"));
  // Before that it has said how far it is, and that it does not get on.
  EXPECT_THAT(service_.log_lines(),
              Contains(AllOf(HasSubstr("state is being restored"), HasSubstr("partitions=1"),
                             HasSubstr("remaining="))));
}

TEST_F(TailTest, AnEmptyChangelogIsRefusedAndTheStoresAreLeftAsTheyAre) {
  service_.Kill();
  const int made_before = service_.stores_made_anew();
  const std::unique_ptr<log::Consumer> reader = service_.log().NewConsumer({}).value();
  for (const std::int32_t i : {0, 1}) {
    const log::TopicPartition changelog{service_.topics().changelog, PartitionId{i}};
    const std::int64_t high = reader->QueryWatermarks(changelog, milliseconds{0}).value().high;
    ASSERT_TRUE(service_.log().DeleteRecordsBefore(changelog, NextOffset{high}).ok());
  }
  service_.clock().Advance(kMinute);
  service_.Start();

  // The journey alone: stores of the people stage, which has committed little, count as well.
  Status ran;
  for (int turn = 0; turn < 10 && ran.ok(); ++turn) {
    ran = StatusOf(service_.journey().RunOnce());
  }

  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.code(), Code::kFatal);
  EXPECT_THAT(ran.message(), HasSubstr("cannot go on: shop-state-changelog["));
  // They may be all that is left of the state.
  EXPECT_EQ(service_.stores_made_anew(), made_before);
}

TEST_F(RestoreTest, AChangelogThatWasDeletedIsRefused) {
  service_.Kill();
  service_.LoseStores();
  const log::TopicPartition changelog{service_.topics().changelog, PartitionId{0}};
  const std::unique_ptr<log::Consumer> reader = service_.log().NewConsumer({}).value();
  const std::int64_t high = reader->QueryWatermarks(changelog, milliseconds{0}).value().high;
  ASSERT_TRUE(service_.log().DeleteRecordsBefore(changelog, NextOffset{high}).ok());
  service_.clock().Advance(kMinute);
  service_.Start();

  const Status ran = service_.TryRun();

  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.code(), Code::kFatal);
  EXPECT_THAT(ran.message(), HasSubstr("partition 0 cannot go on"));
}

}  // namespace
}  // namespace foothold::stream
