#include "src/base/time.h"

#include <gtest/gtest.h>

namespace foothold {
namespace {

std::string Read(std::string_view text) {
  const std::optional<ParsedTime> parsed = ParseRfc3339(text);
  return parsed.has_value() ? FormatRfc3339(parsed->instant) + (parsed->had_zone ? "" : " assumed")
                            : "none";
}

TEST(TimeTest, ReadsWhatPipelinesWrite) {
  EXPECT_EQ(Read("2026-11-22T16:46:07.123Z"), "2026-11-22T16:46:07.123Z");
  EXPECT_EQ(Read("2026-11-22 16:46:07Z"), "2026-11-22T16:46:07.000Z");
  EXPECT_EQ(Read("2026-11-22t16:46:07.1239999z"), "2026-11-22T16:46:07.123Z");
  EXPECT_EQ(Read("2026-11-22T16:46:07.5+02:00"), "2026-11-22T14:46:07.500Z");
  EXPECT_EQ(Read("2026-11-22T00:10:00-0530"), "2026-11-22T05:40:00.000Z");
  EXPECT_EQ(Read("2026-11-22T16:46"), "2026-11-22T16:46:00.000Z assumed");
  EXPECT_EQ(Read("2026-11-22"), "2026-11-22T00:00:00.000Z assumed");
  EXPECT_EQ(Read("2026-12-31T23:59:60Z"), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(Read("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000Z");
}

TEST(TimeTest, RefusesWhatIsNoTimeOfTheCalendar) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-29", "2026-11-22T", "2026-11-22T24:00:00Z",
        "2026-11-22T16:60:00Z", "2026-11-22T16:46:07.Z", "2026-11-22T16:46:07+25:00",
        "2026-11-22T16:46:07Zx", "yesterday", "1732294000"}) {
    EXPECT_EQ(Read(text), "none") << text;
  }
}

TEST(TimeTest, DurationsAreOneNumberAndOneUnit) {
  EXPECT_EQ(ParseDuration("3d"), 3 * kDay);
  EXPECT_EQ(ParseDuration("48h"), 48 * kHour);
  EXPECT_EQ(ParseDuration("30m"), 30 * kMinute);
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  for (const char* text : {"", "3", "d", "-3d", "3 d", "3d12h", "1.5h", "99999999999999999d"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(TimeTest, DurationsAreWrittenInTheLargestWholeUnit) {
  EXPECT_EQ(FormatDuration(3 * kDay), "3d");
  EXPECT_EQ(FormatDuration(36 * kHour), "36h");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0s");
}

}  // namespace
}  // namespace foothold
