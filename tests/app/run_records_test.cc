// Bad records through `foothold run` on a real broker: each becomes a dead letter, byte for byte.

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "tests/app/running.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;

struct BadRecord {
  const char* name;
  std::optional<std::string> value;
  const char* reason;
};

std::string Nested(int depth) {
  std::string text = EventOf("u", "Report Exported", 2);
  const std::string inner(static_cast<std::size_t>(depth), '[');
  const std::string closing(static_cast<std::size_t>(depth), ']');
  text.insert(text.size() - 1, ",\"properties\":{\"p\":" + inner + closing + "}");
  return text;
}

std::string With(const std::string& field, const std::string& value) {
  std::string text = EventOf("u", "Report Exported", 2);
  const std::size_t start = text.find("\"" + field + "\":") + field.size() + 3;
  text.replace(start, text.find_first_of(",}", start) - start, value);
  return text;
}

std::vector<BadRecord> BadRecords() {
  std::string no_tenant = EventOf("u", "Report Exported", 2);
  no_tenant.replace(no_tenant.find("groupId"), 7, "unknown");
  return {
      {"malformed", R"({"type":"track",)", "unparseable"},
      {"not UTF-8", "{\"type\":\"track\",\"event\":\"\xc3\x28\"}", "unparseable"},
      {"nested", Nested(300), "unparseable"},
      {"a number too large", With("userId", "123456789012345678901234567890"), "unparseable"},
      {"two values", R"({} {})", "unparseable"},
      {"nothing", "", "unparseable"},
      {"null", std::nullopt, "unparseable"},
      {"an array", "[]", "bad_type"},
      {"a user that is a list", With("userId", "[1]"), "bad_type"},
      {"no type", R"({"userId":"u"})", "bad_type"},
      {"an unknown type", With("type", R"("tarck")"), "bad_type"},
      {"another framing", std::string("\0\0\0\0\x07{}", 7), "unknown_framing"},
      {"no tenant", no_tenant, "missing_tenant"},
      {"no event", With("event", "null"), "missing_event"},
      {"before 1970", With("timestamp", R"("1815-12-10T00:00:00Z")"), "bad_time"},
      {"no time", With("timestamp", R"("yesterday")"), "bad_time"},
      {"far ahead", With("timestamp", R"("9999-01-01T00:00:00Z")"), "bad_time"},
      {"large", With("event", "\"" + std::string(5'000, 'x') + "\""), "too_large"},
  };
}

std::map<std::string, std::string> DlqHeaders(const PlainRecord& letter, std::size_t own) {
  std::map<std::string, std::string> headers;
  for (std::size_t i = own; i < letter.headers.size(); ++i) {
    headers[letter.headers[i].first] = letter.headers[i].second.value_or("(null)");
  }
  return headers;
}

TEST(RunRecordsTest, EachBadRecordIsADeadLetterByteForByteAndTheGoodOnesCount) {
  const Folder folder;
  const std::string& servers = kafka::SharedServers();
  const auto log = kafka::OpenLog(servers);
  RunSetup setup = NewSetup(servers, folder);
  setup.source = kafka::MakeTopic(log.get(), 1);
  setup.extra = "record_bytes_max: 4KiB\n";
  const Headers own{{"trace", "abc"}, {"trace", "def"}, {"empty", std::nullopt}};
  std::vector<PlainRecord> input{
      {.key = "good", .value = EventOf("good", "Report Exported", 1), .headers = own}};
  for (const BadRecord& bad : BadRecords()) {
    input.push_back(
        {.key = std::string("key\0of ", 7) + bad.name, .value = bad.value, .headers = own});
  }
  input.push_back({.key = std::nullopt, .value = "no key", .headers = {}});
  Produce(log.get(), setup.source, input);

  const Ending ending = RunFoothold({"run", "-c", WriteConfig(setup, folder), "--drain"});

  ASSERT_EQ(ending.code, kExitOk) << ending.error;
  std::map<std::string, PlainRecord> by_offset;
  for (PlainRecord& letter : Consume(log.get(), DeadLetterTopic(setup), 2)) {
    const std::size_t own_headers = letter.key.has_value() ? own.size() : 0;
    by_offset[DlqHeaders(letter, own_headers)["dlq_offset"]] = std::move(letter);
  }
  EXPECT_EQ(by_offset.size(), input.size() - 1);
  const std::vector<BadRecord> bad = BadRecords();
  for (std::size_t i = 0; i < bad.size(); ++i) {
    SCOPED_TRACE(bad[i].name);
    const PlainRecord& letter = by_offset[fmt::format("{}", i + 1)];
    EXPECT_EQ(letter.key, input[i + 1].key);
    EXPECT_EQ(letter.value, input[i + 1].value);
    EXPECT_EQ(Headers(letter.headers.begin(),
                      letter.headers.begin() +
                          static_cast<std::ptrdiff_t>(std::min(own.size(), letter.headers.size()))),
              own);
    std::map<std::string, std::string> dlq = DlqHeaders(letter, own.size());
    EXPECT_EQ(dlq["dlq_reason"], bad[i].reason) << dlq["dlq_detail"];
    EXPECT_NE(dlq["dlq_detail"], "");
    EXPECT_EQ(dlq["dlq_topic"], setup.source);
    EXPECT_EQ(dlq["dlq_partition"], "0");
    EXPECT_EQ(dlq["dlq_app"], setup.app);
    EXPECT_EQ(dlq["dlq_timestamp"].size(), std::string("2026-01-01T00:00:00.000Z").size());
    EXPECT_EQ(dlq.count("dlq_truncated"), 0U);
  }
  EXPECT_EQ(by_offset[fmt::format("{}", bad.size() + 1)].key, std::nullopt);
  const std::vector<PlainRecord> statuses = Consume(log.get(), UserStatusTopic(setup), 2);
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].key, "acme|good");
}

TEST(RunRecordsTest, WhatEvenTheDeadLetterCannotHoldIsCutAndSaysSo) {
  const Folder folder;
  const std::string& servers = kafka::SharedServers();
  const auto log = kafka::OpenLog(servers);
  RunSetup setup = NewSetup(servers, folder);
  setup.source = kafka::MakeTopic(log.get(), 1);
  setup.extra = "record_bytes_max: 4KiB\n";
  const std::string huge(200'000, 'h');
  Produce(log.get(), setup.source, {{.key = "k", .value = huge, .headers = {}}});

  const Ending ending = RunFoothold({"run", "-c", WriteConfig(setup, folder), "--drain"});

  ASSERT_EQ(ending.code, kExitOk) << ending.error;
  const std::vector<PlainRecord> letters = Consume(log.get(), DeadLetterTopic(setup), 2);
  ASSERT_EQ(letters.size(), 1U);
  std::map<std::string, std::string> dlq = DlqHeaders(letters[0], 0);
  EXPECT_EQ(dlq["dlq_reason"], "too_large");
  EXPECT_EQ(dlq["dlq_truncated"], "200000");
  EXPECT_EQ(letters[0].key, "k");
  EXPECT_LT(letters[0].value->size(), huge.size());
  EXPECT_GT(letters[0].value->size(), 60'000U);
  EXPECT_EQ(huge.compare(0, letters[0].value->size(), *letters[0].value), 0);
}

TEST(RunRecordsTest, WhatIntakeAcceptsJustBelowItsBoundGoesAllTheWay) {
  const Folder folder;
  const std::string& servers = kafka::SharedServers();
  const auto log = kafka::OpenLog(servers);
  RunSetup setup = NewSetup(servers, folder);
  setup.source = kafka::MakeTopic(log.get(), 1, {{"max.message.bytes", "2000000"}});
  std::string large = EventOf("large", "Report Exported", 2);
  large.insert(large.size() - 1, ",\"properties\":{\"p\":\"\"}");
  large.insert(large.size() - 3, std::string((1U << 20U) - large.size(), 'x'));
  ASSERT_EQ(large.size(), 1U << 20U);
  Produce(log.get(), setup.source, {{.key = "k", .value = large, .headers = {}}});

  const Ending ending = RunFoothold({"run", "-c", WriteConfig(setup, folder), "--drain"});

  ASSERT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_EQ(Consume(log.get(), DeadLetterTopic(setup), 2).size(), 0U);
  EXPECT_EQ(Consume(log.get(), UserStatusTopic(setup), 2).size(), 1U);
}

}  // namespace
}  // namespace foothold::app
