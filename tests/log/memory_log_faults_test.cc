// What goes wrong on request: lost replies, late markers, rebalances, ended sessions.

#include <algorithm>
#include <optional>

#include "tests/log/memory_log_fixture.h"

namespace foothold::log {

namespace {

const TopicPartition kIn{.topic = "in", .partition = PartitionId{0}};
constexpr milliseconds kNow{0};

// Fails the next call of one kind, before or after it happened; markers come as late as told.
class OneFault final : public FaultInjector {
 public:
  struct Plan {
    Call::Kind kind;
    Status status;
  };

  Status Before(const Call& call) override { return Take(call, &before); }
  Status After(const Call& call) override { return Take(call, &after); }
  milliseconds MarkerDelay(const TopicPartition& /*target*/) override { return marker_delay; }

  std::optional<Plan> before;
  std::optional<Plan> after;
  milliseconds marker_delay{0};
  std::string last_who;

 private:
  Status Take(const Call& call, std::optional<Plan>* plan) {
    last_who = call.who;
    if (!*plan || (*plan)->kind != call.kind) {
      return {};
    }
    Status status = (*plan)->status;
    plan->reset();
    return status;
  }
};

class MemoryLogFaultsTest : public MemoryLogTest {
 protected:
  MemoryLogFaultsTest() : MemoryLogTest(&faults_) {}

  std::unique_ptr<TransactionalProducer> ProducerWithOneRecord() {
    MakeTopic("in", 1);
    auto producer = NewProducer("p", {"in"});
    EXPECT_TRUE(producer->Begin().ok());
    EXPECT_TRUE(producer->Send(RecordOf(kIn, "a")).ok());
    return producer;
  }

  OneFault faults_;
};

}  // namespace

TEST_F(MemoryLogFaultsTest, ACommitThatFailedBeforeItHappenedCanBeRepeated) {
  const auto producer = ProducerWithOneRecord();
  faults_.before = {Call::Kind::kCommit, Status(Code::kRetry, "lost on the way")};

  EXPECT_EQ(producer->Commit(kNow).code(), Code::kRetry);
  EXPECT_TRUE(ReadAll(kIn).empty());
  EXPECT_TRUE(producer->Commit(kNow).ok());

  EXPECT_EQ(ReadAll(kIn).size(), 1U);
  EXPECT_TRUE(producer->Begin().ok());
}

TEST_F(MemoryLogFaultsTest, ACommitWhoseReplyIsLostHappenedAndIsFinishedByRepeatingIt) {
  const auto producer = ProducerWithOneRecord();
  faults_.after = {Call::Kind::kCommit, Status(Code::kRetry, "reply lost")};

  EXPECT_EQ(producer->Commit(kNow).code(), Code::kRetry);
  EXPECT_EQ(ReadAll(kIn).size(), 1U);
  EXPECT_TRUE(producer->Commit(kNow).ok());

  EXPECT_EQ(ReadAll(kIn).size(), 1U) << "once";
  EXPECT_TRUE(producer->Begin().ok());
}

TEST_F(MemoryLogFaultsTest, AFencedReplyToACommitThatHappenedIsFinal) {
  const auto producer = ProducerWithOneRecord();
  faults_.after = {Call::Kind::kCommit, Status(Code::kFenced, "reply lost, then fenced")};

  EXPECT_EQ(producer->Commit(kNow).code(), Code::kFenced);

  EXPECT_EQ(ReadAll(kIn).size(), 1U);
  EXPECT_EQ(producer->Begin().code(), Code::kFenced);
  const auto successor = NewProducer("p", {"in"});
  EXPECT_EQ(ReadAll(kIn).size(), 1U) << "a successor settles nothing anew";
}

TEST_F(MemoryLogFaultsTest, AnAbortedCommitIsVoidUntilTheAbort) {
  const auto producer = ProducerWithOneRecord();
  faults_.before = {Call::Kind::kCommit, Status(Code::kAborted, "message timed out")};

  EXPECT_EQ(producer->Commit(kNow).code(), Code::kAborted);
  EXPECT_EQ(producer->Commit(kNow).code(), Code::kAborted);
  EXPECT_TRUE(producer->Abort(kNow).ok());

  EXPECT_TRUE(ReadAll(kIn).empty());
  Write(*producer, {RecordOf(kIn, "b")});
  EXPECT_EQ(ValuesOf(ReadAll(kIn)), std::vector<std::string>{"b"});
}

TEST_F(MemoryLogFaultsTest, AnAbortWhoseReplyIsLostIsFinishedByRepeatingIt) {
  const auto producer = ProducerWithOneRecord();
  faults_.after = {Call::Kind::kAbort, Status(Code::kRetry, "reply lost")};

  EXPECT_EQ(producer->Abort(kNow).code(), Code::kRetry);
  EXPECT_TRUE(producer->Abort(kNow).ok());

  Write(*producer, {RecordOf(kIn, "b")});
  EXPECT_EQ(ValuesOf(ReadAll(kIn)), std::vector<std::string>{"b"});
}

TEST_F(MemoryLogFaultsTest, AnInitWhoseReplyIsLostIsRepeated) {
  MakeTopic("in", 1);
  const auto producer = *log_.NewProducer({.transactional_id = "p", .topics = {"in"}});
  faults_.after = {Call::Kind::kInit, Status(Code::kRetry, "reply lost")};

  EXPECT_EQ(producer->Init(kNow).code(), Code::kRetry);
  EXPECT_TRUE(producer->Init(kNow).ok());

  Write(*producer, {RecordOf(kIn, "a")});
  EXPECT_EQ(ReadAll(kIn).size(), 1U);
}

TEST_F(MemoryLogFaultsTest, AFailedPollLosesNoRecord) {
  MakeTopic("in", 1);
  ASSERT_TRUE(log_.AppendInput(RecordOf(kIn, "a")).has_value());
  const auto reader = NewReader(kIn);
  faults_.before = {Call::Kind::kPoll, Status(Code::kRetry, "broker away")};

  const Result<Batch> failed = reader->Poll(kNow);
  const Result<Batch> batch = reader->Poll(kNow);

  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), Code::kRetry);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->records.size(), 1U);
}

