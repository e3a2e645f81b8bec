// What `foothold run` says and does when something around it is not as it should be.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
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

namespace fs = std::filesystem;
using kafka::Must;
using testing::HasSubstr;
using testing::Not;

// An app on the shared broker with a source of one partition that has two events.
struct Started {
  Started() : log(kafka::OpenLog(kafka::SharedServers())) {
    setup = NewSetup(kafka::SharedServers(), folder);
    setup.source = kafka::MakeTopic(log.get(), 1);
    Add("ada", 1);
    Add("bob", 2);
  }

  void Add(const std::string& user, int day) const {
    Produce(log.get(), setup.source,
            {{.key = user, .value = EventOf(user, "Report Exported", day), .headers = {}}});
  }
  Ending Drain() const { return RunFoothold({"run", "-c", WriteConfig(setup, folder), "--drain"}); }
  // Every file of the state with this ending.
  std::vector<fs::path> StateFiles(const std::string& ending) const {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(setup.state_dir)) {
      if (entry.path().extension() == ending) {
        files.push_back(entry.path());
      }
    }
    return files;
  }
  std::size_t Users() const {
    std::set<std::string> users;
    for (const PlainRecord& status : Consume(log.get(), UserStatusTopic(setup), 2)) {
      users.insert(status.key.value_or(""));
    }
    return users.size();
  }

  Folder folder;
  std::unique_ptr<log::Log> log;
  RunSetup setup;
};

// It ended as a failure, and its last line says these words; there is no other error.
void ExpectFailure(const Ending& ending, const std::vector<std::string>& words) {
  EXPECT_EQ(ending.code, kExitFailure) << ending.error;
  EXPECT_EQ(ending.out, "");
  for (const std::string& word : words) {
    EXPECT_THAT(ending.error, HasSubstr(word));
  }
  std::size_t errors = 0;
  for (std::size_t at = 0; (at = ending.error.find("Z error ", at)) != std::string::npos; ++at) {
    ++errors;
  }
  EXPECT_EQ(errors, 1U) << ending.error;
  EXPECT_THAT(ending.error, Not(HasSubstr("info    drained")));
  EXPECT_THAT(ending.error, Not(HasSubstr("rdkafka#")));
}

TEST(RunTroubleTest, AQuietStartSaysInOneLineWhatIsReadWrittenAndKept) {
  const Started app;

  const Ending ending = app.Drain();

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_EQ(ending.out, "");
  EXPECT_EQ(LineCount(ending.error), 2U) << ending.error;
  EXPECT_THAT(ending.error, HasSubstr(" reads product (segment: " + app.setup.source));
  EXPECT_THAT(ending.error, HasSubstr("writes " + app.setup.app + ".activation"));
  EXPECT_THAT(ending.error, HasSubstr("keeps " + app.setup.app + "-journal"));
  EXPECT_THAT(ending.error, HasSubstr(app.setup.state_dir));
  EXPECT_THAT(ending.error, HasSubstr("drained"));
}

TEST(RunTroubleTest, AnEmptyTopicIsDrainedAtOnce) {
  Started app;
  app.setup.source = kafka::MakeTopic(app.log.get(), 2);

  const Ending ending = app.Drain();

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
}

TEST(RunTroubleTest, ASourceThatDoesNotExistIsNamedAndNothingIsMade) {
  Started app;
  app.setup.source = "no-such-topic";

  const Ending ending = app.Drain();

  ExpectFailure(ending, {"source topic no-such-topic does not exist", "correct its name"});
  const auto admin = Must(app.log->NewAdmin());
  EXPECT_FALSE(Must(admin->DescribeTopic(app.setup.app + "-journal")).has_value());
}

TEST(RunTroubleTest, InternalTopicsThatCannotBeRightAreRefusedByName) {
  const Started app;
  const auto admin = Must(app.log->NewAdmin());
  const log::TopicSpec journal{.name = app.setup.app + "-journal", .partitions = 3, .configs = {}};
  Must(admin->CreateTopics(std::span(&journal, 1)));
  Started other;
  const log::TopicSpec changelog{.name = other.setup.app + "-state-changelog",
                                 .partitions = 2,
                                 .configs = {{"cleanup.policy", "delete"}}};
  Must(admin->CreateTopics(std::span(&changelog, 1)));

  ExpectFailure(app.Drain(), {journal.name, "has 3 partitions, the configuration says 2"});
  ExpectFailure(other.Drain(), {changelog.name, "cleanup.policy=delete", "set it to compact"});
}

TEST(RunTroubleTest, ARunThatMayDoNothingSaysWhatToGrant) {
  Started app;
  app.setup.servers = kafka::SharedBroker().sasl_servers();
  app.setup.kafka = fmt::format(
      ", security.protocol: sasl_plaintext, sasl.mechanism: PLAIN, sasl.username: {}, "
      "sasl.password: {}",
      kafka::kPowerlessUser, kafka::kPassword);

  const Ending ending = app.Drain();

  EXPECT_EQ(ending.code, kExitFailure);
  EXPECT_THAT(ending.error, testing::AnyOf(HasSubstr("grant"), HasSubstr("does not exist")));
  EXPECT_THAT(ending.error, Not(HasSubstr(kafka::kPassword)));
}

