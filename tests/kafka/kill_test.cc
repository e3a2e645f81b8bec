// The broker dies in the middle of transactions and comes back: a loop that does what the codes say
// goes on, loses nothing and writes nothing twice.

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;

constexpr std::int32_t kPartitions = 4;
constexpr int kPerPartition = 3'000;
constexpr int kPerTransaction = 250;
constexpr milliseconds kCallMax{8'000};
constexpr milliseconds kPollMax{100};
constexpr milliseconds kOutageMax{120'000};
constexpr milliseconds kBackOff{100};

// Copies each record of a topic to the same partition of another one, exactly once.
class Copier {
 public:
  Copier(log::Log* log, std::string from, std::string to)
      : log_(log), from_(std::move(from)), to_(std::move(to)), name_(NewName("copier")) {
    Reopen();
  }

  // One poll and, when there is enough, one commit. Failures are handled as their codes say.
  void Step() {
    const Result<log::Batch> batch = consumer_->Poll(kPollMax);
    if (!batch.has_value()) {
      return Handle(batch.error());
    }
    if (batch->change) {
      return TakeChange(*batch->change);
    }
    for (const log::RecordView& record : batch->records) {
      if (const Status status = Copy(record); !status.ok()) {
        return Handle(status);
      }
    }
    if (staged_ >= kPerTransaction || (batch->records.empty() && staged_ > 0)) {
      if (const Status status = Commit(); !status.ok()) {
        Handle(status);
      }
    }
  }

  bool is_mid_transaction() const { return staged_ > 0; }
  int committed() const { return committed_; }
  int aborts() const { return aborts_; }
  int reopenings() const { return reopenings_; }

 private:
  using Call = std::function<Status()>;

  // kRetry means the same call again; past the bound the handles are made anew.
  static Status Insist(const Call& call) {
    const auto deadline = steady_clock::now() + kOutageMax;
    Status status = call();
    while (!status.ok() && status.code() == Code::kRetry && steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kBackOff);
      status = call();
    }
    return status;
  }

  Status Copy(const log::RecordView& record) {
    if (staged_ == 0) {
      FOOTHOLD_TRY(producer_->Begin());
    }
    ++staged_;
    next_[{std::string(record.topic), record.partition}] = NextOffset{record.offset + 1};
    return Insist([&] {
      return producer_->Send({.topic = to_,
                              .partition = record.partition,
                              .key = record.key,
                              .value = record.value,
                              .headers = {},
                              .timestamp = {}});
    });
  }

  Status Commit() {
    std::vector<log::Position> positions;
    for (const auto& [source, next] : next_) {
      positions.push_back({.source = source, .next = next});
    }
    FOOTHOLD_TRY(
        Insist([&] { return producer_->SendOffsets(positions, consumer_->group(), kCallMax); }));
    FOOTHOLD_TRY(Insist([&] { return producer_->Commit(kCallMax); }));
    committed_ += staged_;
    Forget();
    return Status();
  }

  void Handle(const Status& status) {
    if (status.code() == Code::kRetry) {
      return;
    }
    if (status.code() == Code::kAborted) {
      ++aborts_;
      const Status aborted = Insist([&] { return producer_->Abort(kCallMax); });
      if (aborted.ok() && Rewind().ok()) {
        return;
      }
    }
    FOOTHOLD_CHECK(status.code() == Code::kAborted || status.code() == Code::kFenced,
                   status.ToString());
    ++reopenings_;
    Reopen();
  }

  Status Rewind() {
    Forget();
    if (owned_.empty()) {
      return Status();
    }
    std::vector<std::optional<NextOffset>> committed;
    FOOTHOLD_TRY(Insist([&]() -> Status {
      FOOTHOLD_ASSIGN(committed, consumer_->Committed(owned_, kCallMax));
      return Status();
    }));
    std::vector<log::Position> positions;
    for (std::size_t i = 0; i < owned_.size(); ++i) {
      positions.push_back({.source = owned_[i], .next = committed[i].value_or(NextOffset{0})});
    }
    return consumer_->Seek(positions);
  }

  void TakeChange(const log::AssignmentChange& change) {
    if (change.kind == log::AssignmentChange::Kind::kAssigned) {
      std::vector<std::optional<NextOffset>> committed(change.partitions.size());
      if (!change.partitions.empty()) {
        Must(Insist([&]() -> Status {
          FOOTHOLD_ASSIGN(committed, consumer_->Committed(change.partitions, kCallMax));
          return Status();
        }));
      }
      std::vector<log::Position> starts;
      for (std::size_t i = 0; i < committed.size(); ++i) {
        starts.push_back(
            {.source = change.partitions[i], .next = committed[i].value_or(NextOffset{0})});
        owned_.push_back(change.partitions[i]);
      }
      Must(consumer_->AcceptAssigned(starts));
      return;
    }
    std::erase_if(owned_, [&](const log::TopicPartition& source) {
      return std::ranges::find(change.partitions, source) != change.partitions.end();
    });
    if (staged_ > 0) {
      ++aborts_;
      const Status aborted = Insist([&] { return producer_->Abort(kCallMax); });
      Forget();
      if (!aborted.ok()) {
        ++reopenings_;
        return Reopen();
      }
    }
    Must(consumer_->AcceptRevoked(change.partitions));
    Must(Rewind());
  }

  void Forget() {
    staged_ = 0;
    next_.clear();
  }

  void Reopen() {
    Forget();
    owned_.clear();
    consumer_.reset();
    producer_.reset();
    log::ProducerOptions options;
    options.transactional_id = name_;
    options.topics = {to_};
    producer_ = Must(log_->NewProducer(options));
    Must(Insist([&] { return producer_->Init(kCallMax); }));
    log::ConsumerOptions member;
    member.group = name_;
    member.instance_id = name_;
    member.batch_records_max = 50;
    member.session_timeout = milliseconds{6'000};
    consumer_ = Must(log_->NewConsumer(member));
    Must(consumer_->Subscribe(std::vector{from_}));
  }

  log::Log* const log_;
  const std::string from_;
  const std::string to_;
  const std::string name_;
  std::unique_ptr<log::TransactionalProducer> producer_;
  std::unique_ptr<log::Consumer> consumer_;
  std::vector<log::TopicPartition> owned_;
  std::map<log::TopicPartition, NextOffset> next_;
  int staged_ = 0;
  int committed_ = 0;
  int aborts_ = 0;
  int reopenings_ = 0;
};

TEST(KafkaKillTest, WhereAPartitionEndsIsAskedOfItsNewLeader) {
  const BrokerOptions node{.version = kKillableVersion,
                           .properties = {{"default.replication.factor", "3"},
                                          {"min.insync.replicas", "2"},
                                          {"offsets.topic.replication.factor", "3"},
                                          {"transaction.state.log.replication.factor", "3"},
                                          {"transaction.state.log.min.isr", "2"}}};
  const auto brokers = Must(TestBroker::StartCluster({node, node, node}));
  const auto log =
      OpenLog(brokers[0]->servers() + "," + brokers[1]->servers() + "," + brokers[2]->servers());
  // Each broker leads some of them.
  constexpr std::int32_t kLed = 9;
  const std::string topic = MakeTopic(log.get(), kLed);
  const auto reader = NewReader(log.get());
  const auto ask = [&](PartitionId id) {
    const auto deadline = steady_clock::now() + kPatience;
    Result<log::Watermarks> marks = reader->QueryWatermarks({topic, id}, kCallMax);
    while (!marks.has_value() && steady_clock::now() < deadline) {
      marks = reader->QueryWatermarks({topic, id}, kCallMax);
    }
    EXPECT_TRUE(marks.has_value()) << id.value << ": " << marks.error().message();
  };
  for (PartitionId id{0}; id.value < kLed; ++id.value) {
    ask(id);
  }

  // It comes back, answers, and leads nothing for now.
  brokers.front()->Kill9();
  Must(brokers.front()->Restart());

  for (PartitionId id{0}; id.value < kLed; ++id.value) {
    ask(id);
  }
}

TEST(KafkaKillTest, ALoopOfTransactionsOutlivesTwoKillsOfTheBrokerExactlyOnce) {
  const auto broker = Must(TestBroker::Start({.version = kKillableVersion, .properties = {}}));
  const auto log = OpenLog(broker->servers());
  const std::string from = MakeTopic(log.get(), kPartitions);
  const std::string to = MakeTopic(log.get(), kPartitions);
  for (PartitionId id{0}; id.value < kPartitions; ++id.value) {
    WriteNumbers(log.get(), from, id, kPerPartition);
  }
  Copier copier(log.get(), from, to);

  const auto deadline = steady_clock::now() + 2 * kOutageMax;
  int kills = 0;
  while (copier.committed() < kPartitions * kPerPartition && steady_clock::now() < deadline) {
    copier.Step();
    if (kills < 2 && copier.is_mid_transaction() && copier.committed() >= 3'000 * (kills + 1)) {
      ++kills;
      broker->Kill9();
      Must(broker->Restart());
    }
  }

  EXPECT_EQ(kills, 2);
  std::vector<std::string> expected;
  for (int i = 0; i < kPerPartition; ++i) {
    expected.push_back(std::to_string(i));
  }
  const auto copied = ReadAll(log.get(), to, kPartitions);
  ASSERT_EQ(copied.size(), static_cast<std::size_t>(kPartitions));
  for (const auto& [id, values] : copied) {
    EXPECT_EQ(values, expected) << "partition " << id.value;
  }
  RecordProperty("aborts", copier.aborts());
  RecordProperty("reopenings", copier.reopenings());
  fmt::print("aborts {}, handles made anew {}\n", copier.aborts(), copier.reopenings());
}

TEST(KafkaKillTest, AskingABrokerThatDiedForTheEndOfAPartitionIsGivenUpInTime) {
  const auto broker = Must(TestBroker::Start({.version = "4.0.1", .properties = {}}));
  const auto log = OpenLog(broker->servers());
  const std::string topic = MakeTopic(log.get(), 1);
  const auto reader = NewReader(log.get());
  Must(reader->QueryWatermarks({topic, PartitionId{0}}, kCallMax));
  broker->Kill9();

  const auto began = steady_clock::now();
  const auto range = reader->QueryWatermarks({topic, PartitionId{0}}, kCallMax);

  ASSERT_FALSE(range.has_value());
  EXPECT_EQ(CodeName(range.error().code()), CodeName(Code::kRetry)) << range.error().ToString();
  EXPECT_LT(steady_clock::now() - began, kPatience);
}

}  // namespace
}  // namespace foothold::kafka
