// `foothold import` into a system that runs on a real broker.

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
using testing::Not;

constexpr std::int32_t kJournalPartitions = 2;

class RunImportTest : public testing::Test {
 protected:
  // A system that has read one event of somebody else, 25 January.
  RunImportTest()
      : log_(kafka::OpenLog(kafka::SharedServers())),
        setup_(NewSetup(kafka::SharedServers(), folder_)) {
    setup_.source = kafka::MakeTopic(log_.get(), 1);
    setup_.journal_partitions = kJournalPartitions;
    setup_.extra = "";
    config_ = WriteConfig(setup_, folder_);
    history_ = folder_.Write("history.ndjson",
                             // Not in the order of time, and one line that is no event.
                             EventOf("u1", "Report Exported", 12) + "\n" +
                                 EventOf("u1", "Dashboard Created", 11) + "\n" +
                                 With(EventOf("u1", "Signed Up", 10), "analyst") + "\n{broken\n");
  }

  static std::string With(std::string event, const std::string& role) {
    return event.insert(event.size() - 1, fmt::format(R"(,"properties":{{"role":"{}"}})", role));
  }
  void RunOnce() {
    Produce(log_.get(), setup_.source, {{.partition = 0, .value = EventOf("u2", "Login", 25)}});
    const Ending run = RunFoothold({"run", "-c", config_, "--drain"});
    ASSERT_EQ(run.code, kExitOk) << run.error;
  }
  std::size_t JournalSize() {
    return Consume(log_.get(), JournalTopic(setup_), kJournalPartitions).size();
  }

  Folder folder_;
  std::unique_ptr<log::Log> log_;
  RunSetup setup_;
  std::string config_;
  std::string history_;
};

TEST_F(RunImportTest, WithoutExecuteItSaysWhatItWouldDoAndWritesNothing) {
  RunOnce();
  const std::size_t before = JournalSize();

  const Ending planned = RunFoothold({"import", "-c", config_, history_});

  EXPECT_EQ(planned.code, kExitOk) << planned.error;
  EXPECT_THAT(planned.out, HasSubstr("3 events of 1 users in 1 accounts, 2026-01-10 10:00 UTC to "
                                     "2026-01-12 10:00 UTC\n"));
  EXPECT_THAT(planned.out, HasSubstr("  left out: 1 records, unparseable\n"));
  EXPECT_THAT(planned.out, HasSubstr("  analyst: 1 activated in time, 0 late"));
  EXPECT_THAT(planned.out, HasSubstr("nothing was written; --execute does\n"));
  EXPECT_EQ(JournalSize(), before);
}

TEST_F(RunImportTest, WhatIsImportedIsDecidedAsBackfillAndTwiceIsOnce) {
  RunOnce();

  for (int time = 0; time < 2; ++time) {
    const Ending imported = RunFoothold({"import", "-c", config_, "--execute", history_});
    ASSERT_EQ(imported.code, kExitOk) << imported.error;
    EXPECT_THAT(imported.out, HasSubstr("1 batches were written\n"));
  }
  const Ending run = RunFoothold({"run", "-c", config_, "--drain"});
  ASSERT_EQ(run.code, kExitOk) << run.error;

  std::vector<std::string> told;
  for (const PlainRecord& record :
       Consume(log_.get(), ActivationTopic(setup_), kOutputPartitions)) {
    for (const auto& [name, value] : record.headers) {
      if (name == "ce_fhmode") {
        told.push_back(value.value_or(""));
      }
    }
    EXPECT_THAT(record.value.value_or(""), Not(HasSubstr("\"to\":\"window_expired\"")));
  }
  // On the way, activated, and the account partly so; the import that came again changed nothing.
  EXPECT_THAT(told, testing::Each("backfill"));
  EXPECT_EQ(told.size(), 3U);
  const Ending explained = RunFoothold({"explain", "-c", config_, "acme", "u1"});
  EXPECT_THAT(explained.out, HasSubstr("Activation: activated\n"));
  EXPECT_THAT(explained.out, HasSubstr("history.ndjson[0]@2"));
}

TEST_F(RunImportTest, ASystemThatNeverRanIsRefused) {
  const Ending ending = RunFoothold({"import", "-c", config_, "--execute", history_});

  EXPECT_EQ(ending.code, kExitConfig);
  EXPECT_THAT(ending.error, HasSubstr("start `foothold run` once"));
}

}  // namespace
}  // namespace foothold::app
