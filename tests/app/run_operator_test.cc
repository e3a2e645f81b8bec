// The operator's commands against a real broker: erase, dlq, offsets, state, tap, top.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <set>
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

using std::chrono::steady_clock;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr std::int32_t kJournalPartitions = 2;
constexpr const char* kUser = "adalow77";
constexpr const char* kMail = "ada.low@acme.example";
// Compacts in seconds, and forgets tombstones at once.
const kafka::Properties kCompactsSoon = {{"cleanup.policy", "compact"},
                                         {"segment.ms", "1000"},
                                         {"min.cleanable.dirty.ratio", "0.0"},
                                         {"max.compaction.lag.ms", "1000"},
                                         {"delete.retention.ms", "0"}};

// Its id says nothing of the person.
std::string Record(const std::string& type, const std::string& user, int day,
                   const std::string& more) {
  static int number = 0;
  return fmt::format(R"({{"type":"{}","userId":"{}","messageId":"m{}","timestamp":)"
                     R"("2026-01-{:02}T10:00:00Z","context":{{"groupId":"acme"}}{}}})",
                     type, user, ++number, day, more);
}

class RunOperatorTest : public testing::Test {
 protected:
  RunOperatorTest()
      : log_(kafka::OpenLog(kafka::SharedServers())),
        setup_(NewSetup(kafka::SharedServers(), folder_)) {
    setup_.source = kafka::MakeTopic(log_.get(), 1);
    setup_.journal_partitions = kJournalPartitions;
    setup_.extra = "people: {partitions: 2}\n";
    config_ = WriteConfig(setup_, folder_);
  }

  void Take(const std::vector<std::string>& values) {
    std::vector<PlainRecord> records;
    for (const std::string& value : values) {
      records.push_back({.partition = 0, .value = value});
    }
    Produce(log_.get(), setup_.source, records);
  }
  void Drain() {
    const Ending run = RunFoothold({"run", "-c", config_, "--drain"});
    ASSERT_EQ(run.code, kExitOk) << run.error;
  }
  // A command on this system.
  Ending Say(std::vector<std::string> words) {
    words.insert(words.end(), {"-c", config_});
    return RunFoothold(words);
  }
  std::string PeopleChangelog() const { return setup_.app + "-people-changelog"; }
  std::string AccountStatusTopic() const { return setup_.app + ".account-status"; }

  // Whatever a topic still holds, tombstones included, that names the person.
  std::vector<std::string> Naming(const std::string& topic) {
    std::vector<std::string> naming;
    for (const PlainRecord& record : Consume(log_.get(), topic, 2)) {
      for (const std::string& text : {record.key.value_or(""), record.value.value_or("")}) {
        if (text.find(kUser) != std::string::npos || text.find(kMail) != std::string::npos) {
          naming.push_back(fmt::format("{}[{}]@{}", topic, record.partition, record.offset));
        }
      }
    }
    return naming;
  }
  // The active segment is never compacted, and rolls only when something is appended.
  void Tick(const std::string& topic) {
    Produce(log_.get(), topic,
            {{.partition = 0, .key = "tick", .value = "tick"},
             {.partition = 1, .key = "tick", .value = "tick"}});
  }

  Folder folder_;
  std::unique_ptr<log::Log> log_;
  RunSetup setup_;
  std::string config_;
};

TEST_F(RunOperatorTest, ASystemThatNeverRanIsSaidToBeNone) {
  const std::vector<std::vector<std::string>> words{{"rules", "list"},
                                                    {"rules", "pause", "stalled", "--execute"},
                                                    {"playbook", "show"},
                                                    {"erase", "acme", kUser},
                                                    {"dlq", "list"}};
  for (const std::vector<std::string>& said : words) {
    const Ending refused = Say(said);
    EXPECT_EQ(refused.code, kExitConfig) << said.front();
    EXPECT_THAT(refused.error,
                HasSubstr("does not exist: is `app` right, and did `foothold run` ever start?"));
  }
}

