#pragma once

// The contract of src/log/log.h as tests. Whoever has a form of the log links foothold_conformance
// and says
//
//   INSTANTIATE_TEST_SUITE_P(MyLog, LogConformance, testing::Values(LogForm{"MyLog", &MakeMyLog}),
//                            LogFormName);
//
// The tests wait for what must come with a deadline, never for a fixed time, and use names of their
// own, so that they can share a broker with each other.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"

namespace foothold::log {

// One form of the log, and what the suite needs of it beyond the port. Made for each test.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  virtual Log& log() = 0;
  virtual bool is_real_broker() const = 0;
  // A legal name for a topic, group or transactional id that nobody else uses, now or before.
  virtual std::string UniqueName(std::string_view stem) = 0;
  // Retention at work: deletes what lies before `offset`.
  virtual Status DeleteRecordsBefore(const TopicPartition& source, NextOffset offset) = 0;
};

struct LogForm {
  std::string name;
  std::function<std::unique_ptr<LogUnderTest>()> make;
};
std::ostream& operator<<(std::ostream& out, const LogForm& form);
std::string LogFormName(const testing::TestParamInfo<LogForm>& info);

// A record that outlives its poll.
struct ReadRecord {
  TopicPartition source;
  std::int64_t offset = 0;
  Instant timestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};
ReadRecord CopyOf(const RecordView& record);
// "a", "b", ...: the values in the order they were read, null as "(null)".
std::vector<std::string> ValuesOf(const std::vector<ReadRecord>& records);

// What has not come by then never comes.
inline constexpr milliseconds kDeadline{20'000};
// The wait of one call among many.
inline constexpr milliseconds kStep{100};
inline constexpr milliseconds kCallTimeout{10'000};

// Calls again while it says kRetry, until the deadline.
template <std::invocable Call>
auto Insist(const Call& call) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (true) {
    auto result = call();
    const Status status = [&result] {
      if constexpr (std::same_as<decltype(result), Status>) {
        return result;
      } else {
        return StatusOf(result);
      }
    }();
    const bool is_over = std::chrono::steady_clock::now() >= deadline;
    if (status.ok() || status.code() != Code::kRetry || is_over) {
      return result;
    }
  }
}

// Calls until it is true; false at the deadline.
bool Eventually(const std::function<bool()>& is_so);

// A member of a group that accepts every change and starts where the group committed, else at 0.
class Member {
 public:
  Member(Log& log, const ConsumerOptions& options, std::vector<std::string> topics);

  // One poll. What it brings is in the accessors below.
  void Step(milliseconds timeout = kStep);
  // Polls, but leaves a revocation unanswered: `unanswered()` has it.
  void StepWithoutLettingGo(milliseconds timeout = kStep);
  void LetGo();
  // The end of the member: says good-bye to the group.
  void Close() { consumer_->Close(); }

  Consumer& consumer() { return *consumer_; }
  const std::set<TopicPartition>& owned() const { return owned_; }
  const std::vector<ReadRecord>& records() const { return records_; }
  // Changes that named a partition.
  int change_count() const { return change_count_; }
  // The first failure but kRetry.
  const Status& failure() const { return failure_; }
  const std::optional<AssignmentChange>& unanswered() const { return unanswered_; }

 private:
  void TakeOver(const std::vector<TopicPartition>& partitions);

  std::unique_ptr<Consumer> consumer_;
  std::set<TopicPartition> owned_;
  std::vector<ReadRecord> records_;
  int change_count_ = 0;
  Status failure_;
  std::optional<AssignmentChange> unanswered_;
};

class LogConformance : public testing::TestWithParam<LogForm> {
 protected:
  LogConformance() : form_(GetParam().make()) {}

  Log& log() { return form_->log(); }
  std::string UniqueName(std::string_view stem) { return form_->UniqueName(stem); }

  // A new topic that keeps everything, whatever the age of its records.
  std::string NewTopic(std::int32_t partitions);
  // A producer that has been initialised.
  std::unique_ptr<TransactionalProducer> NewProducer(const std::string& transactional_id,
                                                     std::vector<std::string> topics);
  // A consumer of one partition of the topic, from `next` on.
  std::unique_ptr<Consumer> NewReader(const TopicPartition& source, std::int64_t next = 0);
  std::unique_ptr<Consumer> NewUncommittedReader(const TopicPartition& source);
  // A consumer of the group that is no member: it looks at what is committed.
  std::unique_ptr<Consumer> NewOnlooker(const std::string& group);

  // One transaction with these values, in this order, and the key "k".
  void WriteCommitted(const TopicPartition& source, const std::vector<std::string>& values);
  void WriteAborted(const TopicPartition& source, const std::vector<std::string>& values);
  // Polls until there are `count` records, or the deadline has passed.
  std::vector<ReadRecord> ReadRecords(Consumer& consumer, std::size_t count);
  // The committed position of one partition, once it is stable.
  std::optional<NextOffset> CommittedOf(const std::string& group, const TopicPartition& source);
  // Polls all members in turn until `is_so`.
  static bool StepUntil(const std::vector<Member*>& members, const std::function<bool()>& is_so);

  std::unique_ptr<LogUnderTest> form_;
};

OutgoingRecord RecordOf(const TopicPartition& source, std::string_view value);
TopicPartition PartitionOf(const std::string& topic, std::int32_t partition);
std::set<TopicPartition> PartitionsOf(const std::string& topic, std::int32_t count);

}  // namespace foothold::log
