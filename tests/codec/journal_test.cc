#include "src/codec/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/journal.pb.h"
#include "src/base/bag.h"
#include "src/base/hash.h"
#include "tests/codec/random_values.h"

namespace foothold::codec {
namespace {

// An event and the memory it looks at.
struct OwnedEvent {
  std::string tenant = "acme", user = "u-1", id = "e-1", name = "Dashboard Viewed",
              role = "analyst";
  std::string previous_user, properties, traits, source = "web", topic = "segment.events";
  journey::CallKind kind = journey::CallKind::kTrack;
  std::uint64_t fingerprint = 0xFEDCBA9876543210ULL;
  Instant occurred_at = InstantFromMs(1'790'000'000'123);
  bool is_product = true;
  bool is_role_override = false;
  std::int32_t partition = 7;
  std::int64_t offset = 123'456'789'012;

  journey::Event view() const {
    return {.kind = kind,
            .tenant = tenant,
            .user = user,
            .id = id,
            .fingerprint = fingerprint,
            .name = name,
            .occurred_at = occurred_at,
            .is_product = is_product,
            .role = role,
            .is_role_override = is_role_override,
            .previous_user = previous_user,
            .properties = BagView(properties),
            .traits = BagView(traits),
            .position = {.source = source,
                         .topic = topic,
                         .partition = PartitionId{partition},
                         .offset = offset}};
  }
};

OwnedEvent RandomEvent(RandomValues* random) {
  OwnedEvent event;
  event.kind = static_cast<journey::CallKind>(1 + random->Below(6));
  event.tenant = "t" + random->Name();
  event.user = random->Text();
  event.id = "i" + random->EventId();
  event.name = random->Name();
  event.role = random->Name();
  event.previous_user = random->Text();
  event.properties = random->Text();
  event.traits = random->Text();
  event.source = random->Name();
  event.topic = random->Name();
  event.fingerprint = random->Hash();
  event.occurred_at = random->Time();
  event.is_product = random->Coin();
  event.is_role_override = random->Coin();
  event.partition = static_cast<std::int32_t>(random->Integer());
  event.offset = random->Integer();
  return event;
}

void ExpectSameEvent(const journey::Event& read, const journey::Event& written) {
  EXPECT_EQ(read.kind, written.kind);
  EXPECT_EQ(read.tenant, written.tenant);
  EXPECT_EQ(read.user, written.user);
  EXPECT_EQ(read.id, written.id);
  EXPECT_EQ(read.fingerprint, written.fingerprint);
  EXPECT_EQ(read.name, written.name);
  EXPECT_EQ(read.occurred_at, written.occurred_at);
  EXPECT_EQ(read.is_product, written.is_product);
  EXPECT_EQ(read.role, written.role);
  EXPECT_EQ(read.is_role_override, written.is_role_override);
  EXPECT_EQ(read.previous_user, written.previous_user);
  EXPECT_EQ(read.properties.bytes(), written.properties.bytes());
  EXPECT_EQ(read.traits.bytes(), written.traits.bytes());
  EXPECT_EQ(read.position, written.position);
}

// A batch with an entry of every kind.
std::string SomeBatch() {
  RandomValues random(1);
  OwnedEvent event;
  BagWriter(&event.properties).Add("dashboardid", Scalar(std::string_view("d-9")));
  JournalBatchWriter writer;
  writer.Append(random.Roster());
  writer.Append(event.view());
  writer.Append(random.Progress());
  writer.Append(Control{.number = 1, .follows = 0, .action = PublishPlaybook{random.Playbook()}});
  event.id = "e-2";
  writer.Append(event.view());
  event.tenant = "";
  PersonRecord record{.event = event.view(), .at = kEpoch + kDay, .hops = 2};
  record.flaw = "bad_time";
  record.raw = RawRecord{.key = "k", .value = "{}", .headers = {{"trace", "1"}}, .timestamp = {}};
  writer.Append(record);
  writer.Append(PersonFact{.user = "u-1", .other = "acme", .at = kEpoch, .hops = 1});
  return writer.Take();
}

// The batch with its body changed by hand: a checksum that agrees with it.
std::string Reseal(std::string batch) {
  const std::uint64_t checksum = Hash64(std::string_view(batch).substr(9));
  for (std::size_t i = 0; i < 8; ++i) {
    batch[1 + i] = static_cast<char>(checksum >> (8 * i));
  }
  return batch;
}

TEST(JournalTest, EventsComeBackAsTheyWere) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  JournalBatchWriter writer;
  for (int round = 0; round < 50; ++round) {
    std::vector<OwnedEvent> events(1 + random.Below(60));
    for (OwnedEvent& event : events) {
      event = RandomEvent(&random);
      writer.Append(event.view());
    }
    const std::size_t size = writer.bytes();

    const std::string bytes = writer.Take();

    EXPECT_EQ(bytes.size(), size);
    EXPECT_TRUE(writer.is_empty());
    const Result<JournalBatchReader> batch = JournalBatchReader::Open(bytes);
    ASSERT_TRUE(batch.has_value()) << batch.error().message();
    ASSERT_EQ(batch->count(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Result<JournalEntry> entry = batch->entry(i);
      ASSERT_TRUE(entry.has_value()) << entry.error().message();
      ExpectSameEvent(std::get<journey::Event>(*entry), events[i].view());
    }
  }
}

TEST(JournalTest, WhatPeopleSayAndReleasesComeBackAsTheyWere) {
  const Control kill{.number = 7,
                     .follows = 6,
                     .action = RuleWord{.rule = "trial_ending", .word = RuleWord::Word::kKill}};
  const Control approval{
      .number = 8,
      .follows = 7,
      .action = ApprovalWord{
          .tenant = "acme", .user = "", .rule = "risk_high", .rung = 1, .is_granted = true}};
  const Control erasure{.number = 9,
                        .follows = 8,
                        .action = EraseWord{.tenant = "acme",
                                            .at = InstantFromMs(1'767'960'000'000),
                                            .users = {"ada", "email:ada@acme.example"},
                                            .hashes = {{.high = ~std::uint64_t{0} - 1, .low = 7}}}};
  const Release release{.wall = InstantFromMs(1'767'960'000'123)};
  JournalBatchWriter writer;
  writer.Append(kill);
  writer.Append(approval);
  writer.Append(erasure);
  writer.Append(release);

  const std::string bytes = writer.Take();
  const Result<JournalBatchReader> batch = JournalBatchReader::Open(bytes);

  ASSERT_TRUE(batch.has_value()) << batch.error().message();
  EXPECT_EQ(std::get<Control>(batch->entry(0).value()), kill);
  EXPECT_EQ(std::get<Control>(batch->entry(1).value()), approval);
  EXPECT_EQ(std::get<Control>(batch->entry(2).value()), erasure);
  EXPECT_EQ(std::get<Release>(batch->entry(3).value()), release);
}

TEST(JournalTest, EntriesOfTheClockAndControlComeBackAsTheyWere) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  for (int round = 0; round < 100; ++round) {
    const journey::Progress progress = random.Progress();
    const journey::Roster roster = random.Roster();
    const Control control{.number = random.Hash(),
                          .follows = random.Hash(),
                          .action = PublishPlaybook{random.Playbook()}};
    JournalBatchWriter writer;
    writer.Append(roster);
    writer.Append(progress);
    writer.Append(control);

    const std::string bytes = writer.Take();

    const Result<JournalBatchReader> batch = JournalBatchReader::Open(bytes);
    ASSERT_TRUE(batch.has_value()) << batch.error().message();
    ASSERT_EQ(batch->count(), 3U);
    EXPECT_EQ(std::get<journey::Roster>(batch->entry(0).value()), roster);
    EXPECT_EQ(std::get<journey::Progress>(batch->entry(1).value()), progress);
    EXPECT_EQ(std::get<Control>(batch->entry(2).value()), control);
  }
}

// A record as it came: with and without key, value, headers, a header without a value, a time.
RawRecord RandomRaw(RandomValues* random, const std::string& text) {
  RawRecord raw;
  if (random->Coin()) {
    raw.key = std::string_view(text).substr(0, random->Below(text.size()));
  }
  if (random->Coin()) {
    raw.value = std::string_view(text).substr(random->Below(text.size()));
  }
  for (std::size_t i = random->Below(3); i > 0; --i) {
    raw.headers.emplace_back(random->Coin() ? "" : "trace",
                             random->Coin() ? std::nullopt : std::optional<std::string_view>(text));
  }
  raw.timestamp = random->Coin() ? kEpoch : random->Time();
  return raw;
}

TEST(JournalTest, EntriesOfThePeopleTopicComeBackAsTheyWere) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  const std::string raw_text("\0\xFF{\"no\":\"UTF-8\"}", 16);
  JournalBatchWriter writer;
  for (int round = 0; round < 200; ++round) {
    OwnedEvent event = RandomEvent(&random);
    event.tenant.clear();
    event.user = "u" + event.user;
    PersonRecord record{.event = event.view(), .at = random.Time()};
    record.hops = static_cast<std::uint32_t>(random.Below(5));
    record.is_for_previous = random.Coin();
    const std::string detail = random.Text();
    record.flaw = random.Coin() ? "" : "bad_time";
    record.flaw_detail = detail;
    if (random.Coin()) {
      record.raw = RandomRaw(&random, raw_text);
    }
    const PersonFact fact{
        .kind = random.Coin() ? PersonFactKind::kAccount : PersonFactKind::kSuccessor,
        .user = event.user,
        .other = "other",
        .at = random.Time(),
        .hops = static_cast<std::uint32_t>(random.Below(5))};
    writer.Append(record);
    writer.Append(fact);

    const std::string bytes = writer.Take();

    const Result<JournalBatchReader> batch = JournalBatchReader::Open(bytes);
    ASSERT_TRUE(batch.has_value()) << batch.error().message();
    ASSERT_EQ(batch->count(), 2U);
    const Result<JournalEntry> entry = batch->entry(0);
    ASSERT_TRUE(entry.has_value()) << entry.error().message();
    const auto& read = std::get<PersonRecord>(*entry);
    ExpectSameEvent(read.event, event.view());
    EXPECT_EQ(read.at, record.at);
    EXPECT_EQ(read.hops, record.hops);
    EXPECT_EQ(read.is_for_previous, record.is_for_previous);
    EXPECT_EQ(read.flaw, record.flaw);
    EXPECT_EQ(read.flaw_detail, record.flaw_detail);
    EXPECT_EQ(read.raw, record.raw);
    EXPECT_EQ(std::get<PersonFact>(batch->entry(1).value()), fact);
    v1::JournalBatch message;
    ASSERT_TRUE(message.ParseFromString(bytes));
    EXPECT_EQ(message.entries(0).person_record().event().user_id(), event.user);
    EXPECT_EQ(message.entries(1).person_fact().other(), "other");
  }
}

