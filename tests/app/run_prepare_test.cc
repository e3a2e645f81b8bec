// `foothold playbook publish` of a playbook that asks of the past what the state has not kept, on a
// real broker: while the service runs, and when the command or the service dies in the middle.

#include <csignal>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "src/app/control_desk.h"
#include "src/app/preparation.h"
#include "src/base/hash.h"
#include "src/base/logging.h"
#include "src/config/playbook_file.h"
#include "tests/app/outputs.h"
#include "tests/app/running.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kNext[] =
    "extends: default\n"
    "playbook: pinning\n"
    "roles:\n"
    "  viewer:\n"
    "    milestone: {did: insight.pinned, at_least: 2, within: 30d of signup}\n";
constexpr int kLooksMax = 600;

class RunPrepareTest : public testing::Test {
 protected:
  RunPrepareTest()
      : log_(kafka::OpenLog(kafka::SharedServers())),
        setup_(NewSetup(kafka::SharedServers(), folder_)),
        next_(folder_.Write("next.yaml", kNext)) {
    setup_.source = kafka::MakeTopic(log_.get(), 1);
    setup_.extra = "";
    config_ = WriteConfig(setup_, folder_);
  }

  static std::string Viewer(std::string event) {
    return event.insert(event.size() - 1, R"(,"properties":{"role":"viewer"})");
  }
  // So many viewers sign up, and each pins an insight twice.
  void SignUp(int from, int until) {
    std::vector<PlainRecord> records;
    for (int i = from; i < until; ++i) {
      const std::string user = fmt::format("v{}", i);
      for (const std::string& event :
           {Viewer(EventOf(user, "Signed Up", 10)), EventOf(user, "Insight Pinned", 11),
            EventOf(user, "Insight Pinned", 12)}) {
        records.push_back({.partition = 0, .value = event});
      }
    }
    Produce(log_.get(), setup_.source, records);
  }
  void RunToTheEnd() {
    const Ending run = RunFoothold({"run", "-c", config_, "--drain"});
    ASSERT_EQ(run.code, kExitOk) << run.error;
  }
  Ending Playbook(const std::vector<std::string>& words) {
    std::vector<std::string> arguments = {"playbook", "-c", config_};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return RunFoothold(arguments);
  }
  // The modes of what was said of the user's activation, in order.
  std::vector<std::string> SaidOf(const std::string& user) {
    std::vector<std::string> modes;
    for (const PlainRecord& record :
         Consume(log_.get(), ActivationTopic(setup_), kOutputPartitions)) {
      const std::string& value = record.value.value_or("");
      const bool is_of_user = value.find(fmt::format(R"("userId":"{}")", user)) != value.npos &&
                              value.find(R"("to":"activated")") != value.npos;
      for (const auto& [name, text] : record.headers) {
        if (is_of_user && name == "ce_fhmode") {
          modes.push_back(text.value_or(""));
        }
      }
    }
    return modes;
  }
  void ExpectThatReplayAgrees() {
    const Ending replayed = RunFoothold({"replay", "-c", config_, "--journal"});
    ASSERT_EQ(replayed.code, kExitOk) << replayed.error;
    const Outputs ran = OutputsOfRun(log_.get(), setup_);
    const Outputs of_journal = OutputsOfReplay(setup_, replayed.out);
    EXPECT_GT(ran.decision_count(), 0U);
    EXPECT_EQ(FirstDifference(ran.decisions, of_journal.decisions), "");
    EXPECT_EQ(FirstDifference(ran.user_statuses, of_journal.user_statuses), "");
    EXPECT_EQ(FindSequenceFault(ran), "");
  }

  Folder folder_;
  std::unique_ptr<log::Log> log_;
  RunSetup setup_;
  std::string next_;
  std::string config_;
};

TEST_F(RunPrepareTest, WhatItCostsIsSaidFirstAndNothingIsWritten) {
  SignUp(0, 1);
  RunToTheEnd();
  const std::size_t before = Consume(log_.get(), JournalTopic(setup_), 2).size();

  const Ending planned = Playbook({"publish", next_});

  EXPECT_EQ(planned.code, kExitOk) << planned.error;
  EXPECT_THAT(planned.out, HasSubstr("it needs history that the state has not kept\n"));
  EXPECT_THAT(planned.out, HasSubstr("not kept so far: insight.pinned\n"));
  EXPECT_THAT(planned.out, HasSubstr("records of the journal in 2 partitions are read"));
  EXPECT_THAT(planned.out, HasSubstr("nothing was written; --execute publishes\n"));
  EXPECT_EQ(Consume(log_.get(), JournalTopic(setup_), 2).size(), before);
}

