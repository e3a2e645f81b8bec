#include "src/base/names.h"

#include <gtest/gtest.h>

#include "src/base/hash.h"
#include "src/base/text.h"
#include "src/base/ulid.h"

namespace foothold {
namespace {

TEST(NamesTest, EventNamesFoldCaseAndSeparators) {
  EXPECT_EQ(CanonicalEventName("Team Member-Invited"), "team.member.invited");
  EXPECT_EQ(CanonicalEventName("user.role_changed"), "user.role.changed");
  EXPECT_EQ(CanonicalEventName("a -_. b"), "a.b");
}

TEST(NamesTest, PropertyNamesDropThem) {
  EXPECT_EQ(CanonicalPropertyName("invitee_User-Id"), "inviteeuserid");
  EXPECT_EQ(CanonicalPropertyName("dashboardId"), "dashboardid");
}

TEST(NamesTest, AddressesAreTrimmedAndLowered) {
  EXPECT_EQ(CanonicalEmail("  Ada@Example.COM\n"), "ada@example.com");
  EXPECT_EQ(CanonicalEmail("  "), "");
  EXPECT_EQ(EmailUserId("Ada@Example.com"), "email:ada@example.com");
}

TEST(NamesTest, PercentEncodingKeepsTheSeparatorUnique) {
  EXPECT_EQ(PercentEncode("a|b/c d~e"), "a%7Cb%2Fc%20d~e");
  EXPECT_EQ(PercentEncode("\xC3\xA9"), "%C3%A9");
}

TEST(HashTest, PartitionsAreThoseOfTheJavaClient) {
  // Computed with org.apache.kafka.common.utils.Utils.murmur2.
  EXPECT_EQ(Murmur2("21"), static_cast<std::uint32_t>(-973932308));
  EXPECT_EQ(Murmur2("foobar"), static_cast<std::uint32_t>(-790332482));
  EXPECT_EQ(Murmur2("a-little-bit-long-string"), static_cast<std::uint32_t>(-985981536));
  EXPECT_EQ(PartitionOfKey("foobar", 8), (-790332482 & 0x7fffffff) % 8);
}

TEST(UlidTest, IsSortedByTimeAndMadeOfTheHash) {
  const Hash128 hash{.high = 0xFFFF000000000000ULL, .low = 0xFFFFFFFFFFFFFFFFULL};
  EXPECT_EQ(MakeUlid(kEpoch, {}), "00000000000000000000000000");
  EXPECT_EQ(MakeUlid(kEpoch, hash), "0000000000ZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(MakeUlid(InstantFromMs(1469918176385), {}).substr(0, 10), "01ARYZ6S41");
  EXPECT_LT(MakeUlid(InstantFromMs(1000), hash), MakeUlid(InstantFromMs(1001), {}));
}

TEST(TextTest, TheNearestWordIsNearOrNone) {
  const std::vector<std::string> words = {"milestone", "steps", "within"};
  EXPECT_EQ(NearestWord("milestones", words), "milestone");
  EXPECT_EQ(NearestWord("step", words), "steps");
  EXPECT_EQ(NearestWord("risk", words), "");
}

}  // namespace
}  // namespace foothold