TEST(JournalTest, TheNoteOfADeadLetterComesBack) {
  JournalBatchWriter writer;
  const DeadLetterNote note{.tenant = "acme", .at = InstantFromMs(1'790'000'000'000)};
  writer.Append(note);
  const std::string bytes = writer.Take();

  const Result<JournalBatchReader> batch = JournalBatchReader::Open(bytes);

  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(std::get<DeadLetterNote>(batch->entry(0).value()), note);
}

TEST(JournalTest, WhatPreparesAPlaybookComesBack) {
  RandomValues random(3);
  JournalBatchWriter writer;
  const Control control{
      .number = 2, .follows = 1, .action = PreparePlaybook{.playbook = random.Playbook()}};
  journey::TrackerState kept{.key = 7, .kept = {{}}};
  kept.kept.front().at = kEpoch + kDay;
  kept.kept.front().event = "insight.pinned";
  const Recollection user{.tenant = "acme", .user = "ada", .trackers = {kept}};
  const Recollection account{.tenant = "acme", .user = "", .trackers = {kept}};
  writer.Append(control);
  writer.Append(user);
  writer.Append(account);
  const std::string bytes = writer.Take();

  const Result<JournalBatchReader> batch = JournalBatchReader::Open(bytes);

  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(std::get<Control>(batch->entry(0).value()), control);
  EXPECT_EQ(std::get<Recollection>(batch->entry(1).value()), user);
  EXPECT_EQ(std::get<Recollection>(batch->entry(2).value()), account);
}

