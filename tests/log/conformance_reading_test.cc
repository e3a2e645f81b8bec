// What a reader without a group sees: records, positions, watermarks.

#include <algorithm>
#include <array>
#include <numeric>

#include "tests/log/conformance.h"

namespace foothold::log {

namespace {

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

std::vector<std::string> Numbered(int count) {
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) {
    values.push_back(std::to_string(i));
  }
  return values;
}

// Polls until it fails with something else than kRetry.
Status FailureOf(Consumer& consumer) {
  Status failure;
  Eventually([&] {
    const Result<Batch> batch = consumer.Poll(kStep);
    if (!batch && batch.error().code() != Code::kRetry) {
      failure = batch.error();
    }
    return !failure.ok();
  });
  return failure;
}

}  // namespace

TEST_P(LogConformance, RecordsComeBackAsTheyWereSent) {
  const std::string topic = NewTopic(1);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  const std::array headers{Header{.key = "type", .value = "a"}, Header{.key = "none", .value = {}},
                           Header{.key = "empty", .value = ""},
                           Header{.key = "type", .value = "b"}};
  const Instant at = InstantFromMs(1'767'225'600'123);

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer
                  ->Send({.topic = topic,
                          .partition = PartitionId{0},
                          .key = std::string_view("k\0\xff", 3),
                          .value = "{}",
                          .headers = headers,
                          .timestamp = at})
                  .ok());
  ASSERT_TRUE(Insist([&] { return producer->Commit(kCallTimeout); }).ok());

  const auto reader = NewReader(PartitionOf(topic, 0));
  const std::vector<ReadRecord> records = ReadRecords(*reader, 1);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].source, PartitionOf(topic, 0));
  EXPECT_EQ(records[0].offset, 0);
  EXPECT_EQ(records[0].timestamp, at);
  EXPECT_EQ(records[0].key, std::string("k\0\xff", 3));
  EXPECT_EQ(records[0].value, "{}");
  const Headers expected{{"type", "a"}, {"none", std::nullopt}, {"empty", ""}, {"type", "b"}};
  EXPECT_EQ(records[0].headers, expected);
}

TEST_P(LogConformance, NullAndEmptyDifferInKeysAndValues) {
  const std::string topic = NewTopic(1);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  const OutgoingRecord tombstone{
      .topic = topic, .partition = PartitionId{0}, .key = "", .value = std::nullopt};
  const OutgoingRecord keyless{
      .topic = topic, .partition = PartitionId{0}, .key = std::nullopt, .value = ""};

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(tombstone).ok());
  ASSERT_TRUE(producer->Send(keyless).ok());
  ASSERT_TRUE(Insist([&] { return producer->Commit(kCallTimeout); }).ok());

  const auto reader = NewReader(PartitionOf(topic, 0));
  const std::vector<ReadRecord> records = ReadRecords(*reader, 2);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].key, "");
  EXPECT_EQ(records[0].value, std::nullopt);
  EXPECT_EQ(records[1].key, std::nullopt);
  EXPECT_EQ(records[1].value, "");
}

TEST_P(LogConformance, ARecordWithoutATimeGetsTheWallTime) {
  const std::string topic = NewTopic(1);

  WriteCommitted(PartitionOf(topic, 0), {"a", "b"});

  const auto reader = NewReader(PartitionOf(topic, 0));
  const std::vector<ReadRecord> records = ReadRecords(*reader, 2);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_GT(records[0].timestamp, InstantFromMs(1'700'000'000'000));
  EXPECT_LE(records[0].timestamp, records[1].timestamp);
}

TEST_P(LogConformance, OffsetsFollowTheOrderOfSending) {
  const std::string topic = NewTopic(1);

  WriteCommitted(PartitionOf(topic, 0), Numbered(100));

  const auto reader = NewReader(PartitionOf(topic, 0));
  const std::vector<ReadRecord> records = ReadRecords(*reader, 100);
  ASSERT_EQ(ValuesOf(records), Numbered(100));
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].offset, static_cast<std::int64_t>(i));
  }
}

