// What transactions promise: atomic, hidden until they end, fenced by their id.

#include <algorithm>
#include <array>

#include "tests/log/conformance.h"

namespace foothold::log {

namespace {

using Values = std::vector<std::string>;

Status CommitOf(TransactionalProducer& producer) {
  return Insist([&] { return producer.Commit(kCallTimeout); });
}

Status AbortOf(TransactionalProducer& producer) {
  return Insist([&] { return producer.Abort(kCallTimeout); });
}

Status SendOffsetsOf(TransactionalProducer& producer, const Position& position,
                     const GroupToken& token) {
  return Insist([&] { return producer.SendOffsets(std::array{position}, token, kCallTimeout); });
}

// A producer of `topic` with an open transaction of one record that has arrived.
class OpenTransaction {
 public:
  OpenTransaction(TransactionalProducer& producer, Consumer& witness, const TopicPartition& source,
                  std::string_view value) {
    EXPECT_TRUE(producer.Begin().ok());
    EXPECT_TRUE(producer.Send(RecordOf(source, value)).ok());
    EXPECT_TRUE(Eventually([&] {
      const Result<Batch> batch = witness.Poll(kStep);
      return batch && std::ranges::any_of(batch->records, [&](const RecordView& record) {
               return record.value == value;
             });
    })) << value
        << " did not arrive";
  }
};

}  // namespace

TEST_P(LogConformance, NothingIsVisibleBeforeTheCommit) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, {"before"});
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  const auto witness = NewUncommittedReader(source);
  const OpenTransaction open(*producer, *witness, source, "open");
  const auto reader = NewReader(source);

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"before"});
  for (int i = 0; i < 5; ++i) {
    const Result<Batch> batch = reader->Poll(kStep);
    ASSERT_TRUE(!batch || batch->records.empty());
  }

  ASSERT_TRUE(CommitOf(*producer).ok());
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"open"});
}

TEST_P(LogConformance, ATransactionSpansTopicsAndPartitions) {
  const std::string one = NewTopic(2);
  const std::string two = NewTopic(1);
  const auto producer = NewProducer(UniqueName("producer"), {one, two});

  ASSERT_TRUE(producer->Begin().ok());
  for (const TopicPartition& source :
       {PartitionOf(one, 0), PartitionOf(one, 1), PartitionOf(two, 0)}) {
    ASSERT_TRUE(producer->Send(RecordOf(source, ToString(source))).ok());
  }
  ASSERT_TRUE(CommitOf(*producer).ok());

  for (const TopicPartition& source :
       {PartitionOf(one, 0), PartitionOf(one, 1), PartitionOf(two, 0)}) {
    const auto reader = NewReader(source);
    EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{ToString(source)});
  }
}

TEST_P(LogConformance, AbortedRecordsStayHidden) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, {"a"});
  WriteAborted(source, {"x", "y"});
  WriteCommitted(source, {"b"});

  const auto reader = NewReader(source);

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 2)), (Values{"a", "b"}));
}

TEST_P(LogConformance, AReaderOfAllSeesOpenAndAbortedRecords) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteAborted(source, {"aborted"});
  WriteCommitted(source, {"committed"});
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(source, "open")).ok());

  const auto reader = NewUncommittedReader(source);

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 3)), (Values{"aborted", "committed", "open"}));
}

TEST_P(LogConformance, AnOpenTransactionHoldsBackLaterCommits) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  const auto witness = NewUncommittedReader(source);
  const OpenTransaction open(*producer, *witness, source, "first");
  WriteCommitted(source, {"second"});
  const auto reader = NewReader(source);

  for (int i = 0; i < 5; ++i) {
    const Result<Batch> batch = reader->Poll(kStep);
    ASSERT_TRUE(!batch || batch->records.empty());
  }

  ASSERT_TRUE(CommitOf(*producer).ok());
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 2)), (Values{"first", "second"}));
}