TEST(JournalTest, GeneratedCodeReadsWhatWasWrittenByHand) {
  OwnedEvent event;
  event.previous_user = "anon-3";
  event.is_role_override = true;
  event.traits = "bag";
  JournalBatchWriter writer;
  writer.Append(event.view());
  event.partition = -1;
  event.name = "";
  writer.Append(event.view());

  v1::JournalBatch batch;
  ASSERT_TRUE(batch.ParseFromString(writer.Take()));

  EXPECT_EQ(batch.format(), 2U);
  EXPECT_THAT(batch.strings(),
              testing::ElementsAre("acme", "Dashboard Viewed", "web", "segment.events"));
  ASSERT_EQ(batch.entries_size(), 2);
  const v1::JournalEvent& read = batch.entries(0).event();
  EXPECT_EQ(read.call(), v1::JournalEvent::CALL_TRACK);
  EXPECT_EQ(read.tenant_ref(), 1U);
  EXPECT_EQ(read.user_id(), "u-1");
  EXPECT_EQ(read.event_id(), "e-1");
  EXPECT_EQ(read.fingerprint(), 0xFEDCBA9876543210ULL);
  EXPECT_EQ(read.name_ref(), 2U);
  EXPECT_EQ(read.occurred_at(), 1'790'000'000'123);
  EXPECT_TRUE(read.is_product());
  EXPECT_EQ(read.role(), "analyst");
  EXPECT_TRUE(read.is_role_override());
  EXPECT_EQ(read.previous_user_id(), "anon-3");
  EXPECT_EQ(read.traits(), "bag");
  EXPECT_EQ(read.source_ref(), 3U);
  EXPECT_EQ(read.topic_ref(), 4U);
  EXPECT_EQ(read.partition(), 7);
  EXPECT_EQ(read.offset(), 123'456'789'012);
  EXPECT_EQ(batch.entries(1).event().partition(), -1);
  EXPECT_EQ(batch.entries(1).event().name_ref(), 0U);
  const google::protobuf::Reflection* const reflection = read.GetReflection();
  EXPECT_TRUE(reflection->GetUnknownFields(read).empty());
}

TEST(JournalTest, RepeatedStringsCostAByteOrTwo) {
  OwnedEvent event;
  JournalBatchWriter writer;
  writer.Append(event.view());
  const std::size_t first = writer.bytes();

  event.id = "e-2";
  writer.Append(event.view());

  EXPECT_LT(writer.bytes() - first, 70U);
}

TEST(JournalTest, BoundsOfABatchAreHeldByHasRoomFor) {
  OwnedEvent event;
  JournalBatchWriter writer;
  while (writer.HasRoomFor(event.view())) {
    writer.Append(event.view());
  }
  EXPECT_TRUE(writer.count() == kJournalBatchEntriesMax ||
              writer.bytes() > kJournalBatchBytesMax - 1024);
  EXPECT_LE(writer.bytes(), kJournalBatchBytesMax);

  writer.Clear();
  event.properties = std::string(2 * kJournalBatchBytesMax, 'p');

  EXPECT_TRUE(writer.HasRoomFor(event.view()));
  writer.Append(event.view());
  EXPECT_FALSE(writer.HasRoomFor(OwnedEvent().view()));
}

TEST(JournalTest, AThousandTenantsFitTheStringTable) {
  JournalBatchWriter writer;
  for (std::size_t i = 0; i < kJournalBatchEntriesMax; ++i) {
    OwnedEvent event;
    event.tenant = "tenant-" + std::to_string(i);
    event.name = "name-" + std::to_string(i);
    writer.Append(event.view());
  }

  const std::string bytes = writer.Take();

  const JournalBatchReader batch = JournalBatchReader::Open(bytes).value();
  for (std::size_t i = 0; i < batch.count(); ++i) {
    const Result<JournalEntry> entry = batch.entry(i);
    EXPECT_EQ(std::get<journey::Event>(*entry).tenant, "tenant-" + std::to_string(i));
    EXPECT_EQ(std::get<journey::Event>(*entry).name, "name-" + std::to_string(i));
  }
}

TEST(JournalTest, EveryTruncationIsCorrupt) {
  const std::string whole = SomeBatch();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);

    const Result<JournalBatchReader> batch = JournalBatchReader::Open(cut);

    ASSERT_FALSE(batch.has_value()) << size << " of " << whole.size();
    EXPECT_EQ(batch.error().code(), Code::kCorrupt);
  }
}

