#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "src/log/memory_log.h"
#include "tests/fakes/manual_clock.h"
#include "tests/log/conformance.h"

namespace foothold::log {

// A MemoryLog whose time stands still until the test moves it. No call waits.
class MemoryLogTest : public testing::Test {
 protected:
  explicit MemoryLogTest(FaultInjector* faults = nullptr) : log_(clock_, faults) {}

  void MakeTopic(const std::string& name, std::int32_t partitions,
                 std::map<std::string, std::string> configs = {}) {
    const auto admin = log_.NewAdmin();
    const TopicSpec spec{
        .name = name, .partitions = partitions, .replication = -1, .configs = std::move(configs)};
    ASSERT_TRUE((*admin)->CreateTopics(std::array{spec}).ok());
  }

  std::unique_ptr<TransactionalProducer> NewProducer(const std::string& id,
                                                     std::vector<std::string> topics) {
    auto producer = log_.NewProducer({.transactional_id = id, .topics = std::move(topics)});
    EXPECT_TRUE((*producer)->Init(milliseconds{0}).ok());
    return std::move(*producer);
  }

  std::unique_ptr<Consumer> NewReader(const TopicPartition& source, std::int64_t next = 0) {
    auto reader = log_.NewConsumer({});
    const Position start{.source = source, .next = NextOffset{next}};
    EXPECT_TRUE((*reader)->Assign(std::array{start}).ok());
    return std::move(*reader);
  }

  void Write(TransactionalProducer& producer, const std::vector<OutgoingRecord>& records) {
    ASSERT_TRUE(producer.Begin().ok());
    for (const OutgoingRecord& record : records) {
      ASSERT_TRUE(producer.Send(record).ok());
    }
    ASSERT_TRUE(producer.Commit(milliseconds{0}).ok());
  }

  // Commits a position of the group without any member.
  void CommitPosition(const std::string& group, const TopicPartition& source, std::int64_t next) {
    const auto onlooker = log_.NewConsumer({.group = group});
    const auto producer = NewProducer("committer", {});
    const Position position{.source = source, .next = NextOffset{next}};
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(
        producer->SendOffsets(std::array{position}, (*onlooker)->group(), milliseconds{0}).ok());
    ASSERT_TRUE(producer->Commit(milliseconds{0}).ok());
  }

  std::vector<ReadRecord> ReadAll(const TopicPartition& source, std::int64_t next = 0) {
    const auto reader = NewReader(source, next);
    const Result<Batch> batch = reader->Poll(milliseconds{0});
    EXPECT_TRUE(batch.has_value()) << StatusOf(batch).ToString();
    std::vector<ReadRecord> records;
    for (const RecordView& record : batch->records) {
      records.push_back(CopyOf(record));
    }
    return records;
  }

  Watermarks WatermarksOf(const TopicPartition& source) {
    return *NewReader(source)->QueryWatermarks(source, milliseconds{0});
  }

  ManualWallClock clock_;
  MemoryLog log_;
};

}  // namespace foothold::log