TEST_P(LogConformance, ARecordGoesToThePartitionItNames) {
  const std::string topic = NewTopic(3);

  WriteCommitted(PartitionOf(topic, 0), {"zero"});
  WriteCommitted(PartitionOf(topic, 2), {"two"});

  const auto reader = NewReader(PartitionOf(topic, 2));
  const std::vector<ReadRecord> records = ReadRecords(*reader, 1);
  EXPECT_EQ(ValuesOf(records), std::vector<std::string>{"two"});
  EXPECT_EQ(records.at(0).source.partition, PartitionId{2});
}

TEST_P(LogConformance, ReadingStartsAtTheGivenPlace) {
  const std::string topic = NewTopic(1);
  WriteCommitted(PartitionOf(topic, 0), Numbered(5));

  const auto reader = NewReader(PartitionOf(topic, 0), 3);

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 2)), (std::vector<std::string>{"3", "4"}));
}

TEST_P(LogConformance, AssignReplacesWhatWasAssigned) {
  const std::string topic = NewTopic(2);
  WriteCommitted(PartitionOf(topic, 0), {"a"});
  WriteCommitted(PartitionOf(topic, 1), {"b"});
  const auto reader = NewReader(PartitionOf(topic, 0));
  ASSERT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"a"});

  const Position other{.source = PartitionOf(topic, 1), .next = NextOffset{0}};
  ASSERT_TRUE(reader->Assign(std::array{other}).ok());

  WriteCommitted(PartitionOf(topic, 0), {"unread"});
  WriteCommitted(PartitionOf(topic, 1), {"c"});
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 2)), (std::vector<std::string>{"b", "c"}));
}

TEST_P(LogConformance, SeveralPartitionsAreEachReadInOrder) {
  const std::string topic = NewTopic(3);
  for (std::int32_t i = 0; i < 3; ++i) {
    WriteCommitted(PartitionOf(topic, i), Numbered(40));
  }
  const auto reader = NewReader(PartitionOf(topic, 0));
  std::vector<Position> all;
  for (const TopicPartition& source : PartitionsOf(topic, 3)) {
    all.push_back({.source = source, .next = NextOffset{0}});
  }

  ASSERT_TRUE(reader->Assign(all).ok());

  std::map<TopicPartition, std::vector<ReadRecord>> by_partition;
  for (const ReadRecord& record : ReadRecords(*reader, 120)) {
    by_partition[record.source].push_back(record);
  }
  ASSERT_EQ(by_partition.size(), 3U);
  for (const auto& [source, records] : by_partition) {
    EXPECT_EQ(ValuesOf(records), Numbered(40)) << ToString(source);
  }
}

TEST_P(LogConformance, ABatchHasAtMostAsManyRecordsAsAskedFor) {
  const std::string topic = NewTopic(1);
  WriteCommitted(PartitionOf(topic, 0), Numbered(50));
  auto reader = log().NewConsumer({.batch_records_max = 7});
  ASSERT_TRUE(reader.has_value());
  const Position start{.source = PartitionOf(topic, 0), .next = NextOffset{0}};
  ASSERT_TRUE((*reader)->Assign(std::array{start}).ok());

  std::size_t total = 0;
  std::size_t largest = 0;
  ASSERT_TRUE(Eventually([&] {
    const Result<Batch> batch = (*reader)->Poll(kStep);
    total += batch ? batch->records.size() : 0;
    largest = std::max(largest, batch ? batch->records.size() : 0);
    return total >= 50;
  }));

  EXPECT_EQ(total, 50U);
  EXPECT_LE(largest, 7U);
}

TEST_P(LogConformance, TheEndOfAPartitionIsAnEmptyBatchAndWhatComesLaterIsRead) {
  const std::string topic = NewTopic(1);
  WriteCommitted(PartitionOf(topic, 0), {"a"});
  const auto reader = NewReader(PartitionOf(topic, 0));
  ASSERT_EQ(ReadRecords(*reader, 1).size(), 1U);

  const auto at_end = Insist([&] { return reader->Poll(milliseconds{0}); });
  WriteCommitted(PartitionOf(topic, 0), {"b"});

  ASSERT_TRUE(at_end.has_value()) << StatusOf(at_end).ToString();
  EXPECT_TRUE(at_end->records.empty());
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"b"});
}

