// What only the log in memory has: chosen offsets, trimming, compaction, time that a test moves.

#include "src/log/memory_log.h"

#include <algorithm>
#include <thread>

#include "tests/log/memory_log_fixture.h"

namespace foothold::log {

namespace {

using Values = std::vector<std::string>;

const TopicPartition kIn{.topic = "in", .partition = PartitionId{0}};
constexpr milliseconds kNow{0};

}  // namespace

TEST_F(MemoryLogTest, AnInputRecordTakesTheOffsetItAsksFor) {
  MakeTopic("in", 1);

  const auto first = log_.AppendInput(RecordOf(kIn, "line 3"), NextOffset{3});
  const auto second = log_.AppendInput(RecordOf(kIn, "line 7"), NextOffset{7});
  const auto third = log_.AppendInput(RecordOf(kIn, "line 8"));

  EXPECT_EQ(first, 3);
  EXPECT_EQ(second, 7);
  EXPECT_EQ(third, 8);
  const std::vector<ReadRecord> records = ReadAll(kIn);
  EXPECT_EQ(ValuesOf(records), (Values{"line 3", "line 7", "line 8"}));
  EXPECT_EQ(records[1].offset, 7);
}

TEST_F(MemoryLogTest, AnOffsetThatIsTakenIsInvalid) {
  MakeTopic("in", 1);
  ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, "a"), NextOffset{5}).has_value());

  const auto refused = log_.AppendInput(RecordOf(kIn, "b"), NextOffset{5});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kInvalid);
  EXPECT_EQ(ValuesOf(ReadAll(kIn)), Values{"a"});
}

TEST_F(MemoryLogTest, InputBehindAnOpenTransactionIsHeldBack) {
  MakeTopic("in", 1);
  const auto producer = NewProducer("p", {"in"});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(kIn, "open")).ok());

  ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, "input")).has_value());

  EXPECT_TRUE(ReadAll(kIn).empty());
  ASSERT_TRUE(producer->Abort(kNow).ok());
  EXPECT_EQ(ValuesOf(ReadAll(kIn)), Values{"input"});
}

TEST_F(MemoryLogTest, TrimmingDeletesWhatAGroupHasConsumed) {
  MakeTopic("in", 2);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, std::to_string(i))).has_value());
  }
  CommitPosition("readers", kIn, 7);

  log_.TrimConsumed("readers");

  EXPECT_EQ(WatermarksOf(kIn).low, 7);
  EXPECT_EQ(WatermarksOf(kIn).high, 10);
  EXPECT_EQ(ValuesOf(ReadAll(kIn, 7)), (Values{"7", "8", "9"}));
  EXPECT_EQ(WatermarksOf(PartitionOf("in", 1)).low, 0) << "nothing was committed there";
}

TEST_F(MemoryLogTest, WhatIsNotWrittenCannotBeDeleted) {
  MakeTopic("in", 1);
  ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, "a")).has_value());

  EXPECT_EQ(log_.DeleteRecordsBefore(kIn, NextOffset{2}).code(), Code::kInvalid);
  EXPECT_TRUE(log_.DeleteRecordsBefore(kIn, NextOffset{1}).ok());
  EXPECT_TRUE(log_.DeleteRecordsBefore(kIn, NextOffset{0}).ok()) << "it is gone already";
  EXPECT_EQ(WatermarksOf(kIn).low, 1);
}

TEST_F(MemoryLogTest, RecordsHandedOutOutliveTheirDeletion) {
  MakeTopic("in", 1);
  ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, "still here")).has_value());
  const auto reader = NewReader(kIn);
  const Result<Batch> batch = reader->Poll(kNow);

  ASSERT_TRUE(log_.DeleteRecordsBefore(kIn, NextOffset{1}).ok());

  EXPECT_EQ(batch->records.at(0).value, "still here");
}

TEST_F(MemoryLogTest, CompactionKeepsTheLastCommittedRecordOfEachKey) {
  MakeTopic("state", 1, {{"cleanup.policy", "compact"}});
  const TopicPartition state = PartitionOf("state", 0);
  const auto record = [&state](std::string_view key, std::string_view value) {
    OutgoingRecord made = RecordOf(state, value);
    made.key = key;
    return made;
  };
  const auto producer = NewProducer("p", {"state"});
  Write(*producer, {record("a", "a1"), record("b", "b1"), record("a", "a2")});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(record("b", "aborted")).ok());
  ASSERT_TRUE(producer->Abort(kNow).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(record("a", "open")).ok());

  EXPECT_EQ(log_.CountRecords("state"), 5U);

  ASSERT_TRUE(log_.Compact("state").ok());

  EXPECT_EQ(log_.CountRecords("state"), 3U);
  EXPECT_EQ(log_.CountRecords("missing"), 0U);
  const std::vector<ReadRecord> records = ReadAll(state);
  EXPECT_EQ(ValuesOf(records), (Values{"b1", "a2"}));
  EXPECT_EQ(records[1].offset, 2) << "offsets stay";
  EXPECT_EQ(WatermarksOf(state).low, 0);
  ASSERT_TRUE(producer->Commit(kNow).ok());
  EXPECT_EQ(ValuesOf(ReadAll(state)), (Values{"b1", "a2", "open"}));
}

