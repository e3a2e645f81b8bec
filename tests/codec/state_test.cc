#include "src/codec/state.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/bag.h"
#include "src/codec/erased_facts.h"
#include "src/codec/volume_facts.h"
#include "tests/codec/random_values.h"

namespace foothold::codec {
namespace {

constexpr int kRounds = 300;

// A user as most are: some weeks old, activated, a few facts.
journey::User TypicalUser() {
  journey::User user;
  user.tenant = "acme";
  user.id = "user-000123";
  const Instant day0 = InstantFromMs(1'790'000'000'000);
  for (int i = 0; i < 6; ++i) {
    const journey::Occurrence occurrence{
        .at = day0 + i * kHour,
        .event_id = fmt::format("0f8b2c3d-1a2b-4c3d-8e4f-{:012x}", 0x1234567890 + i * 77777),
        .fingerprint = std::uint64_t{0x0123456789ABCDEF} * static_cast<std::uint64_t>(i + 3),
        .event = i % 2 == 0 ? "dashboard.viewed" : "report.exported",
        .value = {},
        .source = "web",
        .topic = "segment.events",
        .partition = 3,
        .offset = 1'000'000 + i * 40};
    user.trackers.push_back(
        {.key = static_cast<std::uint64_t>(i + 1) << 50U, .kept = {occurrence}});
    if (i % 2 == 0) {
      user.trackers.front().kept.push_back(occurrence);
    }
  }
  std::string bag;
  BagWriter(&bag).Add("email", Scalar(std::string_view("ann@acme.example")));
  user.traits.push_back({.name = "email", .bag = bag, .at = day0, .id_hash = 17});
  user.role_facts.push_back(
      {.at = day0, .id_hash = 17, .rank = journey::RoleRank::kTrait, .role = "analyst"});
  user.joined = journey::Stamp{.at = day0, .id_hash = 4};
  user.has_birth_fact = true;
  user.first_seen = day0;
  user.first_seen_source = "web";
  user.last_seen = day0 + 9 * kDay;
  user.sessions = {{.begin = day0, .end = day0 + kHour},
                   {.begin = day0 + kDay, .end = day0 + kDay + 5 * kMinute}};
  user.active_days.Add(day0);
  user.core_time = 7 * kMinute;
  user.last_event_at = day0 + 9 * kDay;
  user.contribution = {.is_member = true, .role = "analyst", .steps_met = 7};
  user.truth = {.state = journey::UserState::kActivated,
                .activated_at = day0 + kHour,
                .role = "analyst",
                .activation_class = journey::ActivationClass::kOrganic,
                .ce_id = "01K0000000ABCDEFGHJKMNPQRS",
                .decided_at = day0 + kHour};
  user.steps = {.role = "analyst", .met = 7, .current = 4};
  user.status_hash = 0x1111111111111111ULL;
  user.volatile_hash = 0x2222222222222222ULL;
  user.activation_sequence = 2;
  user.progress_sequence = 9;
  return user;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return hex;
}

// Every prefix of `whole`, and `whole` with a byte more, is refused as corrupt.
template <class Decode>
void ExpectCutsAreCorrupt(const std::string& whole, Decode decode) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decode(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(cut.has_value()) << size << " of " << whole.size();
    EXPECT_EQ(cut.error().code(), Code::kCorrupt);
  }
  const std::string longer = whole + '\0';
  const auto too_long = decode(std::string_view(longer));
  ASSERT_FALSE(too_long.has_value());
  EXPECT_EQ(too_long.error().code(), Code::kCorrupt);
}

// Random bytes in place of some: refused or read, never a crash, and what is read can be written.
template <class Encode, class Decode>
void ExpectDamageNeverCrashes(const std::string& whole, Encode encode, Decode decode) {
  RandomValues random(TestSeed());
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (std::size_t i = 1 + random.Below(3); i > 0; --i) {
      damaged[2 + random.Below(damaged.size() - 2)] = static_cast<char>(random.Hash());
    }
    const auto read = decode(std::string_view(damaged));
    if (read.has_value()) {
      EXPECT_TRUE(decode(encode(*read)).has_value());
    } else {
      EXPECT_EQ(read.error().code(), Code::kCorrupt);
    }
  }
}

TEST(StateTest, UsersComeBackAsTheyWere) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    const journey::User user = random.User();
    const std::string bytes = EncodeUser(user);
    const Result<journey::User> read = DecodeUser(bytes);
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(*read, user);
    EXPECT_EQ(EncodeUser(*read), bytes);
  }
}

