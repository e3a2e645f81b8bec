// What `foothold run` does not guess about: each situation that cannot be right is refused at the
// start, by its name and with what can be done, and leaves everything as it is.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "tests/app/outputs.h"
#include "tests/app/running.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

namespace fs = std::filesystem;
using kafka::Must;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

// An app on the shared broker with a source of one partition that has two events.
struct App {
  App() : log(kafka::OpenLog(kafka::SharedServers())) {
    setup = NewSetup(kafka::SharedServers(), folder);
    setup.source = kafka::MakeTopic(log.get(), 1);
    Produce(log.get(), setup.source,
            {{.key = "ada", .value = EventOf("ada", "Report Exported", 1), .headers = {}},
             {.key = "bob", .value = EventOf("bob", "Report Exported", 2), .headers = {}}});
  }

  std::string TopicOf(const std::string& what) const { return setup.app + "-" + what; }
  Ending Drain() const { return RunFoothold({"run", "-c", WriteConfig(setup, folder), "--drain"}); }
  void Create(const std::string& topic, std::int32_t partitions,
              const std::map<std::string, std::string>& configs) const {
    const log::TopicSpec spec{.name = topic, .partitions = partitions, .configs = configs};
    Must(Must(log->NewAdmin())->CreateTopics(std::span(&spec, 1)));
  }
  // As somebody would who takes a topic that is gone for one that can be made again.
  void MakeAnew(const std::string& topic) const {
    const auto before = Must(Must(log->NewAdmin())->DescribeTopic(topic));
    ASSERT_TRUE(before.has_value()) << topic;
    kafka::DeleteTopic(setup.servers, topic);
    std::map<std::string, std::string> configs;
    for (const char* const name :
         {"cleanup.policy", "retention.ms", "delete.retention.ms", "max.message.bytes"}) {
      if (const auto found = before->configs.find(name); found != before->configs.end()) {
        configs.insert(*found);
      }
    }
    Create(topic, before->partitions, configs);
  }
  // Files of the stores by name; those that an opening always writes anew left out.
  std::map<std::string, std::uintmax_t> Tables() const {
    std::map<std::string, std::uintmax_t> tables;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(setup.state_dir)) {
      if (entry.path().extension() == ".sst") {
        tables[entry.path().string()] = entry.file_size();
      }
    }
    return tables;
  }

  Folder folder;
  std::unique_ptr<log::Log> log;
  RunSetup setup;
};

// It ended as a failure, with one error that says these words.
void ExpectRefusal(const Ending& ending, const std::vector<std::string>& words) {
  EXPECT_EQ(ending.code, kExitFailure) << ending.error;
  for (const std::string& word : words) {
    EXPECT_THAT(ending.error, HasSubstr(word));
  }
  EXPECT_THAT(ending.error, Not(HasSubstr("info    drained")));
  std::size_t errors = 0;
  for (std::size_t at = 0; (at = ending.error.find("Z error ", at)) != std::string::npos; ++at) {
    ++errors;
  }
  EXPECT_EQ(errors, 1U) << ending.error;
}

// With a topic the brokers forget where its readers stood.
TEST(RunRefusalsTest, ASourceThatWasMadeAnewIsReadFromItsBeginning) {
  const App app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  app.MakeAnew(app.setup.source);
  Produce(app.log.get(), app.setup.source,
          {{.key = "eve", .value = EventOf("eve", "Report Exported", 3), .headers = {}}});

  const Ending ending = app.Drain();

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.error, HasSubstr("info    drained"));
  EXPECT_THAT(OutputsOfRun(app.log.get(), app.setup).user_statuses,
              Contains(Key(HasSubstr("eve"))));
}

TEST(RunRefusalsTest, AJournalThatWasMadeAnewIsRefusedForTheStateThatIsLeft) {
  const App app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  app.MakeAnew(app.TopicOf("journal"));

  const Ending ending = app.Drain();

  ExpectRefusal(ending, {"cannot go on: the state in " + app.TopicOf("state-changelog"),
                         " of " + app.TopicOf("journal") + ", the group's committed place is none",
                         "begin with a new app id"});
}

