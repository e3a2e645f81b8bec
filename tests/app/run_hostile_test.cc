// A producer that sends whatever it likes into a topic that others use rightly: what is decided
// about the others is as if it were not there, and it costs memory within a bound.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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

using kafka::Must;

constexpr std::int64_t kMiB = 1 << 20U;
// What the topic takes, and Foothold: so the dead letter holds whatever comes, whole.
constexpr std::int64_t kTopicMax = 10 * kMiB;
// A record of 10 MiB stands in several places at once (the client's queue, the journal's batch, the
// producer's queue), the caches are not full after so few records: a bound that a leak of each of
// these records would pass.
constexpr std::int64_t kMemoryMax = 640 * kMiB;
constexpr int kGoodUsers = 40;
constexpr std::size_t kGoodAtOnce = 4;
constexpr int kRounds = 3;  // How often everything hostile is sent.
// Of each round, all under one key: the users of one huge tenant.
constexpr int kCrowd = 500;

struct Hostile {
  std::string value;
  bool is_null = false;
  bool is_rejected = true;  // It ends in the dead letter.
};

// A track call of another account, with `more` behind its fields.
std::string Call(const std::string& id, const std::string& more) {
  return fmt::format(R"({{"type":"track","event":"Report Exported","userId":"mallory",)"
                     R"("messageId":"{}","context":{{"groupId":"mallet"}}{}}})",
                     id, more);
}

std::string Properties(int count) {
  std::string text = R"(,"timestamp":"2026-01-01T09:00:00Z","properties":{)";
  for (int i = 0; i < count; ++i) {
    text += fmt::format(R"({}"p{}":{})", i == 0 ? "" : ",", i, i);
  }
  return text + "}";
}

