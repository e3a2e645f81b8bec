// Records that name a user and no account, through `foothold run` on a real broker.

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
using testing::SizeIs;

std::string Bare(const std::string& type, const std::string& user, int day,
                 const std::string& more) {
  return fmt::format(R"({{"type":"{}","userId":"{}","messageId":"{}-{}-{}",)"
                     R"("timestamp":"2026-01-{:02}T09:30:00Z"{}}})",
                     type, user, type, user, day, day, more);
}

PlainRecord RecordOf(std::string value) {
  return {.key = "k", .value = std::move(value), .headers = {{"trace", "abc"}}};
}

std::map<std::string, std::string> LastByKey(const std::vector<PlainRecord>& records) {
  std::map<std::string, std::string> last;
  for (const PlainRecord& record : records) {
    last[record.key.value_or("")] = record.value.value_or("");
  }
  return last;
}

TEST(RunPeopleTest, CallsWithoutAnAccountEndInTheStatusOfTheUserAndTheRestAsItCame) {
  const Folder folder;
  const std::string& servers = kafka::SharedServers();
  const auto log = kafka::OpenLog(servers);
  RunSetup setup = NewSetup(servers, folder);
  setup.source = kafka::MakeTopic(log.get(), 1, {{"max.message.bytes", "2000000"}});
  setup.extra = "people: {partitions: 3}\n";
  std::string large =
      Bare("track", "ada", 3, R"(,"event":"Report Exported","properties":{"p":""})");
  large.insert(large.size() - 3, std::string((1U << 20U) - large.size(), 'x'));
  const std::string unknown = Bare("track", "eve", 3, R"(,"event":"Report Exported")");
  Produce(log.get(), setup.source,
          {RecordOf(Bare("identify", "bob", 2, R"(,"traits":{"name":"Bob"})")),
           RecordOf(EventOf("ada", "Signed Up", 2)), RecordOf(EventOf("bob", "user.joined", 2)),
           RecordOf(Bare("identify", "ada", 3,
                         R"(,"traits":{"email":"ada@acme.example","name":"Ada"})")),
           RecordOf(large), RecordOf(unknown), RecordOf(Bare("page", "eve", 3, ""))});

  const Ending ending = RunFoothold({"run", "-c", WriteConfig(setup, folder), "--drain"});

  ASSERT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.error, HasSubstr(setup.app + "-people (3 partitions)"));
  const auto statuses = LastByKey(Consume(log.get(), UserStatusTopic(setup), 2));
  ASSERT_THAT(statuses, SizeIs(2));
  EXPECT_THAT(statuses.at("acme|ada"), HasSubstr(R"("email":"ada@acme.example","name":"Ada")"));
  EXPECT_THAT(statuses.at("acme|ada"), HasSubstr(R"("firstReportExported":"2026-01-03T09:30)"));
  EXPECT_THAT(statuses.at("acme|bob"), HasSubstr(R"("name":"Bob")"));
  const std::vector<PlainRecord> letters = Consume(log.get(), DeadLetterTopic(setup), 2);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].value, unknown);
  EXPECT_EQ(letters[0].key, "k");
  EXPECT_EQ(letters[0].headers[0], (Headers::value_type("trace", "abc")));
  const std::map<std::string, std::optional<std::string>> headers(letters[0].headers.begin(),
                                                                  letters[0].headers.end());
  EXPECT_EQ(headers.at("dlq_reason"), "missing_tenant");
  EXPECT_EQ(headers.at("dlq_offset"), "5");
}

TEST(RunPeopleTest, AnAccountKnownFromTheRunBeforeIsFound) {
  const Folder folder;
  const std::string& servers = kafka::SharedServers();
  const auto log = kafka::OpenLog(servers);
  RunSetup setup = NewSetup(servers, folder);
  setup.source = kafka::MakeTopic(log.get(), 1);
  const std::string config = WriteConfig(setup, folder);
  Produce(log.get(), setup.source, {RecordOf(EventOf("ada", "Signed Up", 2))});
  const Ending first = RunFoothold({"run", "-c", config, "--drain"});
  ASSERT_EQ(first.code, kExitOk) << first.error;

  // Whose account is known from the run before.
  Produce(log.get(), setup.source,
          {RecordOf(Bare("identify", "ada", 3, R"(,"traits":{"name":"Ada"})"))});
  const Ending second = RunFoothold({"run", "-c", config, "--drain"});

  ASSERT_EQ(second.code, kExitOk) << second.error;
  const auto statuses = LastByKey(Consume(log.get(), UserStatusTopic(setup), 2));
  EXPECT_THAT(statuses.at("acme|ada"), HasSubstr(R"("name":"Ada")"));
}

}  // namespace
}  // namespace foothold::app