TEST(JournalTest, EveryFlippedBitIsCorrupt) {
  const std::string whole = SomeBatch();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1U << (i % 8)));

    const Result<JournalBatchReader> batch = JournalBatchReader::Open(damaged);

    ASSERT_FALSE(batch.has_value()) << "byte " << i;
    EXPECT_EQ(batch.error().code(), Code::kCorrupt);
  }
}

// Bytes that a right checksum vouches for, and that are nonsense all the same: never a crash.
TEST(JournalTest, SealedNonsenseIsRefusedOrReadButNeverCrashes) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  const std::string whole = SomeBatch();
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole.substr(0, whole.size() - random.Below(whole.size() - 9));
    damaged[9 + random.Below(damaged.size() - 9)] = static_cast<char>(random.Hash());
    damaged = Reseal(damaged);
    const Result<JournalBatchReader> batch = JournalBatchReader::Open(damaged);
    bool is_refused = !batch.has_value();
    for (std::size_t i = 0; !is_refused && i < batch->count(); ++i) {
      is_refused = !batch->entry(i).has_value();
    }
    refused += is_refused ? 1 : 0;
  }
  EXPECT_GT(refused, 10'000);
}

TEST(JournalTest, ANewerFormatIsRefusedByName) {
  std::string bytes = SomeBatch();
  ASSERT_EQ(bytes[9], '\x10');
  bytes[10] = 3;

  const Result<JournalBatchReader> batch = JournalBatchReader::Open(Reseal(bytes));

  ASSERT_FALSE(batch.has_value());
  EXPECT_EQ(batch.error().code(), Code::kFatal);
  EXPECT_THAT(batch.error().message(), testing::HasSubstr("format 3, this one reads up to 2"));
}

TEST(JournalTest, AnEntryOfAnUnknownKindIsRefusedByName) {
  v1::JournalBatch message;
  ASSERT_TRUE(message.ParseFromString(SomeBatch()));
  message.clear_entries();
  v1::JournalEntry* const entry = message.add_entries();
  entry->GetReflection()->MutableUnknownFields(entry)->AddLengthDelimited(15, "unheard of");
  const std::string bytes = Reseal(message.SerializeAsString());

  const Result<JournalBatchReader> batch = JournalBatchReader::Open(bytes);

  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->entry(0).error().code(), Code::kFatal);
}

}  // namespace
}  // namespace foothold::codec