TEST_F(RunOperatorTest, AfterErasureAndCompactionNoTopicKeptByKeyNamesThePerson) {
  Take({Record("track", kUser, 2, R"(,"event":"Signed Up","properties":{"role":"admin"})"),
        Record("identify", kUser, 2,
               fmt::format(R"(,"traits":{{"email":"{}","name":"Ada Low"}})", kMail)),
        Record("track", kUser, 3, R"(,"event":"Integration Connected")"),
        Record("track", "ben", 3, R"(,"event":"Signed Up","properties":{"role":"admin"})")});
  Drain();
  const std::vector<std::string> topics{ChangelogTopic(setup_), PeopleChangelog(),
                                        UserStatusTopic(setup_), AccountStatusTopic()};
  ASSERT_FALSE(Naming(ChangelogTopic(setup_)).empty());
  ASSERT_FALSE(Naming(PeopleChangelog()).empty());

  const Ending planned = Say({"erase", "acme", kUser});
  EXPECT_EQ(planned.code, kExitOk) << planned.error;
  EXPECT_THAT(planned.out,
              AllOf(HasSubstr("adalow77 of acme: role admin, e-mail known"),
                    HasSubstr(fmt::format("also goes by email:{}", kMail)),
                    HasSubstr("what only retention removes"), HasSubstr("nothing was written")));
  const Ending erased = Say({"erase", "acme", kUser, "--execute"});
  EXPECT_EQ(erased.code, kExitOk) << erased.error;
  EXPECT_THAT(erased.out, HasSubstr("a person of acme erased"));
  Take({Record("track", kUser, 4, R"(,"event":"Dashboard Viewed")"),
        Record("track", "ben", 5, R"(,"event":"Profile Completed")")});
  Drain();

  // What was decided before stays decided: the journal, folded again, says the same.
  const Ending replayed = Say({"replay", "--journal"});
  ASSERT_EQ(replayed.code, kExitOk) << replayed.error;
  const std::string topic_field = fmt::format("{{\"topic\":\"{}\"", ActivationTopic(setup_));
  std::multiset<std::string> again;
  for (std::size_t begin = 0; begin < replayed.out.size();) {
    const std::size_t end = replayed.out.find('\n', begin);
    const std::string line = replayed.out.substr(begin, end - begin);
    if (line.starts_with(topic_field)) {
      again.insert(line.substr(line.find("\"value\":")));
    }
    begin = end + 1;
  }
  std::multiset<std::string> told;
  for (const PlainRecord& record :
       Consume(log_.get(), ActivationTopic(setup_), kOutputPartitions)) {
    told.insert(fmt::format("\"value\":{}}}", record.value.value_or("null")));
  }
  EXPECT_EQ(again, told);
  const Ending known = Say({"state", "get", "acme", kUser});
  EXPECT_EQ(known.code, kExitConfig);
  EXPECT_THAT(known.error, HasSubstr("nothing is known of acme adalow77"));

  for (const std::string& topic : topics) {
    kafka::ConfigureTopic(setup_.servers, topic, kCompactsSoon);
  }
  const auto deadline = steady_clock::now() + std::chrono::seconds(120);
  std::vector<std::string> naming;
  do {
    naming.clear();
    for (const std::string& topic : topics) {
      Tick(topic);
      std::ranges::copy(Naming(topic), std::back_inserter(naming));
    }
  } while (!naming.empty() && steady_clock::now() < deadline);
  EXPECT_THAT(naming, SizeIs(0));
}