TEST(RunTroubleTest, AWrongPasswordIsSaidAtOnceAndNotPrinted) {
  Started app;
  app.setup.servers = kafka::SharedBroker().sasl_servers();
  app.setup.kafka = fmt::format(
      ", security.protocol: sasl_plaintext, sasl.mechanism: PLAIN, sasl.username: {}, "
      "sasl.password: not-the-word",
      kafka::kAdminUser);

  const Ending ending = app.Drain();

  ExpectFailure(ending, {"sasl.password"});
  EXPECT_THAT(ending.error, Not(HasSubstr("not-the-word")));
}

TEST(RunTroubleTest, AJournalThatWasDeletedIsNotMadeAnew) {
  const Started app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  kafka::DeleteTopic(app.setup.servers, app.setup.app + "-journal");

  const Ending ending = app.Drain();

  ExpectFailure(
      ending, {app.setup.app + "-journal (the journal) does not exist", "begin with a new app id"});
}

TEST(RunTroubleTest, RecordsThatAreNoLongerRetainedAreNotPassedOver) {
  const Started app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  app.Add("cid", 3);
  kafka::DeleteAllRecords(app.setup.servers, app.setup.source, PartitionId{0});

  const Ending ending = app.Drain();

  ExpectFailure(ending, {app.setup.source + "[0] was read up to offset", "is retained from",
                         "Set the offset of group " + app.setup.app + "-intake"});
}

TEST(RunTroubleTest, DamagedStateIsRestoredFromTheChangelogAndSaidToBe) {
  const Started app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  const std::vector<fs::path> tables = app.StateFiles(".sst");
  ASSERT_FALSE(tables.empty());
  for (const fs::path& table : tables) {
    std::fstream file(table, std::ios::binary | std::ios::in | std::ios::out);
    const auto size = static_cast<std::streamoff>(fs::file_size(table));
    for (std::streamoff at = 0; at < size; at += 16) {
      file.seekp(at);
      file.put('\x5a');
    }
  }
  app.Add("cid", 3);

  const Ending ending = app.Drain();

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.error, HasSubstr("state cannot be trusted, restoring it from the changelog"));
  EXPECT_THAT(ending.error, HasSubstr("drained"));
  EXPECT_EQ(app.Users(), 3U);
}

TEST(RunTroubleTest, LostStateIsRestoredFromTheChangelog) {
  const Started app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  fs::remove_all(app.setup.state_dir);
  app.Add("cid", 3);

  const Ending ending = app.Drain();

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.error, HasSubstr("restoring state from the changelog"));
  EXPECT_EQ(app.Users(), 3U);
}

TEST(RunTroubleTest, StateOfAnotherAppIsRefused) {
  const Started app;
  ASSERT_EQ(app.Drain().code, kExitOk);
  Started other;
  fs::create_directories(other.setup.state_dir);
  fs::rename(app.setup.state_dir + "/" + app.setup.app,
             other.setup.state_dir + "/" + other.setup.app);

  const Ending ending = other.Drain();

  ExpectFailure(ending, {app.setup.app, "state"});
}

TEST(RunTroubleTest, AFullDiskEndsTheRunWithItsName) {
  const Started app;

  const Ending ending = RunFoothold({"run", "-c", WriteConfig(app.setup, app.folder), "--drain"},
                                    {.file_bytes_max = 1'024});

  ExpectFailure(ending, {app.setup.state_dir});
  EXPECT_EQ(app.Drain().code, kExitOk);
  EXPECT_EQ(app.Users(), 2U);
}

TEST(RunTroubleTest, ASecondProcessOnOneStateIsRefusedAndTheFirstGoesOn) {
  Started app;
  app.setup.clock = "wall";
  const std::string config = WriteConfig(app.setup, app.folder);
  const auto first = Child::Start({"run", "-c", config});
  ASSERT_TRUE(first->AwaitError(" reads product")) << first->error();

  const Ending second = RunFoothold({"run", "-c", config});
  first->Signal(SIGTERM);
  const Ending of_first = first->Wait();

  ExpectFailure(second, {"is in use by another process", "its own instance name"});
  EXPECT_EQ(of_first.code, kExitOk) << of_first.error;
  EXPECT_THAT(of_first.error, HasSubstr("stopped"));
  EXPECT_THAT(of_first.error, Not(HasSubstr("fenced")));
}

TEST(RunTroubleTest, AServingPortThatIsTakenIsNamedWithTheRemedy) {
  Started app;
  app.setup.clock = "wall";
  const auto first = Child::Start({"run", "-c", WriteConfig(app.setup, app.folder)});
  ASSERT_TRUE(first->AwaitError("http=\"port ")) << first->error();
  Started other;

  const Ending second =
      RunFoothold({"run", "-c", WriteConfig(other.setup, other.folder), "--drain", "--http-listen",
                   fmt::format("127.0.0.1:{}", HttpPortOf(first->error()))});

  ExpectFailure(second, {"Address already in use", "http.listen"});
}

TEST(RunTroubleTest, ASignalDuringADrainIsNoSuccess) {
  Started app;
  const auto child = Child::Start({"run", "-c", WriteConfig(app.setup, app.folder), "--drain"});
  ASSERT_TRUE(child->AwaitError(" reads product")) << child->error();

  child->Signal(SIGTERM);
  const Ending ending = child->Wait();

  // It may have been done before the signal came.
  if (ending.code != kExitOk) {
    ExpectFailure(ending, {"stopped before all was drained"});
  }
  EXPECT_EQ(app.Drain().code, kExitOk);
  EXPECT_EQ(app.Users(), 2U);
}

}  // namespace
}  // namespace foothold::app
