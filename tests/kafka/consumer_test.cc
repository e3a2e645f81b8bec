#include <chrono>
#include <numeric>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"
#include "tests/kafka/silent_leader.h"

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using Kind = log::AssignmentChange::Kind;

constexpr milliseconds kShort{200};
constexpr milliseconds kHeartbeats{9'000};  // Three of them.

log::TopicPartition First(const std::string& topic) {
  return {.topic = topic, .partition = PartitionId{0}};
}

log::Position At(const std::string& topic, std::int64_t offset) {
  return {.source = First(topic), .next = NextOffset{offset}};
}

TEST(KafkaConsumerTest, AMemberKeepsRevokedPartitionsAndMayCommitUntilItAccepts) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 4);
  const std::string group = NewName("group");
  const std::vector<std::string> topics{topic};
  const auto producer = MakeProducer(log.get(), NewName("id"), {topic});
  const auto older = NewMember(log.get(), group);
  Must(older->Subscribe(topics));
  ASSERT_TRUE(PollUntil(older.get(), [](const log::Batch& batch) {
    return batch.change && batch.change->partitions.size() == 4;
  }));

  const auto newer = NewMember(log.get(), group);
  Must(newer->Subscribe(topics));
  std::optional<log::AssignmentChange> revoked;
  std::size_t owned_by_newer = 0;
  const auto poll_newer = [&] {
    const log::Batch batch = Must(newer->Poll(kShort));
    if (!batch.change) {
      return;
    }
    if (batch.change->kind == Kind::kAssigned) {
      owned_by_newer += batch.change->partitions.size();
    }
    Accept(newer.get(), *batch.change);
  };
  const auto deadline = steady_clock::now() + kPatience;
  while (!revoked && steady_clock::now() < deadline) {
    const log::Batch batch = Must(older->Poll(kShort));
    if (batch.change && batch.change->kind == Kind::kRevoked) {
      revoked = batch.change;
    }
    if (batch.change && !revoked) {
      Accept(older.get(), *batch.change);
    }
    poll_newer();
  }
  ASSERT_TRUE(revoked.has_value());
  ASSERT_EQ(revoked->partitions.size(), 2U);

  // Several heartbeats long nothing moves, and what is still owned can be committed.
  for (int i = 0; i < 10; ++i) {
    poll_newer();
  }
  EXPECT_EQ(owned_by_newer, 0U);
  EXPECT_FALSE(older->IsAssignmentLost());
  Must(producer->Begin());
  Must(producer->SendOffsets(std::vector{log::Position{revoked->partitions[0], NextOffset{0}}},
                             older->group(), kPatience));
  Must(producer->Commit(kPatience));

  Must(older->AcceptRevoked(revoked->partitions));
  while (owned_by_newer < 2 && steady_clock::now() < deadline + kPatience) {
    const log::Batch batch = Must(older->Poll(kShort));
    if (batch.change) {
      Accept(older.get(), *batch.change);
    }
    poll_newer();
  }
  EXPECT_EQ(owned_by_newer, 2U);
}

TEST(KafkaConsumerTest, AnEagerGroupChangesHandsTheSameWay) {
  const auto log = OpenLog(SharedServers(), {{"partition.assignment.strategy", "range"}});
  const std::string topic = MakeTopic(log.get(), 4);
  WriteNumbers(log.get(), topic, PartitionId{0}, 10);
  const std::vector<std::string> topics{topic};
  const std::string group = NewName("group");
  const auto older = NewMember(log.get(), group);
  Must(older->Subscribe(topics));
  ASSERT_TRUE(PollUntil(older.get(), [](const log::Batch& batch) {
    return batch.change && batch.change->partitions.size() == 4;
  }));
  const auto newer = NewMember(log.get(), group);
  Must(newer->Subscribe(topics));

  std::map<const log::Consumer*, std::size_t> owned{{older.get(), 4}, {newer.get(), 0}};
  const auto deadline = steady_clock::now() + kPatience;
  while ((owned[older.get()] != 2 || owned[newer.get()] != 2) && steady_clock::now() < deadline) {
    for (log::Consumer* const member : {older.get(), newer.get()}) {
      const log::Batch batch = Must(member->Poll(kShort));
      if (!batch.change) {
        continue;
      }
      owned[member] = batch.change->kind == Kind::kAssigned ? batch.change->partitions.size() : 0;
      Accept(member, *batch.change);
    }
  }

  EXPECT_EQ(owned[older.get()], 2U);
  EXPECT_EQ(owned[newer.get()], 2U);
}