TEST_P(LogConformance, SeekingBackReadsAgain) {
  const std::string topic = NewTopic(1);
  WriteCommitted(PartitionOf(topic, 0), Numbered(10));
  const auto reader = NewReader(PartitionOf(topic, 0));
  ASSERT_EQ(ReadRecords(*reader, 10).size(), 10U);

  const Position back{.source = PartitionOf(topic, 0), .next = NextOffset{8}};
  ASSERT_TRUE(Insist([&] { return reader->Seek(std::array{back}); }).ok());

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 2)), (std::vector<std::string>{"8", "9"}));
}

TEST_P(LogConformance, SeekingForwardLeavesOut) {
  const std::string topic = NewTopic(1);
  WriteCommitted(PartitionOf(topic, 0), Numbered(10));
  const auto reader = NewReader(PartitionOf(topic, 0), 2);
  ASSERT_GE(ReadRecords(*reader, 1).size(), 1U);

  const Position ahead{.source = PartitionOf(topic, 0), .next = NextOffset{9}};
  ASSERT_TRUE(Insist([&] { return reader->Seek(std::array{ahead}); }).ok());

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"9"});
}

TEST_P(LogConformance, APausedPartitionDeliversNothingUntilItIsResumed) {
  const std::string topic = NewTopic(2);
  const std::array paused{PartitionOf(topic, 0)};
  const auto reader = NewReader(paused[0]);
  const std::array both{Position{.source = PartitionOf(topic, 0), .next = NextOffset{0}},
                        Position{.source = PartitionOf(topic, 1), .next = NextOffset{0}}};
  ASSERT_TRUE(reader->Assign(both).ok());
  ASSERT_TRUE(reader->Pause(paused).ok());

  WriteCommitted(paused[0], {"held"});
  WriteCommitted(PartitionOf(topic, 1), {"free"});

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"free"});
  ASSERT_TRUE(reader->Resume(paused).ok());
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"held"});
}

TEST_P(LogConformance, SeekingDoesNotResume) {
  const std::string topic = NewTopic(2);
  const std::array paused{PartitionOf(topic, 0)};
  WriteCommitted(paused[0], {"a", "b"});
  const auto reader = NewReader(paused[0]);
  const std::array both{Position{.source = PartitionOf(topic, 0), .next = NextOffset{0}},
                        Position{.source = PartitionOf(topic, 1), .next = NextOffset{0}}};
  ASSERT_TRUE(reader->Assign(both).ok());
  ASSERT_EQ(ReadRecords(*reader, 2).size(), 2U);
  ASSERT_TRUE(reader->Pause(paused).ok());

  const Position back{.source = paused[0], .next = NextOffset{1}};
  ASSERT_TRUE(Insist([&] { return reader->Seek(std::array{back}); }).ok());

  WriteCommitted(PartitionOf(topic, 1), {"free"});
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"free"});
  ASSERT_TRUE(reader->Resume(paused).ok());
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"b"});
}

TEST_P(LogConformance, ThePositionPassesMarkersAndAbortedRecords) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, {"a"});
  WriteAborted(source, {"hidden"});
  const auto reader = NewReader(source);
  ASSERT_EQ(ReadRecords(*reader, 1).size(), 1U);

  const bool reached_end = Eventually([&] {
    const auto watermarks = reader->QueryWatermarks(source, kCallTimeout);
    const Result<Batch> batch = reader->Poll(kStep);
    return batch && watermarks && reader->PositionOf(source) == NextOffset{watermarks->high};
  });

  EXPECT_TRUE(reached_end);
  EXPECT_EQ(reader->PositionOf(source), NextOffset{4});  // Two records, two markers.
}

TEST_P(LogConformance, APositionThatIsNoLongerRetainedIsFatalAndNamed) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, Numbered(20));
  const Status deleted = Insist([&] { return form_->DeleteRecordsBefore(source, NextOffset{17}); });
  ASSERT_TRUE(deleted.ok()) << deleted.ToString();

  const auto reader = NewReader(source, 13);
  const Status failure = FailureOf(*reader);

  ASSERT_FALSE(failure.ok());
  EXPECT_EQ(failure.code(), Code::kFatal);
  EXPECT_NE(failure.message().find(ToString(source)), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("13"), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("17"), std::string::npos) << failure.message();
}

