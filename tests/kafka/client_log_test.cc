#include "src/kafka/client_log.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;

TEST(ClientLogTest, WhatIsTriedAgainOrToldElsewhereIsForDebugging) {
  EXPECT_EQ(ReadClientLine("p-1", 4, "GETPID", "Failed to acquire PID; retrying").level,
            LogLevel::kDebug);
  EXPECT_EQ(ReadClientLine("p-1", 3, "TXNERR", "fenced").level, LogLevel::kDebug);
  EXPECT_EQ(ReadClientLine("p-1", 4, "TERMINATE", "2 messages").level, LogLevel::kDebug);
  EXPECT_EQ(ReadClientLine("c-1", 6, "FAIL", "idle").level, LogLevel::kDebug);
}

TEST(ClientLogTest, ALostBrokerIsAWarningInPlainWords) {
  const ClientLine line = ReadClientLine(
      "rdkafka#consumer-2", 3, "FAIL",
      "[thrd:b1:9092/1]: b1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused "
      "(after 0ms in state CONNECT, 1 identical error(s) suppressed)");

  EXPECT_EQ(line.level, LogLevel::kWarning);
  EXPECT_EQ(line.text,
            "kafka: b1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused; trying "
            "again");
}

TEST(ClientLogTest, TheSameWarningComesOnceAMinuteFromAllHandles) {
  steady_clock::time_point now;
  std::vector<std::string> lines;
  ClientLog log([&](LogLevel, const std::string& text) { lines.push_back(text); },
                [&] { return now; });

  log.Write(LogLevel::kWarning, "lost");
  log.Write(LogLevel::kWarning, "lost");
  now += std::chrono::seconds(59);
  log.Write(LogLevel::kWarning, "lost");
  log.Write(LogLevel::kWarning, "another");
  now += std::chrono::seconds(2);
  log.Write(LogLevel::kWarning, "lost");

  EXPECT_EQ(lines, (std::vector<std::string>{"lost", "another", "lost"}));
}

TEST(ClientLogTest, WhatIsForDebuggingComesEveryTime) {
  int count = 0;
  ClientLog log([&](LogLevel, const std::string&) { ++count; });

  log.Write(LogLevel::kDebug, "again");
  log.Write(LogLevel::kDebug, "again");

  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace foothold::kafka