std::string Nesting(std::size_t depth) {
  return R"(,"properties":{"p":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

std::vector<Hostile> HostileRecords(int round) {
  const std::string id = fmt::format("m{}-", round);
  const std::string at = R"(,"timestamp":"2026-01-01T09:00:00Z")";
  const std::string filler(static_cast<std::size_t>(kTopicMax - 64 * 1024), 'x');
  return {
      {.value = R"({"type":"track","event":)"},
      {.value = "[1,2,3]"},
      {.value = R"({"type":"track","event":["a"],"userId":{},"context":7})"},
      {.value =
           fmt::format(R"({{"type":"track","event":"Report Exported","messageId":"{}n"}})", id),
       .is_rejected = false},  // It names nobody: skipped.
      {.value = fmt::format(R"({{"type":"track","event":"Report Exported","userId":"eve",)"
                            R"("messageId":"{}t"{}}})",
                            id, at)},  // No account, and none is ever known of eve.
      {.value = "", .is_null = true},
      {.value = ""},
      {.value = Call(id + "l", at + R"(,"properties":{"p":")" + filler + "\"}"),
       .is_rejected = false},
      {.value = filler},
      {.value = Call(id + "b", Properties(100'000)), .is_rejected = false},
      {.value = Call(id + "d", at + Nesting(250)), .is_rejected = false},
      {.value = Call(id + "e", at + Nesting(100'000))},
      {.value = Call(id + "k", at + R"(,"userId":"other","event":7,"event":"x")"),
       .is_rejected = false},  // Of duplicate keys the first counts.
      {.value = Call(id + "u", at + ",\"properties\":{\"p\":\"\xc3\x28\"}")},
      {.value = std::string("\0\0\0\0\x07{}", 7)},
      {.value = "\xff\xfe{\x00}"},
      {.value = Call(id + "a", R"(,"timestamp":"0001-01-01T00:00:00Z")")},
      {.value = Call(id + "f", R"(,"timestamp":"2026-13-45T99:00:00Z")")},
      {.value = Call(id + "g", R"(,"timestamp":1e400)")},
      // A client's clock in 2031: the pipeline knows better.
      {.value = Call(id + "c", R"(,"timestamp":"2031-05-05T10:00:00Z",)"
                               R"("receivedAt":"2026-01-01T09:00:00Z")"),
       .is_rejected = false},
  };
}

// Users of one tenant whom nobody has seen before, and nobody will see again.
std::vector<std::string> Crowd(int round) {
  std::vector<std::string> records;
  for (int i = 0; i < kCrowd; ++i) {
    records.push_back(
        fmt::format(R"({{"type":"track","event":"Dashboard Viewed","userId":"u{}-{}",)"
                    R"("messageId":"c{}-{}","timestamp":"2026-01-01T09:00:00Z",)"
                    R"("context":{{"groupId":"mallet"}}}})",
                    round, i, round, i));
  }
  return records;
}

std::vector<std::string> GoodTraffic() {
  std::vector<std::string> records;
  for (int user = 0; user < kGoodUsers; ++user) {
    records.push_back(
        fmt::format(R"({{"type":"track","event":"Signed Up","userId":"user-{}",)"
                    R"("messageId":"s{}","timestamp":"2026-01-01T09:00:00Z",)"
                    R"("properties":{{"role":"analyst"}},"context":{{"groupId":"acme"}}}})",
                    user, user));
  }
  for (int day = 1; day <= 6; ++day) {
    for (int user = 0; user < kGoodUsers; ++user) {
      const std::string name = fmt::format("user-{}", user);
      if ((user + day) % 3 == 0) {
        records.push_back(EventOf(name, "Dashboard Viewed", day));
      }
      if (user % 2 == 0 && day == 2) {
        records.push_back(EventOf(name, "Dashboard Created", day));
        records.push_back(EventOf(name, "Report Exported", day));
      }
    }
  }
  return records;
}

// In one transaction.
void Send(log::TransactionalProducer* producer, const std::string& topic, std::string_view key,
          const std::vector<std::optional<std::string>>& values) {
  Must(producer->Begin());
  for (const std::optional<std::string>& value : values) {
    Must(producer->Send({.topic = topic,
                         .partition = PartitionId{0},
                         .key = key,
                         .value = value,
                         .headers = {},
                         .timestamp = {}}));
  }
  Must(producer->Commit(kafka::kPatience));
}

// Without what tells where a record lay: `"name":<number or text>` becomes `"name":_`.
std::string Without(std::string text, std::string_view name) {
  const std::string mark = fmt::format("\"{}\":", name);
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
    at += mark.size();
    text.replace(at, text.find_first_of(",}", at) - at, "_");
  }
  return text;
}

// What was decided about the account acme: by id, or by key where there is none.
std::map<std::string, std::string> Decisions(log::Log* log, const RunSetup& setup) {
  std::map<std::string, std::string> decisions;
  for (const std::string& topic :
       {ActivationTopic(setup), ProgressTopic(setup), UserStatusTopic(setup)}) {
    for (const PlainRecord& record : Consume(log, topic, kOutputPartitions)) {
      if (!record.key.has_value() || !record.key->starts_with("acme")) {
        continue;
      }
      std::string id = topic.substr(setup.app.size()) + " " + *record.key;
      for (const auto& [name, value] : record.headers) {
        if (name == "ce_id" && topic != UserStatusTopic(setup)) {
          id += " " + value.value_or("");
        }
      }
      std::string value = record.value.value_or("(null)");
      for (const char* const place : {"offset", "topic", "revision"}) {
        value = Without(std::move(value), place);
      }
      decisions[id] = value;  // Of a status the last.
    }
  }
  return decisions;
}

class RunHostileTest : public testing::Test {
 protected:
  // A broker of its own: records of 10 MiB ask more of the outputs' topics than the other tests do.
  RunHostileTest()
      : broker_(
            Must(kafka::TestBroker::Start({.version = kafka::kUsualVersion, .properties = {}}))),
        log_(kafka::OpenLog(broker_->servers())) {}

  RunSetup NewRun() {
    RunSetup setup = NewSetup(broker_->servers(), folder_);
    setup.source =
        kafka::MakeTopic(log_.get(), 1, {{"max.message.bytes", fmt::format("{}", kTopicMax)}});
    setup.state_dir = folder_.PathOf("state-" + setup.app);
    setup.extra = fmt::format("record_bytes_max: {}MiB\n", kTopicMax / kMiB);
    return setup;
  }
  std::unique_ptr<log::TransactionalProducer> NewProducer(const std::string& topic) {
    auto producer = Must(log_->NewProducer({.transactional_id = kafka::NewName("hostile"),
                                            .topics = {topic},
                                            .message_bytes_max = kTopicMax}));
    Must(producer->Init(kafka::kPatience));
    return producer;
  }
  Ending Drain(const RunSetup& setup) const {
    return RunFoothold(
        {"run", "-c", WriteConfig(setup, folder_), "--drain", "--until", "2026-01-20T00:00:00Z"});
  }

  Folder folder_;
  std::unique_ptr<kafka::TestBroker> broker_;
  std::unique_ptr<log::Log> log_;
};

TEST_F(RunHostileTest, TheOthersAreDecidedAsIfItWereNotThere) {
  const RunSetup quiet = NewRun();
  const RunSetup noisy = NewRun();
  const std::vector<std::string> good = GoodTraffic();
  std::map<std::string, std::optional<std::string>> rejected;  // By key.
  const auto quiet_producer = NewProducer(quiet.source);
  const auto noisy_producer = NewProducer(noisy.source);
  std::size_t sent = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (const Hostile& hostile : HostileRecords(round)) {
      std::vector<std::optional<std::string>> some;
      for (; some.size() < kGoodAtOnce && sent < good.size(); ++sent) {
        some.push_back(good[sent]);
      }
      if (!some.empty()) {
        Send(quiet_producer.get(), quiet.source, "good", some);
        Send(noisy_producer.get(), noisy.source, "good", some);
      }
      const std::string key = fmt::format("bad-{}-{}", round, rejected.size());
      const auto value = hostile.is_null ? std::nullopt : std::optional(hostile.value);
      Send(noisy_producer.get(), noisy.source, key, {value});
      if (hostile.is_rejected) {
        rejected.emplace(key, value);
      }
    }
    const std::vector<std::string> crowd = Crowd(round);
    Send(noisy_producer.get(), noisy.source, "hot", {crowd.begin(), crowd.end()});
  }
  ASSERT_EQ(sent, good.size());

  const Ending of_quiet = Drain(quiet);
  const Ending of_noisy = Drain(noisy);

  ASSERT_EQ(of_quiet.code, kExitOk) << of_quiet.error;
  ASSERT_EQ(of_noisy.code, kExitOk) << of_noisy.error;
  RecordProperty("memory_mib_quiet", std::to_string(of_quiet.memory_bytes_max / kMiB));
  RecordProperty("memory_mib_noisy", std::to_string(of_noisy.memory_bytes_max / kMiB));
  EXPECT_LT(of_noisy.memory_bytes_max, kMemoryMax);
  const auto decisions = Decisions(log_.get(), quiet);
  EXPECT_GT(decisions.size(), static_cast<std::size_t>(2 * kGoodUsers));
  EXPECT_EQ(Decisions(log_.get(), noisy), decisions);

  EXPECT_EQ(Consume(log_.get(), DeadLetterTopic(quiet), kOutputPartitions).size(), 0U);
  std::map<std::string, std::optional<std::string>> letters;
  for (PlainRecord& letter : Consume(log_.get(), DeadLetterTopic(noisy), kOutputPartitions)) {
    const std::string key = letter.key.value_or("");
    EXPECT_TRUE(letters.emplace(key, std::move(letter.value)).second) << key << " comes twice";
  }
  ASSERT_EQ(letters.size(), rejected.size());
  for (const auto& [key, value] : rejected) {
    ASSERT_TRUE(letters.contains(key)) << key;
    EXPECT_TRUE(letters[key] == value) << key;  // Not one of megabytes in a message.
  }
}

}  // namespace
}  // namespace foothold::app
