#include "src/intake/event_time.h"

#include <optional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/intake/describe.h"

namespace foothold::intake {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A track of a mapped user with these times among its fields.
std::string WithTimes(std::string_view times) {
  return R"({"type":"track","event":"E","userId":"u","context":{"groupId":"t"},)" +
         std::string(times) + "}";
}

// The time the record gets, or the rejection; "(no zone)" and "(future)" follow.
std::string TimeOf(const InputRecord& record, const DecoderOptions& options) {
  Decoder decoder(options);
  const Outcome outcome = decoder.Decode(record);
  const auto* const accepted = std::get_if<Accepted>(&outcome);
  if (accepted == nullptr) {
    return Describe(outcome);
  }
  return FormatRfc3339(accepted->event.occurred_at) +
         (accepted->was_without_zone ? " (no zone)" : "") +
         (accepted->was_in_future ? " (future)" : "");
}

std::string LiveTime(std::string_view times) {
  const std::string value = WithTimes(times);
  return TimeOf(LiveRecord(value), OptionsOf("segment"));
}

std::string FileTime(std::string_view times, std::optional<Instant> event_time_max) {
  const std::string value = WithTimes(times);
  InputRecord record = FileRecord(value);
  record.event_time_max = event_time_max;
  return TimeOf(record, OptionsOf("segment"));
}

std::string MixpanelTime(std::string_view time) {
  const std::string value =
      R"({"event":"E","user_id":"u","company_id":"t","time":)" + std::string(time) + "}";
  return TimeOf(LiveRecord(value), OptionsOf("mixpanel"));
}

TEST(EventTimeTest, TheTimestampIsTaken) {
  EXPECT_EQ(LiveTime(R"("timestamp":"2025-12-31T23:59:59.9999Z")"), "2025-12-31T23:59:59.999Z");
  EXPECT_EQ(LiveTime(R"("timestamp":"2025-12-31 23:59:59+02:00")"), "2025-12-31T21:59:59.000Z");
}

TEST(EventTimeTest, WithoutAZoneItIsUtcAndCounted) {
  EXPECT_EQ(LiveTime(R"("timestamp":"2025-12-31T23:59:59")"), "2025-12-31T23:59:59.000Z (no zone)");
}

TEST(EventTimeTest, TheTimestampGoesBeforeTheSkewRule) {
  EXPECT_EQ(LiveTime(R"("timestamp":"2026-01-01T00:00:00Z","receivedAt":"2026-01-02T00:00:10Z",
                        "sentAt":"2026-01-02T01:00:05Z","originalTimestamp":"2026-01-02T01:00:00Z")"),
            "2026-01-01T00:00:00.000Z");
}

TEST(EventTimeTest, AWrongDeviceClockIsCorrectedByWhatItSaysOfSending) {
  EXPECT_EQ(LiveTime(R"("receivedAt":"2026-01-02T00:00:10Z","sentAt":"2031-01-02T01:00:05Z",
                        "originalTimestamp":"2031-01-02T01:00:00Z")"),
            "2026-01-02T00:00:05.000Z");
}

TEST(EventTimeTest, TheSkewRuleNeedsAllThreeTimes) {
  EXPECT_EQ(LiveTime(R"("receivedAt":"2026-01-02T03:04:00Z","sentAt":"2026-01-02T01:00:05Z")"),
            "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(LiveTime(R"("originalTimestamp":"2026-01-01T00:00:00Z")"), "2026-01-02T03:04:05.000Z");
}

TEST(EventTimeTest, WithoutATimeOfItsOwnTheRecordsTimeIsTaken) {
  EXPECT_EQ(LiveTime(R"("timestamp":null)"), "2026-01-02T03:04:05.000Z");
}

TEST(EventTimeTest, UnreadableTimesAreRejected) {
  EXPECT_EQ(LiveTime(R"("timestamp":"yesterday")"),
            "rejected bad_time: timestamp is not an RFC 3339 time: \"yesterday\"");
  EXPECT_THAT(LiveTime(R"("timestamp":"")"), StartsWith("rejected bad_time"));
  EXPECT_THAT(LiveTime(R"("timestamp":"2026-02-30T00:00:00Z")"), StartsWith("rejected bad_time"));
  EXPECT_THAT(LiveTime(R"("receivedAt":"2026-01-02T00:00:10Z","sentAt":"x",
                          "originalTimestamp":"2026-01-02T00:00:00Z")"),
              StartsWith("rejected bad_time: sentAt"));
}

TEST(EventTimeTest, ALongTextIsQuotedInPartAndInWholeCharacters) {
  EXPECT_EQ(LiveTime(R"("timestamp":"a)" +
                     [] {
                       std::string text;
                       for (int i = 0; i < 30; ++i) {
                         text += "\u00e9";
                       }
                       return text;
                     }() +
                     "\""),
            "rejected bad_time: timestamp is not an RFC 3339 time: \"a"
            "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
            "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\"...");
}

TEST(EventTimeTest, TheFirstInstantOf1970IsTheFirstThatIsTaken) {
  EXPECT_EQ(LiveTime(R"("timestamp":"1970-01-01T00:00:00Z")"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(LiveTime(R"("timestamp":"1969-12-31T23:59:59.999Z")"),
            "rejected bad_time: the time is before 1970");
}

TEST(EventTimeTest, MoreThanFiveMinutesAfterTheBrokersTimeIsTakenAsThat) {
  EXPECT_EQ(LiveTime(R"("timestamp":"2026-01-02T03:09:05.000Z")"), "2026-01-02T03:09:05.000Z");
  EXPECT_EQ(LiveTime(R"("timestamp":"2026-01-02T03:09:05.001Z")"),
            "2026-01-02T03:04:05.000Z (future)");
  EXPECT_EQ(LiveTime(R"("timestamp":"9999-12-31T23:59:59Z")"), "2026-01-02T03:04:05.000Z (future)");
}

TEST(EventTimeTest, TheReceiveTimeOfTheRecordGoesBeforeTheBrokers) {
  EXPECT_EQ(
      LiveTime(R"("timestamp":"2026-01-01T00:05:00.001Z","receivedAt":"2026-01-01T00:00:00Z")"),
      "2026-01-01T00:00:00.000Z (future)");
  EXPECT_EQ(LiveTime(R"("timestamp":"2026-02-01T00:00:00Z","receivedAt":"2026-02-01T00:00:00Z")"),
            "2026-02-01T00:00:00.000Z");
}

TEST(EventTimeTest, AnUnreadableReceiveTimeBoundsNothing) {
  EXPECT_EQ(LiveTime(R"("timestamp":"2026-03-01T00:00:00Z","receivedAt":"soon")"),
            "2026-01-02T03:04:05.000Z (future)");
}

TEST(EventTimeTest, ABrokerWithoutTimestampsIsLikeAFile) {
  const std::string value = WithTimes(R"("timestamp":"2030-01-01T00:00:00Z")");
  InputRecord record = FileRecord(value);
  record.broker_time = InstantFromMs(-1);

  EXPECT_EQ(TimeOf(record, OptionsOf("segment")), "2030-01-01T00:00:00.000Z");
}

TEST(EventTimeTest, InAFileTheReceiveTimeAndThenTheLargestSoFarStandsIn) {
  EXPECT_EQ(FileTime(R"("receivedAt":"2026-01-02T00:00:10Z")", kBrokerTime),
            "2026-01-02T00:00:10.000Z");
  EXPECT_EQ(FileTime(R"("a":1)", kBrokerTime), "2026-01-02T03:04:05.000Z");
  EXPECT_THAT(FileTime(R"("a":1)", std::nullopt), StartsWith("rejected bad_time: no time"));
  EXPECT_THAT(FileTime(R"("receivedAt":"soon")", kBrokerTime),
              StartsWith("rejected bad_time: receivedAt"));
}

TEST(EventTimeTest, InAFileATimeFarAheadOfTheLargestIsRejected) {
  EXPECT_EQ(FileTime(R"("timestamp":"2027-01-03T03:04:05.000Z")", kBrokerTime),
            "2027-01-03T03:04:05.000Z");
  EXPECT_THAT(
      FileTime(R"("timestamp":"2027-01-03T03:04:05.001Z")", kBrokerTime),
      HasSubstr("more than 366 days ahead of the largest so far, 2026-01-02T03:04:05.000Z"));
  EXPECT_EQ(FileTime(R"("timestamp":"2027-01-03T03:04:05.001Z")", std::nullopt),
            "2027-01-03T03:04:05.001Z");
}

TEST(EventTimeTest, InAFileTheReceiveTimeBoundsWhereThereIsOne) {
  EXPECT_EQ(FileTime(R"("timestamp":"2029-01-01T00:00:00Z","receivedAt":"2029-01-01T00:00:00Z")",
                     kBrokerTime),
            "2029-01-01T00:00:00.000Z");
  EXPECT_EQ(FileTime(R"("timestamp":"2029-01-01T00:05:00.001Z",
                        "receivedAt":"2029-01-01T00:00:00Z")",
                     kBrokerTime),
            "2029-01-01T00:00:00.000Z (future)");
}

TEST(EventTimeTest, MixpanelTimesAreEpochSecondsOrMillisecondsOrText) {
  EXPECT_EQ(MixpanelTime("1700000000"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(MixpanelTime("1700000000123"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(MixpanelTime("1700000000.123"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(MixpanelTime(R"("2023-11-14T22:13:20Z")"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(MixpanelTime("99999999999"), "2026-01-02T03:04:05.000Z (future)");
  EXPECT_EQ(MixpanelTime("100000000000"), "1973-03-03T09:46:40.000Z");
}

TEST(EventTimeTest, AbsurdEpochTimesAreRejected) {
  EXPECT_THAT(MixpanelTime("-1"), StartsWith("rejected bad_time: the time is before 1970"));
  EXPECT_THAT(MixpanelTime("1e300"), StartsWith("rejected bad_time: time is not an epoch time"));
  EXPECT_THAT(MixpanelTime("18446744073709551615"), StartsWith("rejected bad_time"));
  EXPECT_THAT(MixpanelTime("true"), StartsWith("rejected bad_type: time is a boolean"));
}

TEST(EventTimeTest, TimesPastTheYear9999AreRejectedWhereNothingBoundsThem) {
  const std::string value =
      R"({"event":"E","user_id":"u","company_id":"t","time":900000000000000})";
  EXPECT_EQ(TimeOf(FileRecord(value), OptionsOf("mixpanel")),
            "rejected bad_time: the time is after the year 9999");
}

TEST(EventTimeTest, AnOverriddenTimeMayBeANumber) {
  const std::string value = WithTimes(R"("at":1700000000)");
  EXPECT_EQ(TimeOf(LiveRecord(value), OptionsOf("segment", {{"time", "at"}})),
            "2023-11-14T22:13:20.000Z");
}

}  // namespace
}  // namespace foothold::intake
