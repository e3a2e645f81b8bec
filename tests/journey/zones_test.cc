#include "src/journey/zones.h"

#include <gtest/gtest.h>

namespace foothold::journey {
namespace {

Instant At(std::string_view text) { return ParseRfc3339(text)->instant; }

// Berlin as it is in 2026: summer time from March 29, 01:00 UTC, to October 25, 01:00 UTC.
ZoneTable Table() {
  return {.version = "test",
          .zones = {{.name = "Asia/Kolkata", .offsets = {{.from = kEpoch, .minutes = 330}}},
                    {.name = "Europe/Berlin",
                     .offsets = {{.from = kEpoch, .minutes = 60},
                                 {.from = At("2026-03-29T01:00:00Z"), .minutes = 120},
                                 {.from = At("2026-10-25T01:00:00Z"), .minutes = 60}}}},
          .links = {{"Asia/Calcutta", "Asia/Kolkata"}}};
}

constexpr std::int32_t kFrom = 20 * 60;
constexpr std::int32_t kTo = 8 * 60;

TEST(ZonesTest, AZoneIsFoundByItsNameAndByAnAlias) {
  const ZoneTable table = Table();

  EXPECT_EQ(FindZone(table, "Europe/Berlin"), &table.zones[1]);
  EXPECT_EQ(FindZone(table, "Asia/Calcutta"), &table.zones[0]);
  EXPECT_EQ(FindZone(table, "Europe/Atlantis"), nullptr);
  EXPECT_EQ(FindZone(table, ""), nullptr);
}

TEST(ZonesTest, TheOffsetChangesAtTheVeryInstantOfTheChange) {
  const ZoneTable table = Table();
  const ZoneRules* berlin = FindZone(table, "Europe/Berlin");

  EXPECT_EQ(OffsetAt(berlin, At("2026-03-29T00:59:59Z")), 60);
  EXPECT_EQ(OffsetAt(berlin, At("2026-03-29T01:00:00Z")), 120);
  EXPECT_EQ(OffsetAt(nullptr, At("2026-03-29T01:00:00Z")), 0);
}

TEST(ZonesTest, QuietHoursOverMidnightEndInTheMorningOfTheRecipient) {
  const ZoneTable table = Table();
  const ZoneRules* berlin = FindZone(table, "Europe/Berlin");
  const ZoneRules* kolkata = FindZone(table, "Asia/Kolkata");

  EXPECT_EQ(QuietUntil(berlin, kFrom, kTo, At("2026-01-10T18:59:00Z")), std::nullopt);
  EXPECT_EQ(QuietUntil(berlin, kFrom, kTo, At("2026-01-10T19:00:00Z")), At("2026-01-11T07:00:00Z"));
  EXPECT_EQ(QuietUntil(berlin, kFrom, kTo, At("2026-01-11T06:59:59Z")), At("2026-01-11T07:00:00Z"));
  EXPECT_EQ(QuietUntil(berlin, kFrom, kTo, At("2026-01-11T07:00:00Z")), std::nullopt);
  EXPECT_EQ(QuietUntil(kolkata, kFrom, kTo, At("2026-01-10T20:00:00Z")),
            At("2026-01-11T02:30:00Z"));
  EXPECT_EQ(QuietUntil(nullptr, kFrom, kTo, At("2026-01-10T21:00:00Z")),
            At("2026-01-11T08:00:00Z"));
}

TEST(ZonesTest, InTheNightOfTheClockChangeTheLocalMorningCounts) {
  const ZoneTable table = Table();
  const ZoneRules* berlin = FindZone(table, "Europe/Berlin");

  // Forward: the night is an hour shorter. Back: an hour longer.
  EXPECT_EQ(QuietUntil(berlin, kFrom, kTo, At("2026-03-28T22:00:00Z")), At("2026-03-29T06:00:00Z"));
  EXPECT_EQ(QuietUntil(berlin, kFrom, kTo, At("2026-10-24T22:00:00Z")), At("2026-10-25T07:00:00Z"));
}

TEST(ZonesTest, QuietHoursWithinADayAndNoneAtAll) {
  EXPECT_EQ(QuietUntil(nullptr, 12 * 60, 14 * 60, At("2026-01-10T13:00:00Z")),
            At("2026-01-10T14:00:00Z"));
  EXPECT_EQ(QuietUntil(nullptr, 12 * 60, 14 * 60, At("2026-01-10T14:00:00Z")), std::nullopt);
  EXPECT_EQ(QuietUntil(nullptr, 60, 60, At("2026-01-10T01:00:00Z")), std::nullopt);
}

}  // namespace
}  // namespace foothold::journey