TEST(StateTest, AccountsComeBackAsTheyWere) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    const journey::Account account = random.Account();
    const std::string bytes = EncodeAccount(account);
    const Result<journey::Account> read = DecodeAccount(bytes);
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(*read, account);
  }
}

TEST(StateTest, FactsOfThePartitionComeBackAsTheyWere) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    const journey::Clock::Parts parts = random.Clock();
    const Meta meta = random.MetaValue();
    const journey::Person person = random.Person();
    EXPECT_EQ(DecodePerson(EncodePerson(person)).value(), person);
    const journey::Playbook playbook = random.Playbook();
    EXPECT_EQ(DecodeClock(EncodeClock(parts)).value(), parts);
    EXPECT_EQ(DecodeMeta(EncodeMeta(meta)).value(), meta);
    const Result<journey::Playbook> read = DecodePlaybook(EncodePlaybook(playbook));
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(*read, playbook);
  }
}

// A new member changes a size: give it a place in the format, in RandomValues, then here.
TEST(StateTest, NoMemberWasAddedThatTheFormatDoesNotKnow) {
  EXPECT_EQ(sizeof(journey::User), 960U);
  EXPECT_EQ(sizeof(journey::Account), 672U);
  EXPECT_EQ(sizeof(journey::RiskState), 80U);
  EXPECT_EQ(sizeof(journey::RungState), 184U);
  EXPECT_EQ(sizeof(journey::CareState), 104U);
  EXPECT_EQ(sizeof(journey::StruggleState), 56U);
  EXPECT_EQ(sizeof(journey::StepFlow), 40U);
  EXPECT_EQ(sizeof(journey::Occurrence), 176U);
  EXPECT_EQ(sizeof(journey::TraitState), 80U);
  EXPECT_EQ(sizeof(journey::RoleFact), 56U);
  EXPECT_EQ(sizeof(journey::RoleCount), 424U);
  EXPECT_EQ(sizeof(journey::Clock::Parts), 232U);
  EXPECT_EQ(sizeof(journey::Person), 120U);
  EXPECT_EQ(sizeof(journey::Playbook), 552U);
  EXPECT_EQ(sizeof(journey::ConditionNode), 168U);
  EXPECT_EQ(sizeof(journey::Rung), 488U);
  EXPECT_EQ(sizeof(journey::Rule), 176U);
  EXPECT_EQ(sizeof(journey::Signal), 96U);
  EXPECT_EQ(sizeof(journey::Stage), 240U);
  EXPECT_EQ(sizeof(journey::GatePolicy), 64U);
}

TEST(StateTest, WhatASubjectDoesNotHaveCostsAByteOrTwo) {
  journey::User user = TypicalUser();
  const std::size_t bare = EncodeUser(user).size();
  user.risk.level = journey::RiskLevel::kLow;
  const std::size_t with_level = EncodeUser(user).size();
  user.care.rungs.resize(1);
  const std::size_t with_rung = EncodeUser(user).size();

  EXPECT_LE(with_level, bare + 6);
  EXPECT_GT(with_rung, with_level + 8);
}

// Before the clock knew of the people stage: nothing of it is there.
TEST(StateTest, AClockOfVersion1IsRead) {
  journey::Clock::Parts parts;
  parts.now = kEpoch + kHour;
  std::string bytes = EncodeClock(parts);
  ASSERT_EQ(bytes[1], 3);
  bytes.resize(bytes.size() - 3);
  bytes[1] = 1;

  EXPECT_EQ(DecodeClock(bytes).value(), parts);
}

TEST(StateTest, EmptyObjectsAndLimitsComeBackAsTheyWere) {
  journey::User user;
  EXPECT_EQ(DecodeUser(EncodeUser(user)).value(), user);
  EXPECT_EQ(DecodeAccount(EncodeAccount({})).value(), journey::Account());
  EXPECT_EQ(DecodeClock(EncodeClock({})).value(), journey::Clock::Parts());
  EXPECT_EQ(DecodeMeta(EncodeMeta({})).value(), Meta());
  EXPECT_EQ(DecodePerson(EncodePerson({})).value(), journey::Person());

  user.first_seen = Instant::min();
  user.last_seen = Instant::max();
  user.last_event_at = Instant::min();
  user.core_time = milliseconds::min();
  for (std::size_t i = 0; i < 1000; ++i) {
    user.role_facts.push_back({.at = Instant::max(),
                               .id_hash = ~std::uint64_t{0},
                               .rank = journey::RoleRank::kInvite,
                               .role = "role" + std::to_string(i % 150)});
  }
  EXPECT_EQ(DecodeUser(EncodeUser(user)).value(), user);
}

