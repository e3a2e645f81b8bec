// The small parts of the loop, each by itself.

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/stream/dead_letter.h"
#include "src/stream/outbox.h"
#include "src/stream/progress_note.h"
#include "src/stream/store_place.h"
#include "src/stream/transaction.h"
#include "src/stream/watchdog.h"

namespace foothold::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Writes down what it is asked, and answers the call named `fails` with `status`, `times` times.
class Notary final : public log::TransactionalProducer {
 public:
  explicit Notary(std::vector<std::string>* calls) : calls_(calls) {}

  Status Init(milliseconds /*timeout*/) override { return Note("init"); }
  Status Begin() override { return Note("begin"); }
  Status Send(const log::OutgoingRecord& record) override {
    return Note("send " + std::string(record.topic));
  }
  Status SendOffsets(std::span<const log::Position> /*positions*/, const log::GroupToken& /*group*/,
                     milliseconds /*timeout*/) override {
    return Note("offsets");
  }
  Status Commit(milliseconds /*timeout*/) override { return Note("commit"); }
  Status Abort(milliseconds /*timeout*/) override { return Note("abort"); }

  std::string fails;
  Status status;
  int times = 0;

 private:
  Status Note(const std::string& call) {
    calls_->push_back(call);
    if (call != fails || times == 0) {
      return Status();
    }
    --times;
    return status;
  }

  std::vector<std::string>* calls_;
};

// A stage of which only the last step is of interest.
class Applier final : public Stage {
 public:
  explicit Applier(std::vector<std::string>* calls) : calls_(calls) {}

  void Attach(log::Consumer* /*consumer*/) override {}
  Result<std::vector<log::Position>> Assign(
      std::span<const log::TopicPartition> /*partitions*/) override {
    return std::vector<log::Position>{};
  }
  void Release(std::span<const log::TopicPartition> /*partitions*/) override {}
  std::vector<log::TopicPartition> assigned() const override { return {}; }
  std::vector<log::TopicPartition> readable() const override { return {}; }
  Status Take(const log::RecordView& /*record*/) override { return Status(); }
  Status ObserveIdle() override { return Status(); }
  Result<bool> Work(std::size_t /*entries_max*/, Instant /*now*/) override { return false; }
  bool has_backlog() const override { return false; }
  std::size_t staged_entries() const override { return 1; }
  Status Collect(Instant /*now*/, Checkpoints /*checkpoints*/, StagedWrites* /*writes*/) override {
    return Status();
  }
  void Apply() override { calls_->push_back("stores"); }
  Result<std::vector<log::Position>> Rewind() override { return std::vector<log::Position>{}; }
  Result<std::vector<log::Position>> Repair() override { return std::vector<log::Position>{}; }

 private:
  std::vector<std::string>* calls_;
};

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest()
      : notary_(&calls_), applier_(&calls_), transaction_(&notary_, {.retries_max = 2}) {
    writes_.outputs.push_back({"out", PartitionId{0}, "k", "v", {}});
    writes_.changelog_topic = "changelog";
    for (const std::int32_t partition : {0, 1, 1}) {
      writes_.changelog.push_back({PartitionId{partition}, "k", std::nullopt});
    }
    writes_.positions.push_back({{"journal", PartitionId{0}}, NextOffset{3}});
  }
  Status Commit() { return transaction_.Commit(writes_, {}, &applier_); }

  std::vector<std::string> calls_;
  Notary notary_;
  Applier applier_;
  Transaction transaction_;
  StagedWrites writes_;
};

TEST_F(TransactionTest,
       TheOrderIsOutputsChangelogOffsetsCommitStoresBehindOneChangeOfEachPartition) {
  ASSERT_TRUE(Commit().ok());

  EXPECT_THAT(calls_, ElementsAre("begin", "send changelog", "send changelog", "send out",
                                  "send changelog", "offsets", "commit", "stores"));
}

TEST_F(TransactionTest, NothingComesIntoTheStoresUnlessTheCommitSucceeded) {
  notary_.fails = "commit";
  notary_.status = Status(Code::kAborted, "void");
  notary_.times = 1;

  EXPECT_EQ(Commit().code(), Code::kAborted);
  ASSERT_TRUE(transaction_.Abort().ok());
  ASSERT_TRUE(transaction_.Abort().ok());

  EXPECT_THAT(calls_, ElementsAre("begin", "send changelog", "send changelog", "send out",
                                  "send changelog", "offsets", "commit", "abort"));
}