TEST_P(LogConformance, EveryTransactionTakesAnOffsetForItsMarker) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const auto producer = NewProducer(UniqueName("producer"), {topic});

  for (const char* const value : {"a", "b", "c"}) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Send(RecordOf(source, value)).ok());
    ASSERT_TRUE(CommitOf(*producer).ok());
  }

  const auto reader = NewReader(source);
  const std::vector<ReadRecord> records = ReadRecords(*reader, 3);
  ASSERT_EQ(ValuesOf(records), (Values{"a", "b", "c"}));
  EXPECT_EQ(records[0].offset, 0);
  EXPECT_EQ(records[1].offset, 2);
  EXPECT_EQ(records[2].offset, 4);
}

TEST_P(LogConformance, AProducerGoesOnAfterAnAbort) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const auto producer = NewProducer(UniqueName("producer"), {topic});

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(source, "void")).ok());
  ASSERT_TRUE(AbortOf(*producer).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(source, "kept")).ok());
  ASSERT_TRUE(CommitOf(*producer).ok());

  const auto reader = NewReader(source);
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"kept"});
}

TEST_P(LogConformance, AnEmptyTransactionMayEndEitherWay) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const auto producer = NewProducer(UniqueName("producer"), {topic});

  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_TRUE(CommitOf(*producer).ok());
  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_TRUE(AbortOf(*producer).ok());

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(source, "a")).ok());
  EXPECT_TRUE(CommitOf(*producer).ok());
  const auto reader = NewReader(source);
  EXPECT_EQ(ReadRecords(*reader, 1).at(0).offset, 0);
}

TEST_P(LogConformance, ANewProducerOfTheIdAbortsWhatWasLeftOpen) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string id = UniqueName("producer");
  auto producer = NewProducer(id, {topic});
  const auto witness = NewUncommittedReader(source);
  const OpenTransaction open(*producer, *witness, source, "left open");
  producer.reset();

  const auto successor = NewProducer(id, {topic});
  ASSERT_TRUE(successor->Begin().ok());
  ASSERT_TRUE(successor->Send(RecordOf(source, "next")).ok());
  ASSERT_TRUE(CommitOf(*successor).ok());

  const auto reader = NewReader(source);
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"next"});
}

TEST_P(LogConformance, AnOlderProducerIsFencedAtItsCommit) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string id = UniqueName("producer");
  const auto older = NewProducer(id, {topic});
  const auto witness = NewUncommittedReader(source);
  const OpenTransaction open(*older, *witness, source, "old");

  const auto newer = NewProducer(id, {topic});

  EXPECT_EQ(CommitOf(*older).code(), Code::kFenced);
  EXPECT_EQ(AbortOf(*older).code(), Code::kFenced) << "and it stays so";
  WriteCommitted(source, {"later"});
  const auto reader = NewReader(source);
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"later"});
}

TEST_P(LogConformance, AnOlderProducerIsFencedAtItsAbort) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string id = UniqueName("producer");
  const auto older = NewProducer(id, {topic});
  const auto witness = NewUncommittedReader(source);
  const OpenTransaction open(*older, *witness, source, "old");

  const auto newer = NewProducer(id, {topic});

  EXPECT_EQ(AbortOf(*older).code(), Code::kFenced);
}

TEST_P(LogConformance, AnOlderProducerIsFencedAtItsOffsets) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string id = UniqueName("producer");
  const std::string group = UniqueName("group");
  const auto onlooker = NewOnlooker(group);
  const auto older = NewProducer(id, {topic});
  ASSERT_TRUE(older->Begin().ok());

  const auto newer = NewProducer(id, {topic});
  const Position position{.source = source, .next = NextOffset{1}};

  EXPECT_EQ(SendOffsetsOf(*older, position, onlooker->group()).code(), Code::kFenced);
  EXPECT_EQ(CommittedOf(group, source), std::nullopt);
}