// A process that was stopped between an assignment and its answer, while another one of its name
// came: it must hear of it, and not be told again and again that what it took is unknown. And its
// end must come to an end.
TEST(KafkaConsumerTest, AMemberThatWasFencedBeforeItTookItsPartitionsIsToldSo) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 2);
  const std::vector<std::string> topics{topic};
  const log::ConsumerOptions same{
      .group = NewName("group"), .instance_id = "same", .session_timeout = milliseconds{6'000}};
  const auto older = Must(log->NewConsumer(same));
  Must(older->Subscribe(topics));
  const auto deadline = steady_clock::now() + kPatience;
  std::vector<log::TopicPartition> offered;
  while (offered.empty() && steady_clock::now() < deadline) {
    if (const log::Batch batch = Must(older->Poll(kShort)); batch.change) {
      offered = batch.change->partitions;
    }
  }
  ASSERT_EQ(offered.size(), 2U);

  const auto newer = Must(log->NewConsumer(same));
  Must(newer->Subscribe(topics));
  // Until the older one's heartbeats have come back refused, some seconds after the newer one has
  // joined: from then on its pauses are those of partitions that it does not have.
  std::vector<log::Position> starts;
  for (const log::TopicPartition& partition : offered) {
    starts.push_back({partition, NextOffset{0}});
  }
  std::optional<steady_clock::time_point> joined;
  while (steady_clock::now() < (joined ? *joined + kHeartbeats : deadline)) {
    const log::Batch batch = Must(newer->Poll(kShort));
    if (batch.change) {
      Accept(newer.get(), *batch.change);
      joined = joined.value_or(steady_clock::now());
    }
  }
  ASSERT_TRUE(joined.has_value());

  EXPECT_EQ(older->AcceptAssigned(starts).code(), Code::kFenced);
}

// Between the halves of a cooperative rebalance a static member's next process is handed what the
// first half left it, and nobody joins again: what it had given up belonged to nobody for as long
// as the group was stable.
TEST(KafkaConsumerTest, AMemberReplacedBetweenTheHalvesOfARebalanceLeavesNothingIdle) {
  const auto log = OpenLog(SharedServers());
  const std::vector<std::string> topics{MakeTopic(log.get(), 4)};
  const std::string group = NewName("group");
  const auto member = [&](const std::string& name) {
    auto consumer = Must(log->NewConsumer(
        {.group = group, .instance_id = name, .session_timeout = milliseconds{6'000}}));
    Must(consumer->Subscribe(topics));
    return consumer;
  };
  const auto replaced = member("a");
  ASSERT_TRUE(PollUntil(replaced.get(), [](const log::Batch& batch) {
    return batch.change && batch.change->partitions.size() == 4;
  }));
  const auto other = member("b");
  std::map<const log::Consumer*, std::set<log::TopicPartition>> owned;
  const auto poll = [&](log::Consumer* consumer) {
    const log::Batch batch = Must(consumer->Poll(kShort));
    if (!batch.change) {
      return;
    }
    for (const log::TopicPartition& partition : batch.change->partitions) {
      if (batch.change->kind == Kind::kAssigned) {
        owned[consumer].insert(partition);
      } else {
        owned[consumer].erase(partition);
      }
    }
    Accept(consumer, *batch.change);
  };
  const auto deadline = steady_clock::now() + kPatience;
  bool is_between = false;
  while (!is_between && steady_clock::now() < deadline) {
    const log::Batch batch = Must(replaced->Poll(kShort));
    is_between = batch.change && batch.change->kind == Kind::kRevoked;
    poll(other.get());
  }
  ASSERT_TRUE(is_between);

  const auto next = member("a");
  while (owned[next.get()].size() + owned[other.get()].size() < 4 &&
         steady_clock::now() < deadline) {
    poll(next.get());
    poll(other.get());
  }

  EXPECT_EQ(owned[next.get()].size(), 2U);
  EXPECT_EQ(owned[other.get()].size(), 2U);
}

// Before 2.3 librdkafka ended the whole process here: a disk that was full, met while the group was
// settling, became an abort.
TEST(KafkaConsumerTest, AMemberThatHasJoinedAndWasAssignedNothingYetCanBeClosed) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1);
  const std::string group = NewName("group");
  const auto consumer = NewMember(log.get(), group);
  // Groups have a broker once somebody has asked.
  Must(consumer->Committed(std::vector{First(topic)}, kPatience));
  SilentLeader leader(SharedServers(), group);
  const auto deadline = steady_clock::now() + kPatience;
  Result<int> members = leader.Join();
  while (members.value_or(0) < 1 && steady_clock::now() < deadline) {
    members = leader.Join();
  }
  ASSERT_EQ(Must(members), 1);

  Must(consumer->Subscribe(std::vector{topic}));
  while (members.value_or(0) < 2 && steady_clock::now() < deadline) {
    EXPECT_FALSE(Must(consumer->Poll(kShort)).change.has_value());
    members = leader.Join();
  }
  ASSERT_EQ(Must(members), 2);
  EXPECT_FALSE(Must(consumer->Poll(kShort)).change.has_value());

  consumer->Close();
}

TEST(KafkaConsumerTest, PausesResumesAndSeeksNeitherSkipNorRepeat) {
  constexpr int kCount = 12'000;  // More than is held for a pause.
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1);
  WriteNumbers(log.get(), topic, PartitionId{0}, kCount);
  const auto consumer = NewReader(log.get(), 100);
  Must(consumer->Assign(std::vector{At(topic, 0)}));
  const std::vector<log::TopicPartition> source{First(topic)};
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);

  std::int64_t next = 0;
  const auto deadline = steady_clock::now() + kPatience;
  while (next < kCount && steady_clock::now() < deadline) {
    const log::Batch batch = Must(consumer->Poll(kShort));
    for (const log::RecordView& record : batch.records) {
      ASSERT_EQ(record.value, std::to_string(next));
      ASSERT_EQ(record.offset, next);
      ++next;
    }
    switch (random() % 6) {
      case 0:
        Must(consumer->Pause(source));
        EXPECT_TRUE(Must(consumer->Poll(milliseconds{1})).records.empty());
        Must(consumer->Resume(source));
        break;
      case 1:
        next = std::max<std::int64_t>(0, next - static_cast<std::int64_t>(random() % 150));
        Must(consumer->Seek(std::vector{At(topic, next)}));
        break;
      case 2:
        Must(consumer->Pause(source));
        next = std::max<std::int64_t>(0, next - static_cast<std::int64_t>(random() % 150));
        Must(consumer->Seek(std::vector{At(topic, next)}));
        EXPECT_TRUE(Must(consumer->Poll(milliseconds{1})).records.empty());
        Must(consumer->Resume(source));
        break;
      default:
        break;
    }
  }

  EXPECT_EQ(next, kCount);
}

TEST(KafkaConsumerTest, WhatCameInAPauseIsDeliveredBeforeWhatCameAfterIt) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1);
  WriteNumbers(log.get(), topic, PartitionId{0}, 5);
  const auto consumer = NewReader(log.get(), 1);
  Must(consumer->Assign(std::vector{At(topic, 0)}));
  const std::vector<log::TopicPartition> source{First(topic)};
  std::vector<std::string> values;
  const auto read_until = [&](std::size_t count) {
    return PollUntil(consumer.get(), [&](const log::Batch& batch) {
      for (const log::RecordView& record : batch.records) {
        values.emplace_back(*record.value);
      }
      return values.size() >= count;
    });
  };
  ASSERT_TRUE(read_until(1));

  Must(consumer->Pause(source));
  EXPECT_TRUE(Must(consumer->Poll(kShort)).records.empty());
  EXPECT_EQ(consumer->PositionOf(source[0]), NextOffset{1});
  WriteNumbers(log.get(), topic, PartitionId{0}, 3);
  Must(consumer->Resume(source));
  ASSERT_TRUE(read_until(8));

  EXPECT_THAT(values, testing::ElementsAre("0", "1", "2", "3", "4", "0", "1", "2"));
}