TEST_F(RunOperatorTest, ADeadLetterGoesBackAsItCameAndOnlyOnce) {
  Produce(log_.get(), setup_.source,
          {{.partition = 0,
            .key = "k",
            .value = "{broken",
            .headers = {{"trace", "7"}, {"empty", std::nullopt}}},
           {.partition = 0, .value = Record("track", "ben", 3, R"(,"event":"Signed Up")")}});
  Drain();

  const Ending listed = Say({"dlq", "list"});
  EXPECT_THAT(listed.out,
              AllOf(HasSubstr("unparseable"), HasSubstr(fmt::format("{}[0]@0", setup_.source)),
                    HasSubstr("1 unparseable, 0 requeued")));
  EXPECT_THAT(Say({"dlq", "list", "--reason", "bad_time", "-o", "json"}).out, "");
  const std::string place = listed.out.substr(0, listed.out.find(' '));
  EXPECT_THAT(Say({"dlq", "show", place}).out,
              AllOf(HasSubstr("\"value\":\"{broken\""), HasSubstr("\"trace\":\"7\"")));
  EXPECT_THAT(Say({"dlq", "requeue"}).out, HasSubstr("nothing was written; --execute does"));
  ASSERT_THAT(Consume(log_.get(), setup_.source, 1), SizeIs(2));

  const Ending requeued = Say({"dlq", "requeue", place, "--execute"});
  EXPECT_EQ(requeued.code, kExitOk) << requeued.error;
  const Ending repeated = Say({"dlq", "requeue", place, "--execute"});
  EXPECT_THAT(repeated.out, AllOf(HasSubstr("left out: 1, went back before"),
                                  HasSubstr("nothing is to be written")));

  const std::vector<PlainRecord> records = Consume(log_.get(), setup_.source, 1);
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[2].key, records[0].key);
  EXPECT_EQ(records[2].value, records[0].value);
  EXPECT_EQ(records[2].headers, records[0].headers);
  Drain();
  EXPECT_THAT(Say({"dlq", "list"}).out, HasSubstr("2 unparseable, 1 requeued"));
}

TEST_F(RunOperatorTest, WhatIsNotARuleIsRefusedWhenItIsPlanned) {
  Drain();

  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"rules", "pause", "never_loged_in"},
        std::vector<std::string>{"rules", "pause", "never_loged_in", "--execute"},
        std::vector<std::string>{"rules", "approve", "acme", "never_loged_in"}}) {
    const Ending refused = Say(words);

    EXPECT_EQ(refused.code, kExitConfig) << refused.out;
    EXPECT_THAT(refused.error, HasSubstr("default@1 has no rule 'never_loged_in'; did you mean "
                                         "'never_logged_in'?"));
  }
  EXPECT_THAT(Say({"rules", "pause", "never_logged_in"}).out, HasSubstr("would write: "));
}

TEST_F(RunOperatorTest, APlaybookWithoutRulesIsSaidToHaveNone) {
  setup_.playbook =
      folder_.Write("plain.yaml",
                    "playbook: plain\n"
                    "version: 1\n"
                    "roles:\n"
                    "  admin:\n"
                    "    milestone: {did: user.invited, within: 7d of signup}\n"
                    "    steps:\n"
                    "      - {name: come, class: setup, did: access}\n"
                    "      - {name: linked, class: setup, did: integration.connected}\n"
                    "      - {name: invited, class: value, milestone: true}\n");
  config_ = WriteConfig(setup_, folder_);
  Drain();

  const Ending listed = Say({"rules", "list"});

  EXPECT_EQ(listed.code, kExitOk) << listed.error;
  EXPECT_EQ(listed.out, "");
  EXPECT_THAT(listed.error, HasSubstr("plain@1 has no rules"));
}

TEST_F(RunOperatorTest, IntakeIsSetBackWhileNobodyReadsAndReadsAgainWithoutAnEffect) {
  Take({Record("track", "ben", 3, R"(,"event":"Signed Up","properties":{"role":"admin"})"),
        Record("track", "ben", 4, R"(,"event":"Integration Connected")")});
  Drain();
  const std::size_t decided =
      Consume(log_.get(), ActivationTopic(setup_), kOutputPartitions).size();
  const Ending shown = Say({"offsets", "show", "--stage", "intake", "-o", "json"});
  EXPECT_THAT(shown.out, AllOf(HasSubstr("\"committed\":2"), HasSubstr("\"end\":3")))
      << shown.error;  // The last is the marker of the transaction.
  EXPECT_THAT(Say({"offsets", "show"}).error, HasSubstr("the marker of the last transaction"));

  EXPECT_THAT(Say({"offsets", "reset", "--to", "earliest"}).out,
              AllOf(HasSubstr("records are read again"), HasSubstr("nothing was written")));
  const Ending reset = Say({"offsets", "reset", "--to", "earliest", "--execute", "--wait", "90s"});
  ASSERT_EQ(reset.code, kExitOk) << reset.error;

  EXPECT_THAT(Say({"offsets", "show", "--stage", "intake", "-o", "json"}).out,
              HasSubstr("\"committed\":0"));
  Drain();
  EXPECT_EQ(Consume(log_.get(), ActivationTopic(setup_), kOutputPartitions).size(), decided);
  EXPECT_THAT(
      Say({"offsets", "reset", "--to", "99", "--topic", setup_.source, "--partition", "0"}).error,
      HasSubstr("lies outside"));
}

