#include "src/base/zones.h"

#include <algorithm>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foothold {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

Instant At(std::string_view text) { return ParseRfc3339(text).value().instant; }

// The offsets of a zone under any of its names.
std::vector<ZoneOffset> OffsetsOf(const ZoneData& data, std::string_view name) {
  for (const auto& [alias, zone] : data.links) {
    name = alias == name ? std::string_view(zone) : name;
  }
  const auto found = std::ranges::find(data.zones, name, &Zone::name);
  return found == data.zones.end() ? std::vector<ZoneOffset>() : found->offsets;
}

TEST(ZonesTest, TellWhatHoldsAtTheBeginningAndEveryChange) {
  const ZoneData data = ReadZones(At("2026-01-01"), At("2027-01-01"));

  EXPECT_THAT(data.version, Not(IsEmpty()));
  EXPECT_THAT(OffsetsOf(data, "Europe/Berlin"),
              ElementsAre(ZoneOffset{.from = At("2026-01-01"), .minutes = 60},
                          ZoneOffset{.from = At("2026-03-29T01:00:00Z"), .minutes = 120},
                          ZoneOffset{.from = At("2026-10-25T01:00:00Z"), .minutes = 60}));
  EXPECT_THAT(OffsetsOf(data, "America/New_York"),
              ElementsAre(ZoneOffset{.from = At("2026-01-01"), .minutes = -300},
                          ZoneOffset{.from = At("2026-03-08T07:00:00Z"), .minutes = -240},
                          ZoneOffset{.from = At("2026-11-01T06:00:00Z"), .minutes = -300}));
  EXPECT_THAT(OffsetsOf(data, "Asia/Calcutta"),
              ElementsAre(ZoneOffset{.from = At("2026-01-01"), .minutes = 330}));
  EXPECT_THAT(OffsetsOf(data, "UTC"),
              ElementsAre(ZoneOffset{.from = At("2026-01-01"), .minutes = 0}));
}

TEST(ZonesTest, EveryNameIsAZoneOrStandsForOneAndNoTwoZonesAreAlike) {
  const ZoneData data = ReadZones(At("2015-01-01"), At("2038-01-01"));

  EXPECT_GT(data.zones.size() + data.links.size(), 400U);
  EXPECT_LT(data.zones.size(), 200U);
  EXPECT_TRUE(std::ranges::is_sorted(data.zones, {}, &Zone::name));
  EXPECT_TRUE(std::ranges::is_sorted(data.links));
  for (const auto& [alias, name] : data.links) {
    EXPECT_TRUE(std::ranges::binary_search(data.zones, name, {}, &Zone::name)) << alias;
  }
  for (const Zone& zone : data.zones) {
    EXPECT_EQ(std::ranges::count(data.zones, zone.offsets, &Zone::offsets), 1) << zone.name;
  }
}

}  // namespace
}  // namespace foothold