TEST_P(LogConformance, WhatAFencedProducerSendsIsNeverSeen) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string id = UniqueName("producer");
  const auto older = NewProducer(id, {topic});
  const auto newer = NewProducer(id, {topic});

  ASSERT_TRUE(older->Begin().ok());
  const Status sent = older->Send(RecordOf(source, "ghost"));
  const Status committed = sent.ok() ? CommitOf(*older) : sent;

  EXPECT_EQ(committed.code(), Code::kFenced);
  ASSERT_TRUE(newer->Begin().ok());
  ASSERT_TRUE(newer->Send(RecordOf(source, "real")).ok());
  ASSERT_TRUE(CommitOf(*newer).ok());
  const auto reader = NewReader(source);
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"real"});
}

TEST_P(LogConformance, ProducersOfOtherIdsDoNotFenceEachOther) {
  const std::string topic = NewTopic(2);
  const auto one = NewProducer(UniqueName("producer"), {topic});
  const auto two = NewProducer(UniqueName("producer"), {topic});

  ASSERT_TRUE(one->Begin().ok());
  ASSERT_TRUE(two->Begin().ok());
  ASSERT_TRUE(one->Send(RecordOf(PartitionOf(topic, 0), "one")).ok());
  ASSERT_TRUE(two->Send(RecordOf(PartitionOf(topic, 1), "two")).ok());

  EXPECT_TRUE(CommitOf(*two).ok());
  EXPECT_TRUE(CommitOf(*one).ok());
}

TEST_P(LogConformance, ARecordThatIsTooLargeIsInvalidAndTheTransactionGoesOn) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  auto producer = log().NewProducer(
      {.transactional_id = UniqueName("producer"), .topics = {topic}, .message_bytes_max = 10'000});
  ASSERT_TRUE(producer.has_value());
  ASSERT_TRUE(Insist([&] { return (*producer)->Init(kCallTimeout); }).ok());

  ASSERT_TRUE((*producer)->Begin().ok());
  const Status refused = (*producer)->Send(RecordOf(source, std::string(10'001, 'x')));
  ASSERT_TRUE((*producer)->Send(RecordOf(source, "small")).ok());
  ASSERT_TRUE(CommitOf(**producer).ok());

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.code(), Code::kInvalid);
  EXPECT_NE(refused.message().find(topic), std::string::npos) << refused.message();
  const auto reader = NewReader(source);
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"small"});
}

TEST_P(LogConformance, OffsetsAreCommittedWithTheRecords) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string group = UniqueName("group");
  const auto onlooker = NewOnlooker(group);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  EXPECT_EQ(CommittedOf(group, source), std::nullopt);

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(source, "a")).ok());
  ASSERT_TRUE(
      SendOffsetsOf(*producer, {.source = source, .next = NextOffset{7}}, onlooker->group()).ok());
  ASSERT_TRUE(CommitOf(*producer).ok());

  EXPECT_EQ(CommittedOf(group, source), NextOffset{7});
  const auto reader = NewReader(source);
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), Values{"a"});
}

TEST_P(LogConformance, AnAbortLeavesTheOldOffsets) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string group = UniqueName("group");
  const auto onlooker = NewOnlooker(group);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(
      SendOffsetsOf(*producer, {.source = source, .next = NextOffset{3}}, onlooker->group()).ok());
  ASSERT_TRUE(CommitOf(*producer).ok());

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(
      SendOffsetsOf(*producer, {.source = source, .next = NextOffset{9}}, onlooker->group()).ok());
  ASSERT_TRUE(AbortOf(*producer).ok());

  EXPECT_EQ(CommittedOf(group, source), NextOffset{3});
}