TEST_F(MemoryLogFaultsTest, AConsumerThatWasFencedStaysSo) {
  MakeTopic("in", 1);
  const auto reader = NewReader(kIn);
  faults_.before = {Call::Kind::kPoll, Status(Code::kFenced, "instance fenced")};

  EXPECT_EQ(reader->Poll(kNow).error().code(), Code::kFenced);
  EXPECT_EQ(reader->Poll(kNow).error().code(), Code::kFenced);
}

TEST_F(MemoryLogFaultsTest, CallsNameWhoMakesThem) {
  const auto producer = ProducerWithOneRecord();
  EXPECT_EQ(faults_.last_who, "p");
  const auto consumer = *log_.NewConsumer({.group = "g", .instance_id = "worker-0"});

  ASSERT_TRUE(consumer->Poll(kNow).has_value());

  EXPECT_EQ(faults_.last_who, "worker-0");
}

TEST_F(MemoryLogFaultsTest, ACommitIsAcknowledgedBeforeItsMarkersAreThere) {
  const auto producer = ProducerWithOneRecord();
  const auto onlooker = *log_.NewConsumer({.group = "g"});
  const Position position{.source = kIn, .next = NextOffset{4}};
  ASSERT_TRUE(producer->SendOffsets(std::array{position}, onlooker->group(), kNow).ok());
  faults_.marker_delay = milliseconds{300};

  ASSERT_TRUE(producer->Commit(kNow).ok());
  EXPECT_TRUE(ReadAll(kIn).empty());
  EXPECT_EQ(onlooker->Committed(std::array{kIn}, kNow).error().code(), Code::kRetry);
  clock_.Advance(milliseconds{300});

  EXPECT_EQ(ReadAll(kIn).size(), 1U);
  EXPECT_EQ(onlooker->Committed(std::array{kIn}, kNow)->front(), NextOffset{4});
}

TEST_F(MemoryLogFaultsTest, TheNextTransactionWaitsForTheMarkersOfTheLast) {
  const auto producer = ProducerWithOneRecord();
  faults_.marker_delay = kHour;
  ASSERT_TRUE(producer->Commit(kNow).ok());

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(kIn, "b")).ok());

  EXPECT_EQ(ValuesOf(ReadAll(kIn)), std::vector<std::string>{"a"});
}

TEST_F(MemoryLogFaultsTest, AForcedRebalanceMovesPartitionsAndMakesTokensStale) {
  MakeTopic("in", 2);
  Member one(log_, {.group = "g", .instance_id = "one"}, {"in"});
  Member two(log_, {.group = "g", .instance_id = "two"}, {"in"});
  const auto step_until = [&](const auto& is_so) {
    return Eventually([&] {
      one.Step(kNow);
      two.Step(kNow);
      return is_so();
    });
  };
  ASSERT_TRUE(step_until([&] { return one.owned().size() == 1 && two.owned().size() == 1; }));
  const std::set<TopicPartition> before = one.owned();
  const GroupToken stale = one.consumer().group();

  log_.ForceRebalance("g");

  const auto producer = NewProducer("p", {"in"});
  ASSERT_TRUE(producer->Begin().ok());
  const Position position{.source = *before.begin(), .next = NextOffset{1}};
  EXPECT_EQ(producer->SendOffsets(std::array{position}, stale, kNow).code(), Code::kAborted);
  EXPECT_TRUE(step_until([&] { return two.owned() == before && one.owned().size() == 1; }));
}

TEST_F(MemoryLogFaultsTest, AnEndedSessionIsALossAndTheMemberComesBack) {
  MakeTopic("in", 1);
  Member member(log_, {.group = "g", .instance_id = "one"}, {"in"});
  member.Step(kNow);
  ASSERT_EQ(member.owned().size(), 1U);

  log_.ExpireSession("g", "one");

  EXPECT_TRUE(member.consumer().IsAssignmentLost());
  member.StepWithoutLettingGo(kNow);
  ASSERT_TRUE(member.unanswered().has_value());
  EXPECT_EQ(member.unanswered()->kind, AssignmentChange::Kind::kLost);
  member.LetGo();
  member.Step(kNow);
  EXPECT_EQ(member.owned().size(), 1U);
}

}  // namespace foothold::log