TEST_F(RunPrepareTest, ThePastIsDecidedAsRedecidedOnce) {
  SignUp(0, 3);
  RunToTheEnd();

  const Ending published = Playbook({"publish", next_, "--execute"});
  ASSERT_EQ(published.code, kExitOk) << published.error;
  SignUp(3, 4);
  RunToTheEnd();

  EXPECT_THAT(published.out, HasSubstr("playbook pinning@2 prepared\n"));
  EXPECT_THAT(published.out, HasSubstr("of 3 users and accounts the past is known now\n"));
  EXPECT_THAT(published.out, HasSubstr("playbook pinning@2 published\n"));
  EXPECT_THAT(SaidOf("v0"), testing::ElementsAre("redecided"));
  EXPECT_THAT(SaidOf("v3"), testing::SizeIs(1));
  EXPECT_THAT(SaidOf("v3"), Not(testing::Contains("redecided")));
  ExpectThatReplayAgrees();
}

TEST_F(RunPrepareTest, KilledInTheMiddleItIsBegunAnewAndHeldByNobody) {
  constexpr int kUsers = 1'500;
  SignUp(0, kUsers);
  RunToTheEnd();
  auto service = Child::Start({"run", "-c", config_});
  auto command = Child::Start({"playbook", "-c", config_, "publish", next_, "--execute"});
  bool is_prepared = false;
  for (int look = 0; look < kLooksMax && !is_prepared && command->IsRunning(); ++look) {
    is_prepared =
        Playbook({"show"}).out.find("pinning@2 prepared, not published yet") != std::string::npos;
  }
  ASSERT_TRUE(is_prepared) << "the command was done before it could be killed";
  command->Signal(SIGKILL);
  command->Wait();
  service->Signal(SIGKILL);
  service->Wait();
  SignUp(kUsers, kUsers + 10);
  EXPECT_THAT(Playbook({"show"}).out, HasSubstr("pinning@2 prepared, not published yet"));
  EXPECT_THAT(SaidOf("v0"), testing::IsEmpty());

  service = Child::Start({"run", "-c", config_});
  const Ending published = Playbook({"publish", next_, "--execute"});
  ASSERT_EQ(published.code, kExitOk) << published.error;
  service->Signal(SIGKILL);  // While it decides anew, or before.
  service->Wait();
  RunToTheEnd();

  EXPECT_THAT(Playbook({"show"}).out, Not(HasSubstr("prepared")));
  for (const int user : {0, kUsers / 2, kUsers - 1, kUsers + 9}) {
    EXPECT_THAT(SaidOf(fmt::format("v{}", user)), testing::SizeIs(1)) << user;
  }
  ExpectThatReplayAgrees();
}

// The entry about who has become somebody else meanwhile finds nobody: that is noticed.
TEST_F(RunPrepareTest, WhoBecomesSomebodyElseMeanwhileIsRecalledAsThat) {
  SignUp(0, 3);
  RunToTheEnd();
  const SystemWallClock clock;
  const Logger logger({.level = LogLevel::kWarning}, clock);
  const auto desk = kafka::Must(ControlDesk::Open(config_, &logger));
  const journey::Playbook current = *kafka::Must(desk->Read()).playbook;
  journey::Playbook next = config::LoadPlaybook(next_)->playbook;
  next.version = 2;
  kafka::Must(StatusOf(desk->Say(codec::PreparePlaybook{.playbook = next}, 1)));
  const auto preparation =
      kafka::Must(Preparation::Open(config_, desk.get(), current, next, &logger));
  const Rerun::Progress nobody = [](double) {};
  kafka::Must(preparation->Read(nobody));

  Produce(log_.get(), setup_.source,
          {{.partition = 0,
            .value = R"({"type":"alias","userId":"w0","previousId":"v0","messageId":"a1",)"
                     R"("timestamp":"2026-01-13T10:00:00Z","context":{"groupId":"acme"}})"}});
  RunToTheEnd();
  EXPECT_FALSE(kafka::Must(preparation->Write()));
  kafka::Must(preparation->Read(nobody));
  EXPECT_FALSE(kafka::Must(preparation->Write()));
  kafka::Must(preparation->Read(nobody));
  EXPECT_TRUE(kafka::Must(preparation->Write()));
  kafka::Must(StatusOf(desk->Say(codec::PublishPlaybook{.playbook = next}, 1)));
  RunToTheEnd();

  EXPECT_EQ(preparation->subjects(), 4);
  EXPECT_THAT(SaidOf("w0"), testing::ElementsAre("redecided"));
  EXPECT_THAT(SaidOf("v1"), testing::ElementsAre("redecided"));
  ExpectThatReplayAgrees();
}

TEST_F(RunPrepareTest, AJournalThatBeginsLaterIsRefusedWithTheChoice) {
  SignUp(0, 1);
  RunToTheEnd();
  kafka::DeleteAllRecords(setup_.servers, JournalTopic(setup_),
                          PartitionId{PartitionOfKey("acme", 2)});

  const Ending refused = Playbook({"publish", next_, "--execute"});
  const Ending forced = Playbook({"publish", next_, "--execute", "--from-now"});

  EXPECT_EQ(refused.code, kExitConfig);
  EXPECT_THAT(refused.error, HasSubstr("no longer retained; --from-now publishes it"));
  EXPECT_EQ(forced.code, kExitOk) << forced.error;
  EXPECT_THAT(forced.out, HasSubstr("playbook pinning@2 published\n"));
}

}  // namespace
}  // namespace foothold::app
