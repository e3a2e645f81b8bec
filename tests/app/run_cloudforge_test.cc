// Four months of a product's events through `foothold run` on a real broker, beside `foothold
// replay` of the same file and of the journal that the run has left.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "src/app/command.h"
#include "src/app/input_file.h"
#include "src/base/check.h"
#include "src/base/hash.h"
#include "tests/app/outputs.h"
#include "tests/app/running.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

constexpr char kEvents[] = FOOTHOLD_SOURCE_DIR "/tests/data/cloudforge-300u.events.ndjson.gz";
constexpr std::int32_t kSourcePartitions = 8;

// The file's records, keyed by user as its producer would.
std::vector<PlainRecord> RecordsOfFile() {
  const std::unique_ptr<InputFile> file = kafka::Must(InputFile::Open(kEvents));
  simdjson::dom::parser parser;
  std::vector<PlainRecord> records;
  while (const std::optional<InputFile::Line> line = kafka::Must(file->Next())) {
    std::string text(line->text);
    std::string user(parser.parse(text)["user_id"].get_string().value());
    const std::int32_t partition = PartitionOfKey(user, kSourcePartitions);
    records.push_back(
        {.partition = partition, .key = std::move(user), .value = std::move(text), .headers = {}});
  }
  return records;
}

TEST(RunCloudforgeTest, ARunDecidesWhatReplaysOfTheFileAndOfItsJournalDecide) {
  const Folder folder;
  const auto log = kafka::OpenLog(kafka::SharedServers());
  RunSetup setup = NewSetup(kafka::SharedServers(), folder);
  setup.source = kafka::MakeTopic(log.get(), kSourcePartitions);
  setup.preset = "mixpanel";
  setup.mapping = "tenant: \"const:cloudforge\"";
  setup.playbook = FOOTHOLD_SOURCE_DIR "/deploy/playbooks/cloudforge.yaml";
  const std::vector<PlainRecord> records = RecordsOfFile();
  ASSERT_EQ(records.size(), 34'553U);
  std::set<std::string> users;
  for (const PlainRecord& record : records) {
    users.insert(*record.key);
  }
  Produce(log.get(), setup.source, records);
  const std::string config = WriteConfig(setup, folder);

  const Ending run = RunFoothold({"run", "-c", config, "--drain"});
  const Ending of_file = RunFoothold({"replay", "-c", config, kEvents});
  const Ending of_journal = RunFoothold({"replay", "-c", config, "--journal"});

  ASSERT_EQ(run.code, kExitOk) << run.error;
  ASSERT_EQ(of_file.code, kExitOk) << of_file.error;
  ASSERT_EQ(of_journal.code, kExitOk) << of_journal.error;
  const Outputs ran = OutputsOfRun(log.get(), setup);
  const Outputs replayed = OutputsOfReplay(setup, of_file.out);
  const Outputs folded = OutputsOfReplay(setup, of_journal.out);
  EXPECT_EQ(ran.user_statuses.size(), users.size());
  EXPECT_EQ(FirstDifference(ran.user_statuses, replayed.user_statuses), "");
  EXPECT_EQ(ran.dead_letters, replayed.dead_letters);
  EXPECT_GT(ran.decision_count(), 1'000U);
  EXPECT_EQ(FirstDifference(ran.decisions, folded.decisions), "");
  EXPECT_EQ(FindSequenceFault(ran), "");

  // Commands that look at a system see what they see in its input.
  const Ending stuck = RunFoothold({"stuck", "-c", config, "--younger", "any"});
  EXPECT_EQ(stuck.out, RunFoothold({"stuck", "-c", config, "--younger", "any", kEvents}).out);
  EXPECT_THAT(stuck.out, testing::HasSubstr("13 people stuck for 3d or longer"));
  const Ending explained = RunFoothold({"explain", "-c", config, "cloudforge", *users.begin()});
  EXPECT_EQ(explained.code, kExitOk) << explained.error;
  EXPECT_THAT(explained.out,
              testing::HasSubstr(*users.begin() + ", role engineer of cloudforge\n"));
  EXPECT_THAT(explained.out, testing::HasSubstr(setup.source + "["));
  const Ending tested = RunFoothold({"backtest", setup.playbook, "default", "-c", config});
  EXPECT_EQ(tested.code, kExitOk) << tested.error;
  EXPECT_THAT(tested.out, testing::HasSubstr("before: cloudforge@1   after: default@1\n"));
  EXPECT_THAT(tested.out, testing::HasSubstr("  engineer                      49    146       7"));
}

}  // namespace
}  // namespace foothold::app
