#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::kafka {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

log::OutgoingRecord Record(const std::string& topic, std::string_view value) {
  return {.topic = topic,
          .partition = PartitionId{0},
          .key = std::nullopt,
          .value = value,
          .headers = {},
          .timestamp = std::nullopt};
}

TEST(KafkaProducerTest, ARecordLargerThanItsTopicTakesIsInvalidAtOnceAndTheTransactionGoesOn) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1, {{"max.message.bytes", "2000"}});
  const auto producer = MakeProducer(log.get(), NewName("id"), {topic});
  Must(producer->Begin());

  const Status refused = producer->Send(Record(topic, std::string(3'000, 'x')));
  Must(producer->Send(Record(topic, "small")));
  Must(producer->Commit(kPatience));

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.code(), Code::kInvalid);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr(topic), HasSubstr("2000")));
  EXPECT_THAT(ReadAll(log.get(), topic, 1)[PartitionId{0}], ElementsAre("small"));
}

TEST(KafkaProducerTest, ANewProducerOfTheSameIdFencesTheOlderWhoseRecordsAreNeverSeen) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1);
  const std::string id = NewName("id");
  const auto older = MakeProducer(log.get(), id, {topic});
  Must(older->Begin());
  Must(older->Send(Record(topic, "older")));

  const auto newer = MakeProducer(log.get(), id, {topic});
  Must(newer->Begin());
  Must(newer->Send(Record(topic, "newer")));
  Must(newer->Commit(kPatience));
  const Status fenced = older->Commit(kPatience);

  ASSERT_FALSE(fenced.ok());
  EXPECT_EQ(fenced.code(), Code::kFenced) << fenced.ToString();
  EXPECT_THAT(ReadAll(log.get(), topic, 1)[PartitionId{0}], ElementsAre("newer"));
}

TEST(KafkaProducerTest, MoreRecordsThanTheQueueHoldsAreAllWritten) {
  const auto log = OpenLog(SharedServers(), {{"queue.buffering.max.messages", "100"}});
  const std::string topic = MakeTopic(log.get(), 1);

  WriteNumbers(log.get(), topic, PartitionId{0}, 5'000);

  EXPECT_EQ(ReadAll(log.get(), topic, 1)[PartitionId{0}].size(), 5'000U);
}

}  // namespace
}  // namespace foothold::kafka