TEST(KafkaConsumerTest, ThePositionPassesMarkersAtTheEnd) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1);
  WriteNumbers(log.get(), topic, PartitionId{0}, 3);
  const auto consumer = NewReader(log.get());
  Must(consumer->Assign(std::vector{At(topic, 0)}));

  ASSERT_TRUE(PollUntil(consumer.get(), [&](const log::Batch&) {
    return consumer->PositionOf(First(topic)) == NextOffset{4};
  }));

  EXPECT_EQ(Must(consumer->QueryWatermarks(First(topic), kPatience)).high, 4);
}

TEST(KafkaConsumerTest, PollWithRecordsAtHandDoesNotWait) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1);
  const auto consumer = NewReader(log.get());
  Must(consumer->Assign(std::vector{At(topic, 0)}));
  WriteNumbers(log.get(), topic, PartitionId{0}, 3);

  const auto start = steady_clock::now();
  std::size_t count = 0;
  while (count < 3 && steady_clock::now() - start < kPatience) {
    count += Must(consumer->Poll(kPatience)).records.size();
  }

  EXPECT_EQ(count, 3U);
  EXPECT_LT(steady_clock::now() - start, kPatience / 2);
}

TEST(KafkaConsumerTest, ATopicThatComesWithinTheGraceIsRead) {
  const auto log = OpenLog(SharedServers(), {{"topic.metadata.refresh.interval.ms", "500"}});
  const std::string topic = NewName("late-topic");
  const auto consumer = NewMember(log.get(), NewName("group"));
  Must(consumer->Subscribe(std::vector{topic}));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(Must(consumer->Poll(kShort)).records.empty());
  }

  const log::TopicSpec spec{.name = topic, .partitions = 1, .configs = {}};
  Must(Must(log->NewAdmin())->CreateTopics(std::span(&spec, 1)));
  WriteNumbers(log.get(), topic, PartitionId{0}, 1);

  EXPECT_TRUE(
      PollUntil(consumer.get(), [](const log::Batch& batch) { return batch.records.size() == 1; }));
}

}  // namespace
}  // namespace foothold::kafka