TEST_F(MemoryLogTest, CompactionDropsTombstonesWhenTheirRetentionIsOver) {
  MakeTopic("state", 1, {{"cleanup.policy", "compact"}, {"delete.retention.ms", "60000"}});
  const TopicPartition state = PartitionOf("state", 0);
  OutgoingRecord tombstone = RecordOf(state, "");
  tombstone.value = std::nullopt;
  ASSERT_TRUE(log_.AppendInput(RecordOf(state, "v")).has_value());
  ASSERT_TRUE(log_.AppendInput(tombstone).has_value());

  clock_.Advance(milliseconds{60'000});
  ASSERT_TRUE(log_.Compact("state").ok());
  EXPECT_EQ(ValuesOf(ReadAll(state)), Values{"(null)"});

  clock_.Advance(milliseconds{1});
  ASSERT_TRUE(log_.Compact("state").ok());
  EXPECT_TRUE(ReadAll(state).empty());
}

TEST_F(MemoryLogTest, OnlyACompactedTopicIsCompacted) {
  MakeTopic("in", 1);

  EXPECT_EQ(log_.Compact("in").code(), Code::kInvalid);
  EXPECT_EQ(log_.Compact("missing").code(), Code::kFatal);
}

TEST_F(MemoryLogTest, ATopicTakesNoRecordBeyondItsLimit) {
  MakeTopic("in", 1, {{"max.message.bytes", "2000"}});
  const auto producer = NewProducer("p", {"in"});
  ASSERT_TRUE(producer->Begin().ok());

  const Status refused = producer->Send(RecordOf(kIn, std::string(2'000, 'x')));
  ASSERT_TRUE(producer->Send(RecordOf(kIn, std::string(1'900, 'y'))).ok());
  ASSERT_TRUE(producer->Commit(kNow).ok());

  EXPECT_EQ(refused.code(), Code::kInvalid);
  EXPECT_EQ(ReadAll(kIn).size(), 1U);
}

TEST_F(MemoryLogTest, ACompactedTopicTakesNoRecordWithoutKey) {
  MakeTopic("state", 1, {{"cleanup.policy", "compact"}});
  const TopicPartition state = PartitionOf("state", 0);
  OutgoingRecord keyless = RecordOf(state, "v");
  keyless.key = std::nullopt;
  const auto producer = NewProducer("p", {"state"});
  ASSERT_TRUE(producer->Begin().ok());

  EXPECT_EQ(producer->Send(keyless).code(), Code::kInvalid);
}

TEST_F(MemoryLogTest, ATopicMayStampTheTimeOfAppending) {
  MakeTopic("in", 1, {{"message.timestamp.type", "LogAppendTime"}});
  OutgoingRecord record = RecordOf(kIn, "v");
  record.timestamp = clock_.Now() - kDay;

  ASSERT_TRUE(log_.AppendInput(record).has_value());

  EXPECT_EQ(ReadAll(kIn).at(0).timestamp, clock_.Now());
}

TEST_F(MemoryLogTest, ATransactionThatIsOpenTooLongIsAbortedAndItsProducerFenced) {
  MakeTopic("in", 1);
  const auto producer = NewProducer("p", {"in"});  // Ten seconds.
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(kIn, "late")).ok());
  ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, "behind")).has_value());

  clock_.Advance(milliseconds{10'000});
  EXPECT_TRUE(ReadAll(kIn).empty());
  clock_.Advance(milliseconds{1});
  EXPECT_EQ(ValuesOf(ReadAll(kIn)), Values{"behind"});

  EXPECT_EQ(producer->Commit(kNow).code(), Code::kFenced);
  EXPECT_EQ(producer->Abort(kNow).code(), Code::kFenced);
}

TEST_F(MemoryLogTest, ATransactionThatHasSentNothingDoesNotTimeOut) {
  MakeTopic("in", 1);
  const auto producer = NewProducer("p", {"in"});
  ASSERT_TRUE(producer->Begin().ok());

  clock_.Advance(kHour);

  ASSERT_TRUE(producer->Send(RecordOf(kIn, "a")).ok());
  EXPECT_TRUE(producer->Commit(kNow).ok());
}

TEST_F(MemoryLogTest, AMemberWhoseProcessDiedIsReplacedWhenItsSessionEnds) {
  MakeTopic("in", 2);
  const ConsumerOptions options{.group = "g", .session_timeout = milliseconds{45'000}};
  auto dead = std::make_unique<Member>(log_, options, Values{"in"});
  dead->Step(kNow);
  ASSERT_EQ(dead->owned().size(), 2U);
  Member heir(log_, options, {"in"});

  dead.reset();
  heir.Step(kNow);
  EXPECT_TRUE(heir.owned().empty());
  clock_.Advance(milliseconds{45'000});
  heir.Step(kNow);

  EXPECT_EQ(heir.owned(), PartitionsOf("in", 2));
}

TEST_F(MemoryLogTest, AStaticMemberThatClosedKeepsItsPartitionsUntilItsSessionEnds) {
  MakeTopic("in", 2);
  const ConsumerOptions options{
      .group = "g", .instance_id = "one", .session_timeout = milliseconds{6'000}};
  Member closed(log_, options, {"in"});
  Member heir(log_, {.group = "g"}, {"in"});
  ASSERT_TRUE(Eventually([&] {
    closed.Step(kNow);
    heir.Step(kNow);
    return heir.owned().size() == 1;
  }));

  closed.Close();
  heir.Step(kNow);
  EXPECT_EQ(heir.owned().size(), 1U);
  clock_.Advance(milliseconds{6'000});
  heir.Step(kNow);

  EXPECT_EQ(heir.owned(), PartitionsOf("in", 2));
}

TEST_F(MemoryLogTest, AMemberThatDoesNotPollInTimeLosesItsPartitionsAndJoinsAgain) {
  MakeTopic("in", 1);
  const auto consumer = *log_.NewConsumer({.group = "g"});  // Five minutes.
  ASSERT_TRUE(consumer->Subscribe(std::array{std::string("in")}).ok());
  ASSERT_TRUE(consumer->Poll(kNow)->change.has_value());
  const Position start{.source = kIn, .next = NextOffset{0}};
  ASSERT_TRUE(consumer->AcceptAssigned(std::array{start}).ok());
  EXPECT_FALSE(consumer->IsAssignmentLost());

  clock_.Advance(5 * kMinute + milliseconds{1});

  EXPECT_TRUE(consumer->IsAssignmentLost());
  const auto producer = NewProducer("p", {"in"});
  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_EQ(producer->SendOffsets(std::array{start}, consumer->group(), kNow).code(),
            Code::kAborted);
  const Result<Batch> lost = consumer->Poll(kNow);
  ASSERT_TRUE(lost.has_value() && lost->change.has_value());
  EXPECT_EQ(lost->change->kind, AssignmentChange::Kind::kLost);
  EXPECT_EQ(lost->change->partitions, std::vector{kIn});
  ASSERT_TRUE(consumer->AcceptRevoked(lost->change->partitions).ok());
  const Result<Batch> again = consumer->Poll(kNow);
  ASSERT_TRUE(again.has_value() && again->change.has_value());
  EXPECT_EQ(again->change->kind, AssignmentChange::Kind::kAssigned);
}

TEST_F(MemoryLogTest, ASubscribedTopicMayComeIntoBeingLater) {
  Member member(log_, {.group = "g"}, {"in"});
  member.Step(kNow);
  ASSERT_TRUE(member.owned().empty());

  MakeTopic("in", 2);
  member.Step(kNow);

  EXPECT_EQ(member.owned(), PartitionsOf("in", 2));
}

TEST_F(MemoryLogTest, ASubscribedTopicThatNeverComesIsFatalAndNamed) {
  Member member(log_, {.group = "g"}, {"misspelt"});
  member.Step(kNow);
  ASSERT_TRUE(member.failure().ok());

  clock_.Advance(milliseconds{30'000});
  member.Step(kNow);

  EXPECT_EQ(member.failure().code(), Code::kFatal);
  EXPECT_NE(member.failure().message().find("misspelt"), std::string::npos);
}

TEST_F(MemoryLogTest, CommittedRecordsAreReadInTheOrderOfAppending) {
  MakeTopic("in", 2);
  MakeTopic("out", 1);
  const auto producer = NewProducer("p", {"in", "out"});
  Write(*producer, {RecordOf(PartitionOf("out", 0), "1"), RecordOf(PartitionOf("in", 1), "2")});
  Write(*producer, {RecordOf(PartitionOf("in", 0), "3"), RecordOf(PartitionOf("out", 0), "4")});

  const auto reader = *log_.ReadCommitted(std::array{std::string("in"), std::string("out")});

  Values values;
  for (const RecordView& record : reader->Read(3)) {
    values.emplace_back(*record.value);
  }
  EXPECT_EQ(values, (Values{"1", "2", "3"}));
  ASSERT_EQ(reader->Read(3).size(), 1U);
  EXPECT_TRUE(reader->Read(3).empty());
}

TEST_F(MemoryLogTest, TheOrderOfAppendingWaitsForWhatIsUndecidedAndLeavesOutWhatIsAborted) {
  MakeTopic("in", 1);
  MakeTopic("out", 1);
  const auto slow = NewProducer("slow", {"in"});
  const auto quick = NewProducer("quick", {"out"});
  Write(*quick, {RecordOf(PartitionOf("out", 0), "first")});
  ASSERT_TRUE(slow->Begin().ok());
  ASSERT_TRUE(slow->Send(RecordOf(kIn, "undecided")).ok());
  Write(*quick, {RecordOf(PartitionOf("out", 0), "last")});
  const auto reader = *log_.ReadCommitted(std::array{std::string("in"), std::string("out")});

  const std::size_t before = reader->Read(10).size();
  ASSERT_TRUE(slow->Abort(kNow).ok());
  const std::span<const RecordView> after = reader->Read(10);

  EXPECT_EQ(before, 1U);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].value, "last");
}

TEST_F(MemoryLogTest, AReaderInOrderDeletesWhatItHasRead) {
  MakeTopic("in", 1);
  for (const char* const value : {"a", "b", "c"}) {
    ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, value)).has_value());
  }
  const auto reader = *log_.ReadCommitted(std::array{std::string("in")});

  const std::span<const RecordView> read = reader->Read(2);
  reader->DeleteRead();

  EXPECT_EQ(read[1].value, "b") << "views live until the next Read()";
  EXPECT_EQ(WatermarksOf(kIn).low, 2);
  EXPECT_EQ(reader->Read(5).size(), 1U);
}

TEST_F(MemoryLogTest, APollThatWaitsWakesForARecordOfAnotherThread) {
  MakeTopic("in", 1);
  const auto reader = NewReader(kIn);
  std::jthread writer([this] {
    const auto producer = NewProducer("p", {"in"});
    Write(*producer, {RecordOf(kIn, "from afar")});
  });

  const Result<Batch> batch = reader->Poll(kDeadline);

  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->records.size(), 1U);
  EXPECT_EQ(batch->records[0].value, "from afar");
}

TEST_F(MemoryLogTest, ThreadsThatWriteAndReadAtOnceLoseNothing) {
  constexpr int kTransactions = 200;
  MakeTopic("in", 2);
  const auto write = [this](std::int32_t partition) {
    const auto producer = NewProducer("p" + std::to_string(partition), {"in"});
    for (int i = 0; i < kTransactions; ++i) {
      ASSERT_TRUE(producer->Begin().ok());
      ASSERT_TRUE(producer->Send(RecordOf(PartitionOf("in", partition), std::to_string(i))).ok());
      ASSERT_TRUE((i % 2 == 0 ? producer->Commit(kNow) : producer->Abort(kNow)).ok());
    }
  };
  const auto read = [](Member& member) {
    Eventually([&member] {
      member.Step(milliseconds{5});
      return member.owned().size() == 1 && member.records().size() >= kTransactions / 2;
    });
  };
  Member one(log_, {.group = "g", .instance_id = "one"}, {"in"});
  Member two(log_, {.group = "g", .instance_id = "two"}, {"in"});
  ASSERT_TRUE(Eventually([&] {
    one.Step(kNow);
    two.Step(kNow);
    return one.owned().size() == 1 && two.owned().size() == 1;
  }));

  {
    const std::array threads{std::jthread(write, 0), std::jthread(write, 1),
                             std::jthread(read, std::ref(one)), std::jthread(read, std::ref(two))};
  }

  for (const Member* const member : {&one, &two}) {
    ASSERT_EQ(member->records().size(), kTransactions / 2);
    for (std::size_t i = 0; i < member->records().size(); ++i) {
      EXPECT_EQ(member->records()[i].value, std::to_string(2 * i));
    }
  }
}

}  // namespace foothold::log