TEST_F(RunOperatorTest, WhileAnInstanceRunsIntakeStaysWhereItIs) {
  Take({Record("track", "ben", 3, R"(,"event":"Signed Up")")});
  const auto child = Child::Start({"run", "-c", config_});
  ASSERT_TRUE(child->AwaitError("http=\"port ")) << child->error();
  const auto deadline = steady_clock::now() + std::chrono::seconds(60);
  while (Consume(log_.get(), UserStatusTopic(setup_), kOutputPartitions).empty() &&
         steady_clock::now() < deadline) {
  }

  const Ending reset = Say({"offsets", "reset", "--to", "earliest", "--execute", "--wait", "5s"});
  const std::string address = fmt::format("127.0.0.1:{}", HttpPortOf(child->error()));
  const Ending top = RunFoothold({"top", "--instance", address, "-n", "1"});

  EXPECT_EQ(reset.code, kExitConfig);
  EXPECT_THAT(reset.error, AllOf(HasSubstr("-intake has other members"), HasSubstr("Stop every")));
  EXPECT_THAT(top.out, AllOf(HasSubstr(address), HasSubstr("journey")));
  child->Signal(SIGTERM);
  EXPECT_EQ(child->Wait().code, kExitOk);
}

TEST_F(RunOperatorTest, StateIsReadFromTheChangelogAndTheStoresAreItsFold) {
  Take({Record("track", "ben", 3, R"(,"event":"Signed Up","properties":{"role":"admin"})"),
        Record("identify", "ben", 3, R"(,"traits":{"email":"ben@acme.example"})"),
        Record("track", "ben", 4, R"(,"event":"Integration Connected")")});
  Drain();

  const Ending of_topic = Say({"state", "get", "acme", "ben"});
  const Ending of_store = Say({"state", "get", "acme", "ben", "--store"});
  EXPECT_THAT(of_topic.out,
              AllOf(HasSubstr(R"("kind":"user","tenant":"acme","id":"ben")"),
                    HasSubstr(R"("role":"admin")"), HasSubstr("integration.connected")))
      << of_topic.error;
  EXPECT_EQ(of_store.out, of_topic.out) << of_store.error;
  EXPECT_THAT(Say({"state", "get", "ben", "--people"}).out, HasSubstr(R"("accounts":["acme"])"));
  EXPECT_THAT(Say({"state", "scan", "acme"}).out,
              AllOf(HasSubstr("acme  "), HasSubstr("acme/ben  ")));
  EXPECT_EQ(Say({"state", "export"}).out, Say({"state", "export", "--store"}).out);
  const Ending verified = Say({"state", "verify"});
  EXPECT_EQ(verified.code, kExitOk) << verified.error;
  EXPECT_THAT(verified.out, AllOf(HasSubstr(" 0 that differ"), Not(HasSubstr("differs:"))));

  const Ending tapped = Say({"tap", "--from", "earliest", "-n", "1", "--user", "ben", "--topic",
                             ActivationTopic(setup_)});
  EXPECT_THAT(tapped.out, HasSubstr("acme/ben"));
  EXPECT_THAT(tapped.out, HasSubstr("not_started > in_progress"));
  const Ending top = Say({"top", "-n", "1", "--instance", "127.0.0.1:1"});
  EXPECT_THAT(top.out, AllOf(HasSubstr("nobody answers"), HasSubstr("so far the groups have come"),
                             HasSubstr("journey    2 partitions  lag ")));
}

}  // namespace
}  // namespace foothold::app
