#include "src/base/logging.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace foothold {
namespace {

class FixedClock final : public WallClock {
 public:
  Instant Now() const override { return InstantFromMs(1'763'829'967'123); }
};

std::vector<std::string> Lines(const LogOptions& options, std::string_view message,
                               std::initializer_list<LogField> fields) {
  const FixedClock clock;
  std::vector<std::string> lines;
  const Logger logger(options, clock, [&](std::string_view line) { lines.emplace_back(line); });
  logger.Warning(message, fields);
  return lines;
}

TEST(LoggerTest, TextIsTimeLevelMessageAndFields) {
  const std::vector<std::string> lines =
      Lines({}, "topic is gone", {{"topic", "events"}, {"why", "it was deleted"}});

  EXPECT_EQ(lines, std::vector<std::string>{"2025-11-22T16:46:07.123Z warning topic is gone "
                                            "topic=events why=\"it was deleted\""});
}

TEST(LoggerTest, JsonIsOneObjectALine) {
  const std::vector<std::string> lines =
      Lines({.format = LogFormat::kJson}, "a \"quoted\"\nname", {{"topic", "e\xff"}});

  EXPECT_EQ(lines,
            std::vector<std::string>{R"({"time":"2025-11-22T16:46:07.123Z","level":"warning",)"
                                     R"("message":"a \"quoted\"\nname","topic":"e)"
                                     "\xef\xbf\xbd\"}"});
}

TEST(LoggerTest, ForeignBytesNeitherEndTheLineNorReachTheTerminal) {
  const std::vector<std::string> lines = Lines({}, "key \x1b[2J\n is bad", {{"key", "a\nb"}});

  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front().find('\n'), std::string::npos);
  EXPECT_EQ(lines.front().find('\x1b'), std::string::npos);
}

TEST(LoggerTest, WhatLiesBelowTheLevelIsDropped) {
  EXPECT_TRUE(Lines({.level = LogLevel::kError}, "not so bad", {}).empty());
  EXPECT_EQ(Lines({.level = LogLevel::kWarning}, "bad enough", {}).size(), 1U);
}

TEST(LoggerTest, ColourIsOnlyThereWhereAskedFor) {
  EXPECT_NE(Lines({.has_colour = true}, "m", {}).front().find("\x1b[33m"), std::string::npos);
  EXPECT_EQ(Lines({.has_colour = false}, "m", {}).front().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace foothold