TEST(StateTest, TheBytesOfATypicalUserStayAsTheyAre) {
  const journey::User user = TypicalUser();
  const std::string bytes = EncodeUser(user);

  EXPECT_LT(bytes.size(), 600U);
  EXPECT_EQ(DecodeUser(bytes).value(), user);
  EXPECT_EQ(Hex(bytes),
            "55010461636d650b757365722d30303031323306000000000000040004000080b083c59868000f8b"
            "2c3d1a2b4c3d8e4f001234567890cd69039d36d06903001064617368626f6172642e766965776564"
            "0003776562000e7365676d656e742e6576656e74730680897a0001000080f4ee06000f8b2c3d1a2b"
            "4c3d8e4f00123458d832ab055bb0055bb00501020306a08a7a000080f4ee06000f8b2c3d1a2b4c3d"
            "8e4f0012345b37d489a1b2c3d4e5f60701020306c08b7a0000000000000800010000ffada60a000f"
            "8b2c3d1a2b4c3d8e4f00123457a861bc37af269e158d04000f7265706f72742e6578706f72746564"
            "020306d0897a0000000000000c00010002000000000000100001000080f4ee06000f8b2c3d1a2b4c"
            "3d8e4f0012345a08039ad3063a6da0d30604020306f08a7a00000000000014000100030000000000"
            "00180001000080f4ee06000f8b2c3d1a2b4c3d8e4f0012345c67a5786f5e4d3c2b1a090402030690"
            "8c7a010005656d61696c1805656d61696c7310616e6e4061636d652e6578616d706c65ffa1951111"
            "0000000000000001001100000000000000020007616e616c79737401000400000000000000000201"
            "00020180f0c9e50502ffefc9e50580bab70380b6fb4ec0cf2400dac30201000000000000c0a23301"
            "c0b0f292050000000106070301ffb592e2050601011a30314b303030303030304142434445464748"
            "4a4b4d4e505152530100060708111111111111111122222222222222220412000000");
}

TEST(StateTest, TheBytesOfAnAccountAndOfMetaStayAsTheyAre) {
  journey::Account account;
  account.tenant = "acme";
  account.first_seen = InstantFromMs(1'790'000'000'000);
  account.roles.push_back({.role = "admin",
                           .all = {.members = 2, .joined = 1},
                           .eligible = {},
                           .joined = {.members = 1},
                           .invited = {},
                           .steps_met = {1, 0},
                           .steps_first_met = {InstantFromMs(1'790'000'000'001), std::nullopt},
                           .flows = {{.entered = 2, .completed = 1, .buckets = {1, 0}}}});
  account.state = journey::AccountState::kPartial;
  account.activation_sequence = 1;
  EXPECT_EQ(Hex(EncodeAccount(account)),
            "41010461636d6500000180b083c59868000000000001000561646d696e0402000000000000000000"
            "00020000000000000000000000020200020102000104020202000000020000000000000000000000"
            "0000000000000002000000");

  const Meta meta{.journal_next = {1234567},
                  .next_entry = 17,
                  .control_number = 3,
                  .counters = {{"repeats", 5}},
                  .walks = {{.kind = WalkKind::kFinal, .tenant = "", .cursor = "k"}}};
  EXPECT_EQ(Hex(EncodeMeta(meta)), "4d018eda960111030100077265706561747305010200016b");
}

TEST(StateTest, EveryTruncationIsCorrupt) {
  RandomValues random(TestSeed());
  ExpectCutsAreCorrupt(EncodeUser(TypicalUser()), DecodeUser);
  ExpectCutsAreCorrupt(EncodeAccount(random.Account()), DecodeAccount);
  ExpectCutsAreCorrupt(EncodeClock(random.Clock()), DecodeClock);
  ExpectCutsAreCorrupt(EncodeMeta(random.MetaValue()), DecodeMeta);
  ExpectCutsAreCorrupt(EncodePerson(random.Person()), DecodePerson);
  ExpectCutsAreCorrupt(EncodePlaybook(random.Playbook()), DecodePlaybook);
}