TEST(RunRefusalsTest, AChangelogThatWasMadeAnewIsRefusedAndTheStoresStay) {
  const App app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  const auto tables = app.Tables();
  ASSERT_FALSE(tables.empty());
  app.MakeAnew(app.TopicOf("state-changelog"));

  const Ending ending = app.Drain();

  ExpectRefusal(ending, {"cannot go on: " + app.TopicOf("state-changelog"), "is empty",
                         "Restore the topic, or begin with a new app id"});
  EXPECT_EQ(app.Tables(), tables);
}

TEST(RunRefusalsTest, ALedgerThatWasMadeAnewIsNoFirstStart) {
  const App app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  app.MakeAnew(app.TopicOf("control"));

  ExpectRefusal(app.Drain(), {"the ledger " + app.TopicOf("control") + " is empty",
                              "Restore it, or begin with a new app id"});
}

TEST(RunRefusalsTest, AnotherNumberOfJournalPartitionsThanTheAppBeganWithIsRefused) {
  App app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  app.setup.journal_partitions = 3;

  ExpectRefusal(app.Drain(), {"topic " + app.TopicOf("journal"), "has 2 partitions",
                              "the configuration says 3: set it to 2, or begin with a new app id"});

  app.setup.journal_partitions = 2;
  EXPECT_EQ(app.Drain().code, kExitOk);
}

// A setting that somebody changed, and what is said of it; set back, the app goes on.
struct Setting {
  std::string topic;
  std::map<std::string, std::string> wrong;
  std::vector<std::string> words;
};

class RunRefusalsOfSettingsTest : public testing::TestWithParam<Setting> {};

TEST_P(RunRefusalsOfSettingsTest, AreNamedWithTheValueThatIsRight) {
  const App app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  const std::string topic = app.TopicOf(GetParam().topic);
  const auto before = Must(Must(app.log->NewAdmin())->DescribeTopic(topic));
  ASSERT_TRUE(before.has_value());
  std::map<std::string, std::string> right;
  for (const char* const name : {"cleanup.policy", "retention.ms", "delete.retention.ms"}) {
    right[name] = before->configs.at(name);
  }
  right["max.message.bytes"] = before->configs.at("max.message.bytes");
  std::map<std::string, std::string> wrong = right;
  for (const auto& [name, value] : GetParam().wrong) {
    wrong[name] = value;
  }
  kafka::ConfigureTopic(app.setup.servers, topic, wrong);

  std::vector<std::string> words = GetParam().words;
  words.push_back("topic " + topic);
  ExpectRefusal(app.Drain(), words);

  kafka::ConfigureTopic(app.setup.servers, topic, right);
  EXPECT_EQ(app.Drain().code, kExitOk);
}

INSTANTIATE_TEST_SUITE_P(
    Each, RunRefusalsOfSettingsTest,
    testing::Values(
        Setting{"journal",
                {{"cleanup.policy", "compact"}},
                {"cleanup.policy=compact, which would lose records: set it to delete"}},
        Setting{
            "journal", {{"retention.ms", "1000"}}, {"retention.ms=1000, too little: set it to"}},
        Setting{"journal",
                {{"max.message.bytes", "2000"}},
                {"max.message.bytes=2000", "raise it, or lower"}},
        Setting{"state-changelog",
                {{"cleanup.policy", "compact,delete"}},
                {"cleanup.policy=compact,delete, which would lose records: set it to compact"}},
        Setting{"state-changelog",
                {{"delete.retention.ms", "1000"}},
                {"delete.retention.ms=1000, too little: set it to"}},
        Setting{"people-changelog",
                {{"cleanup.policy", "delete"}},
                {"cleanup.policy=delete, which would lose records: set it to compact"}},
        Setting{"control",
                {{"cleanup.policy", "compact"}},
                {"cleanup.policy=compact, which would lose records: set it to delete"}}));

}  // namespace
}  // namespace foothold::app
