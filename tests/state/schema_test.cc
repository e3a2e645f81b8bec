#include "state/schema.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/state/seed.h"

namespace foothold::state {
namespace {

using ::testing::HasSubstr;

TEST(SchemaTest, KeysOfDifferentPairsNeverCollide) {
  EXPECT_NE(UserKey("ab", "c"), UserKey("a", "bc"));
  EXPECT_NE(UserKey("a", ""), UserKey("", "a"));
  EXPECT_NE(UserKey(std::string("a\0", 2), "b"), UserKey("a", std::string("\0b", 2)));
  EXPECT_NE(UserKey("a", "b"), EmailKey("a", "b"));
  EXPECT_NE(AccountKey("a"), FactKey("a"));
}

TEST(SchemaTest, KeysKeepTheirBytesForEver) {
  EXPECT_EQ(UserKey("t", std::string("u\0v", 3)), std::string("ut\0\x01u\0\xFFv\0\x01", 10));
  EXPECT_EQ(AccountKey("t"), std::string("at\0\x01", 4));
  EXPECT_EQ(EmailKey("t", "h"), std::string("et\0\x01h\0\x01", 7));
  EXPECT_EQ(FactKey("clock"), "fclock");
  EXPECT_EQ(MetaKey(), "m");
}

TEST(SchemaTest, ValuesKeepTheirBytesForEver) {
  EXPECT_EQ(MakeValue("xy", InstantFromMs(0x0102)), std::string("\x01\0\0\0\0\0\0\x01\x02xy", 11));
  EXPECT_EQ(MakeValue("", std::nullopt), "\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
}

// Few different bytes, those of the escape among them, so that near-collisions are common.
std::string RandomId(std::mt19937_64* random) {
  static constexpr char kBytes[] = {'\0', '\x01', '\xFF', 'a', 'b'};
  std::string id;
  const std::size_t size = (*random)() % 6;
  for (std::size_t i = 0; i < size; ++i) id.push_back(kBytes[(*random)() % std::size(kBytes)]);
  return id;
}

TEST(SchemaTest, AnyIdsComeBackFromTheirKeyAndSortAsTheyDo) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::set<std::pair<std::string, std::string>> pairs;
  for (int i = 0; i < 3000; ++i) pairs.emplace(RandomId(&random), RandomId(&random));

  std::vector<std::string> keys;
  for (const auto& [tenant, user] : pairs) {
    keys.push_back(UserKey(tenant, user));
    const Result<ParsedKey> parsed = ParseKey(keys.back());
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->kind, KeyKind::kUser);
    EXPECT_EQ(parsed->tenant, tenant);
    EXPECT_EQ(parsed->id, user);
  }
  // std::set has sorted the pairs by unsigned bytes, tenant first.
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
}

TEST(SchemaTest, ThePrefixOfATenantFindsItsUsersAndNoOthers) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);

  for (int i = 0; i < 3000; ++i) {
    const std::string mine = RandomId(&random);
    const std::string other = RandomId(&random);
    const std::string key = UserKey(other, RandomId(&random));
    EXPECT_EQ(key.starts_with(UserKeyPrefix(mine)), mine == other);
  }
}

TEST(SchemaTest, KeysThatAreNotOfTheGrammarAreCorrupt) {
  const std::string user = UserKey("tenant", "user");
  const std::vector<std::string> damaged = {"",
                                            "x",
                                            "mm",
                                            "u",
                                            "a",
                                            user.substr(0, user.size() - 1),
                                            user + "more",
                                            "ua",
                                            std::string("aa\0\x02", 4),
                                            std::string("aa\0", 3),
                                            "t12345678usubject"};

  for (const std::string& key : damaged) {
    const Result<ParsedKey> parsed = ParseKey(key);
    ASSERT_FALSE(parsed.has_value()) << key;
    EXPECT_EQ(parsed.error().code(), Code::kCorrupt);
  }
}

TEST(SchemaTest, AValueGivesBackItsPayloadAndDue) {
  const std::string with_due = MakeValue("payload", InstantFromMs(1'700'000'000'123));
  const Result<ParsedValue> parsed = ParseValue(with_due);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->payload, "payload");
  EXPECT_EQ(parsed->due, InstantFromMs(1'700'000'000'123));
  EXPECT_EQ(parsed->version, kValueVersion);

  const std::string without = MakeValue("", std::nullopt);
  EXPECT_EQ(ParseValue(without)->due, std::nullopt);
  EXPECT_EQ(ParseValue(MakeValue("", kEpoch))->due, kEpoch);
}

TEST(SchemaTest, AValueOfANewerBuildIsRefusedByName) {
  std::string value = MakeValue("payload", std::nullopt);
  value.front() = static_cast<char>(kValueVersion + 1);

  const Result<ParsedValue> parsed = ParseValue(value);

  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code(), Code::kFatal);
  EXPECT_THAT(parsed.error().message(), HasSubstr("format version 2"));
  EXPECT_THAT(parsed.error().message(), HasSubstr("reads up to 1"));
}

TEST(SchemaTest, DamagedValuesAreCorrupt) {
  const std::string whole = MakeValue("", std::nullopt);
  std::string absurd_due = whole;
  absurd_due.back() = '\0';
  for (const std::string& value :
       {std::string(), whole.substr(0, 8), std::string(9, '\0'), absurd_due}) {
    const Result<ParsedValue> parsed = ParseValue(value);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code(), Code::kCorrupt);
  }
}

TEST(SchemaDeathTest, ADueOutsideOfTimeIsAProgrammersError) {
  EXPECT_DEATH(MakeValue("", InstantFromMs(-1)), "before 1970");
  EXPECT_DEATH(MakeValue("", Instant::max()), "later than time can be");
}

}  // namespace
}  // namespace foothold::state