TEST_P(LogConformance, APositionBeyondTheEndIsFatalAndNamed) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, Numbered(20));  // Ends at 21: the marker.

  const auto reader = NewReader(source, 37);
  const Status failure = FailureOf(*reader);

  ASSERT_FALSE(failure.ok());
  EXPECT_EQ(failure.code(), Code::kFatal);
  EXPECT_NE(failure.message().find(ToString(source)), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("37"), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("21"), std::string::npos) << failure.message();
}

TEST_P(LogConformance, TheEndItselfIsAPlaceToReadFrom) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, Numbered(3));

  const auto reader = NewReader(source, 4);  // Three records and the marker.
  WriteCommitted(source, {"next"});

  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"next"});
}

TEST_P(LogConformance, WatermarksCountRecordsMarkersAndOpenTransactions) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const auto reader = NewReader(source);
  const auto highs = [&] {
    const auto watermarks = Insist([&] { return reader->QueryWatermarks(source, kCallTimeout); });
    return watermarks ? watermarks->high : -1;
  };
  EXPECT_EQ(highs(), 0);
  WriteCommitted(source, {"a", "b"});
  EXPECT_TRUE(Eventually([&] { return highs() == 3; })) << highs();

  const auto producer = NewProducer(UniqueName("producer"), {topic});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(source, "open")).ok());

  EXPECT_TRUE(Eventually([&] { return highs() == 4; })) << highs();
  ASSERT_TRUE(Insist([&] { return producer->Abort(kCallTimeout); }).ok());
  EXPECT_TRUE(Eventually([&] { return highs() == 5; })) << highs();
}

TEST_P(LogConformance, TheLowWatermarkIsTheFirstRetainedOffset) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, Numbered(10));
  const auto reader = NewReader(source, 6);

  ASSERT_TRUE(Insist([&] { return form_->DeleteRecordsBefore(source, NextOffset{6}); }).ok());

  EXPECT_TRUE(Eventually([&] {
    const auto watermarks = reader->QueryWatermarks(source, kCallTimeout);
    return watermarks && watermarks->low == 6;
  }));
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)).front(), "6");
}

TEST_P(LogConformance, ATimeLeadsToTheFirstRecordAtOrAfterIt) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  const Instant start = InstantFromMs(1'767'225'600'000);
  ASSERT_TRUE(producer->Begin().ok());
  for (int i = 0; i < 5; ++i) {
    OutgoingRecord record = RecordOf(source, "v");
    record.timestamp = start + i * kMinute;
    ASSERT_TRUE(producer->Send(record).ok());
  }
  ASSERT_TRUE(Insist([&] { return producer->Commit(kCallTimeout); }).ok());
  const auto reader = NewReader(source);
  ASSERT_EQ(ReadRecords(*reader, 5).size(), 5U);

  const auto offset_at = [&](Instant at) {
    const auto found = Insist([&] { return reader->OffsetForTime(source, at, kCallTimeout); });
    return found ? found->value : -1;
  };

  EXPECT_EQ(offset_at(start - kDay), 0);
  EXPECT_EQ(offset_at(start + 2 * kMinute), 2);
  EXPECT_EQ(offset_at(start + 2 * kMinute + milliseconds{1}), 3);
}

TEST_P(LogConformance, ATimeAfterTheLastRecordLeadsToTheEnd) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  WriteCommitted(source, {"a", "b"});
  const auto reader = NewReader(source);
  ASSERT_EQ(ReadRecords(*reader, 2).size(), 2U);

  const auto found = Insist([&] {
    return reader->OffsetForTime(source, InstantFromMs(4'102'444'800'000), kCallTimeout);  // 2100.
  });

  ASSERT_TRUE(found.has_value()) << StatusOf(found).ToString();
  EXPECT_EQ(found->value, 3);
}

TEST_P(LogConformance, CloseMayBeRepeated) {
  const std::string topic = NewTopic(1);
  const auto reader = NewReader(PartitionOf(topic, 0));
  Member member(log(), {.group = UniqueName("group")}, {topic});

  reader->Close();
  reader->Close();
  member.Close();
  member.Close();

  EXPECT_TRUE(member.failure().ok());
}

}  // namespace foothold::log