TEST_P(LogConformance, TheLastOffsetsOfATransactionCount) {
  const std::string topic = NewTopic(2);
  const std::string group = UniqueName("group");
  const auto onlooker = NewOnlooker(group);
  const auto producer = NewProducer(UniqueName("producer"), {topic});

  ASSERT_TRUE(producer->Begin().ok());
  for (const std::int64_t next : {1, 2}) {
    const std::array positions{
        Position{.source = PartitionOf(topic, 0), .next = NextOffset{next}},
        Position{.source = PartitionOf(topic, 1), .next = NextOffset{10 * next}}};
    ASSERT_TRUE(Insist([&] {
                  return producer->SendOffsets(positions, onlooker->group(), kCallTimeout);
                }).ok());
  }
  ASSERT_TRUE(CommitOf(*producer).ok());

  EXPECT_EQ(CommittedOf(group, PartitionOf(topic, 0)), NextOffset{2});
  EXPECT_EQ(CommittedOf(group, PartitionOf(topic, 1)), NextOffset{20});
}

TEST_P(LogConformance, ANoteIsCommittedWithItsPosition) {
  const std::string topic = NewTopic(2);
  const std::array sources{PartitionOf(topic, 0), PartitionOf(topic, 1)};
  const std::string group = UniqueName("group");
  const auto onlooker = NewOnlooker(group);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  const auto notes = [&] {
    const auto read = Insist([&] { return onlooker->CommittedNotes(sources, kCallTimeout); });
    EXPECT_TRUE(read.has_value()) << StatusOf(read).ToString();
    return read.value_or(std::vector<std::string>());
  };
  const auto send = [&](const std::string& note) {
    const Position noted{.source = sources[0], .next = NextOffset{5}, .note = note};
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(SendOffsetsOf(*producer, noted, onlooker->group()).ok());
    ASSERT_TRUE(
        SendOffsetsOf(*producer, {.source = sources[1], .next = NextOffset{7}}, onlooker->group())
            .ok());
  };

  EXPECT_EQ(notes(), (Values{"", ""}));
  send("read 5, of Monday");
  ASSERT_TRUE(CommitOf(*producer).ok());
  EXPECT_EQ(notes(), (Values{"read 5, of Monday", ""}));
  send("never");
  ASSERT_TRUE(AbortOf(*producer).ok());
  EXPECT_EQ(notes(), (Values{"read 5, of Monday", ""}));
  send("");
  ASSERT_TRUE(CommitOf(*producer).ok());
  EXPECT_EQ(notes(), (Values{"", ""}));
}

TEST_P(LogConformance, CommittedWaitsForTheTransactionThatHoldsOffsets) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string group = UniqueName("group");
  const auto onlooker = NewOnlooker(group);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(
      SendOffsetsOf(*producer, {.source = source, .next = NextOffset{5}}, onlooker->group()).ok());

  const auto while_open = onlooker->Committed(std::array{source}, milliseconds{500});
  ASSERT_TRUE(CommitOf(*producer).ok());

  ASSERT_FALSE(while_open.has_value());
  EXPECT_EQ(while_open.error().code(), Code::kRetry) << while_open.error().ToString();
  EXPECT_EQ(CommittedOf(group, source), NextOffset{5});
}

TEST_P(LogConformance, CommittedPositionsBelongToOneGroup) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string group = UniqueName("group");
  const auto onlooker = NewOnlooker(group);
  const auto producer = NewProducer(UniqueName("producer"), {topic});

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(
      SendOffsetsOf(*producer, {.source = source, .next = NextOffset{5}}, onlooker->group()).ok());
  ASSERT_TRUE(CommitOf(*producer).ok());

  EXPECT_EQ(CommittedOf(group, source), NextOffset{5});
  EXPECT_EQ(CommittedOf(UniqueName("group"), source), std::nullopt);
}

TEST_P(LogConformance, ANewProducerOfTheIdSettlesTheOffsetsLeftOpen) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string group = UniqueName("group");
  const std::string id = UniqueName("producer");
  const auto onlooker = NewOnlooker(group);
  auto producer = NewProducer(id, {topic});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(
      SendOffsetsOf(*producer, {.source = source, .next = NextOffset{5}}, onlooker->group()).ok());
  producer.reset();

  const auto successor = NewProducer(id, {topic});

  EXPECT_EQ(CommittedOf(group, source), std::nullopt);
}

}  // namespace foothold::log