TEST(StateTest, DamageNeverCrashes) {
  SCOPED_TRACE(testing::Message() << "seed " << TestSeed());
  RandomValues random(TestSeed());
  ExpectDamageNeverCrashes(EncodeUser(TypicalUser()), EncodeUser, DecodeUser);
  ExpectDamageNeverCrashes(EncodeAccount(random.Account()), EncodeAccount, DecodeAccount);
  ExpectDamageNeverCrashes(EncodeClock(random.Clock()), EncodeClock, DecodeClock);
  ExpectDamageNeverCrashes(EncodeMeta(random.MetaValue()), EncodeMeta, DecodeMeta);
  ExpectDamageNeverCrashes(EncodePerson(random.Person()), EncodePerson, DecodePerson);
}

TEST(StateTest, AnotherKindOfValueIsCorrupt) {
  EXPECT_EQ(DecodeAccount(EncodeUser({})).error().code(), Code::kCorrupt);
  EXPECT_EQ(DecodeUser(EncodeAccount({})).error().code(), Code::kCorrupt);
  EXPECT_EQ(DecodeMeta(EncodeClock({})).error().code(), Code::kCorrupt);
}

TEST(StateTest, HowOftenEventsComeIsReadAsItWasWritten) {
  const auto volumes = journey::EventVolumes::FromParts(
      {.events = {{"report.exported",
                   {.first = 81'000,
                    .last = 81'040,
                    .counts = {3, 0, 700},
                    .norm = 0,
                    .quiet_since = {}}},
                  {"transaction.created",
                   {.first = 81'001,
                    .last = 81'041,
                    .counts = {0},
                    .norm = 44,
                    .quiet_since = InstantFromMs(1'772'409'600'000)}}},
       .revision = 77,
       .judged_until = 81'042});
  const std::string bytes = EncodeVolumes(volumes);
  EXPECT_EQ(DecodeVolumes(bytes)->parts(), volumes.parts());
  EXPECT_EQ(DecodeVolumes(EncodeVolumes({}))->parts(), journey::EventVolumes().parts());
  EXPECT_EQ(DecodeVolumes(bytes + "x").error().code(), Code::kCorrupt);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeVolumes(bytes.substr(0, size)).error().code(), Code::kCorrupt) << size;
  }
}

TEST(StateTest, WhoWasErasedIsReadAsItWasWritten) {
  journey::ErasedIds ids;
  ids.Add({.high = 7, .low = 8}, "acme", InstantFromMs(1'700'000'000'000));
  ids.Add({.high = 7, .low = 8}, "globex", InstantFromMs(1'600'000'000'000));
  ids.Add({.high = ~std::uint64_t{0}, .low = 0}, "acme", kEpoch);

  EXPECT_EQ(DecodeErasedIds(EncodeErasedIds(ids)).value(), ids);
  EXPECT_EQ(DecodeErasedIds(EncodeErasedIds({})).value(), journey::ErasedIds());
  EXPECT_EQ(DecodeErasedIds(EncodeErasedIds(ids) + "x").error().code(), Code::kCorrupt);
}

TEST(StateTest, ANewerVersionIsRefusedByName) {
  std::string bytes = EncodeUser(TypicalUser());
  bytes[1] = 9;

  const Result<journey::User> read = DecodeUser(bytes);

  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code(), Code::kFatal);
  EXPECT_THAT(read.error().message(),
              testing::HasSubstr("a user has version 9 and this Foothold reads up to 1"));
}

// Version 2 ended before the signs of life.
TEST(StateTest, AClockOfVersionTwoIsRead) {
  const journey::Clock::Parts parts{.roster = {},
                                    .partitions = {{{"app", "events", 0}, {}}},
                                    .now = InstantFromMs(1'790'000'000'000),
                                    .wall = {},
                                    .final_clock = {},
                                    .people = {},
                                    .lives = {}};
  std::string bytes = EncodeClock(parts);
  bytes[1] = 2;
  bytes.pop_back();

  const Result<journey::Clock::Parts> read = DecodeClock(bytes);

  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(*read, parts);
}

TEST(StateTest, APlaybookThatCannotBeDecidedByIsCorrupt) {
  RandomValues random(TestSeed());
  journey::Playbook playbook = random.Playbook();
  playbook.account_activated.clear();

  const Result<journey::Playbook> read = DecodePlaybook(EncodePlaybook(playbook));

  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code(), Code::kCorrupt);
  EXPECT_THAT(read.error().message(), testing::HasSubstr("accounts.activated"));
}

}  // namespace
}  // namespace foothold::codec