TEST_F(TransactionTest, ACommitThatStaysOpenIsAnUnknownOutcome) {
  notary_.fails = "commit";
  notary_.status = Status(Code::kRetry, "timed out");
  notary_.times = 100;

  EXPECT_EQ(Commit().code(), Code::kFenced);
  EXPECT_EQ(std::ranges::count(calls_, "commit"), 3);
  EXPECT_EQ(std::ranges::count(calls_, "stores"), 0);
}

TEST_F(TransactionTest, WhatNeverGetsThroughBeforeTheCommitIsAborted) {
  notary_.fails = "offsets";
  notary_.status = Status(Code::kRetry, "no coordinator");
  notary_.times = 100;

  EXPECT_EQ(Commit().code(), Code::kAborted);
}

TEST_F(TransactionTest, WhatPassesLaterIsTriedAgain) {
  notary_.fails = "send out";
  notary_.status = Status(Code::kRetry, "queue full");
  notary_.times = 2;

  EXPECT_TRUE(Commit().ok());
  EXPECT_EQ(std::ranges::count(calls_, "send out"), 3);
}

TEST(DeadLetterTest, ARecordThatIsTooLargeIsCutAndSaysSo) {
  const std::string value(5'000, 'x');
  const log::Header header{"trace", "abc"};
  const log::RecordView record{.topic = "events",
                               .partition = PartitionId{3},
                               .offset = 17,
                               .timestamp = kEpoch + kDay,
                               .key = std::nullopt,
                               .value = value,
                               .headers = {&header, 1}};

  const DeadLetter letter =
      MakeDeadLetter({.app = "shop", .topic = "dead", .partitions = 2, .bytes_max = 2'000}, record,
                     {.reason = intake::RejectReason::kTooLarge, .detail = "5000 bytes"});

  EXPECT_TRUE(letter.was_cut);
  EXPECT_LT(letter.record.value->size(), 2'000U);
  EXPECT_GT(letter.record.value->size(), 1'000U);
  EXPECT_EQ(letter.record.partition, PartitionId{1});
  EXPECT_THAT(letter.record.headers.front().first, "trace");
  EXPECT_EQ(letter.record.headers.back(),
            (std::pair<std::string, std::optional<std::string>>("dlq_truncated", "5000")));
}

TEST(DeadLetterTest, ANullRecordStaysNull) {
  const log::RecordView record{.topic = "events",
                               .partition = PartitionId{0},
                               .offset = 1,
                               .timestamp = kEpoch,
                               .key = "k",
                               .value = std::nullopt,
                               .headers = {}};

  const DeadLetter letter =
      MakeDeadLetter({.app = "shop", .topic = "dead", .partitions = 2}, record, {});

  EXPECT_FALSE(letter.was_cut);
  EXPECT_EQ(letter.record.value, std::nullopt);
  EXPECT_EQ(letter.record.key, "k");
}

TEST(OutboxTest, OfStatusesTheLastStaysInThePlaceOfTheFirstAndDecisionsAllStay) {
  Outbox outbox;
  journey::UserStatus status;
  status.tenant = "acme";
  status.user = "ada";
  status.revision = 1;
  outbox.Add(status);
  outbox.Add(journey::ActivationChanged{});
  journey::AccountStatus account;
  account.tenant = "acme";
  outbox.Add(account);
  outbox.Add(journey::ActivationChanged{});
  status.revision = 2;
  outbox.Add(status);

  ASSERT_THAT(outbox.records(), SizeIs(4));
  EXPECT_EQ(std::get<journey::UserStatus>(outbox.records()[0]).revision, 2);
  EXPECT_TRUE(std::holds_alternative<journey::ActivationChanged>(outbox.records()[3]));

  outbox.Add(journey::StatusTombstone{.tenant = "acme", .user = "ada"});
  EXPECT_THAT(outbox.records(), SizeIs(4));
  EXPECT_TRUE(std::holds_alternative<journey::StatusTombstone>(outbox.records()[0]));
  outbox.Clear();
  EXPECT_THAT(outbox.records(), IsEmpty());
}

TEST(StorePlaceTest, WhatIsEncodedIsDecodedAndNothingElse) {
  const StorePlace place{NextOffset{12'345}, kEpoch + 77 * kDay};

  EXPECT_EQ(DecodeStorePlace(EncodeStorePlace(place)), place);
  for (const char* damaged : {"", "12", "12 ", " 12", "1x 2", "1 2 3"}) {
    EXPECT_EQ(DecodeStorePlace(damaged), std::nullopt) << damaged;
  }
}

TEST(ProgressNoteTest, WhatIsEncodedIsDecodedAndNothingElse) {
  const intake::ReadProgress read{.event_time_max = InstantFromMs(1'767'960'000'000),
                                  .event_time_min = InstantFromMs(0),
                                  .is_at_end = true,
                                  .broker_time_max = std::nullopt};
  const std::string note = EncodeProgressNote(read);

  intake::ReadProgress expected = read;
  expected.is_at_end = false;
  EXPECT_EQ(DecodeProgressNote(note), expected);
  EXPECT_EQ(DecodeProgressNote(EncodeProgressNote({})), intake::ReadProgress());
  for (const std::string& other :
       {std::string(), std::string("lag=5"), "2" + note.substr(1), note + " 7", note + "7x",
        note.substr(0, note.size() - 2), std::string("1 -5 - -")}) {
    EXPECT_EQ(DecodeProgressNote(other), intake::ReadProgress()) << other;
  }
}

TEST(WatchdogTest, AWorkerPastItsDeadlineIsNamedWithWhatItWasDoing) {
  auto heartbeat = std::make_shared<Heartbeat>("journey-1", milliseconds{1});
  std::promise<std::string> reason;
  heartbeat->Beat(Doing::kCommitting);

  const Watchdog watchdog({heartbeat}, milliseconds{1},
                          [&reason](const std::string& line) { reason.set_value(line); });

  const std::string line = reason.get_future().get();
  EXPECT_THAT(line, HasSubstr("journey-1"));
  EXPECT_THAT(line, HasSubstr("committing a transaction takes longer than the 1ms it may"));
  EXPECT_THAT(line, HasSubstr("the brokers do not answer"));
}

TEST(WatchdogTest, WhateverAWorkerDoesHasANameAndARemedy) {
  for (const Doing doing : {Doing::kStarting, Doing::kOpening, Doing::kJoining, Doing::kPolling,
                            Doing::kAssigning, Doing::kWorking, Doing::kRestoring,
                            Doing::kWritingStores, Doing::kCommitting, Doing::kRecovering}) {
    EXPECT_NE(DoingName(doing), "");
    EXPECT_NE(DoingRemedy(doing), "");
  }
  EXPECT_THAT(std::string(DoingRemedy(Doing::kPolling)), HasSubstr("brokers"));
  EXPECT_THAT(std::string(DoingRemedy(Doing::kWritingStores)), HasSubstr("disk"));
}

TEST(WatchdogTest, HowLongAWorkerHasBeenAtItIsKnownBeforeItsDeadline) {
  Heartbeat heartbeat("journey-1", kMinute);
  heartbeat.Beat(Doing::kCommitting);
  const auto later = std::chrono::steady_clock::now() + std::chrono::seconds(40);

  EXPECT_TRUE(heartbeat.IsAlive(later));
  EXPECT_GE(heartbeat.Busy(later), milliseconds{40'000} - milliseconds{1});
  EXPECT_LT(heartbeat.Busy(later), kMinute);

  heartbeat.Stop();
  EXPECT_EQ(heartbeat.Busy(later), milliseconds{0});
}

TEST(WatchdogTest, ACallThatIsMadeAgainMayTakeAsLongAgainAndTheWorkerIsAtItAllTheWhile) {
  Heartbeat heartbeat("journey-1", kMinute);
  heartbeat.Beat(Doing::kCommitting);
  const auto began = std::chrono::steady_clock::now();
  auto now = began;
  while (now - began < milliseconds{2}) {
    now = std::chrono::steady_clock::now();
  }
  ASSERT_FALSE(heartbeat.IsAlive(now + kMinute));

  heartbeat.GoOn();

  EXPECT_TRUE(heartbeat.IsAlive(now + kMinute));
  EXPECT_GT(heartbeat.Busy(now + kMinute), kMinute);
}

TEST(WatchdogTest, AWorkerThatEndedIsNotAwaited) {
  Heartbeat heartbeat("journey-1", milliseconds{1});
  const auto later = std::chrono::steady_clock::now() + std::chrono::hours(1);
  heartbeat.Beat(Doing::kCommitting);
  EXPECT_FALSE(heartbeat.IsAlive(later));

  heartbeat.Stop();

  EXPECT_TRUE(heartbeat.IsAlive(later));
}

}  // namespace
}  // namespace foothold::stream
