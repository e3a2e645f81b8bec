#include "src/app/journal_edit.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "src/config/playbook_file.h"

namespace foothold::app {
namespace {

using codec::JournalBatchReader;
using codec::JournalBatchWriter;

Instant At(int minute) { return InstantFromMs(1'767'225'600'000) + minute * kMinute; }

journey::Progress ReadTo(bool is_at_end, int minute) {
  journey::Progress progress;
  progress.partitions[{"product", "events", 0}] = {.event_time_max = At(minute),
                                                   .event_time_min = At(0),
                                                   .is_at_end = is_at_end,
                                                   .broker_time_max = At(minute)};
  progress.wall = At(minute);
  return progress;
}

// "publish mine@1", "progress", "release 3", ...: the entries of a batch.
std::vector<std::string> Told(const std::string& batch) {
  const JournalBatchReader reader = JournalBatchReader::Open(batch).value();
  std::vector<std::string> told;
  for (std::size_t i = 0; i < reader.count(); ++i) {
    const codec::JournalEntry entry = reader.entry(i).value();
    if (const auto* control = std::get_if<codec::Control>(&entry)) {
      const auto* publish = std::get_if<codec::PublishPlaybook>(&control->action);
      told.push_back(publish == nullptr ? "word" : "publish " + publish->playbook.name);
    } else if (const auto* release = std::get_if<codec::Release>(&entry)) {
      told.push_back("release " + std::to_string((release->wall - At(0)) / kMinute));
    } else if (const auto* recollection = std::get_if<codec::Recollection>(&entry)) {
      told.push_back("recollection of " + std::to_string(recollection->trackers.size()));
    } else {
      told.push_back("progress");
    }
  }
  return told;
}

class JournalEditTest : public testing::Test {
 protected:
  JournalEditTest() {
    journey::Playbook playbook = config::DefaultPlaybook();
    playbook.name = "mine";
    edit_.emplace(playbook);
  }
  std::vector<std::string> Rewrite() {
    return Told(edit_->Rewrite(PartitionId{0}, writer_.Take()).value());
  }

  std::optional<JournalEdit> edit_;
  JournalBatchWriter writer_;
};

TEST_F(JournalEditTest, EachPlaybookBecomesTheOneAndWordsStay) {
  writer_.Append(codec::Control{
      .number = 1, .follows = 0, .action = codec::PublishPlaybook{config::DefaultPlaybook()}});
  writer_.Append(codec::Control{
      .number = 2,
      .follows = 1,
      .action = codec::RuleWord{.rule = "r", .word = codec::RuleWord::Word::kPause}});

  EXPECT_EQ(Rewrite(), (std::vector<std::string>{"publish mine", "word"}));
}

TEST_F(JournalEditTest, WhatWasPreparedHoldsFromTheBeginningAndIsRecalledByNobody) {
  writer_.Append(codec::Control{
      .number = 2, .follows = 1, .action = codec::PreparePlaybook{config::DefaultPlaybook()}});
  writer_.Append(
      codec::Recollection{.tenant = "acme", .user = "ada", .trackers = {{.key = 7, .kept = {}}}});

  EXPECT_EQ(Rewrite(), (std::vector<std::string>{"publish mine", "recollection of 0"}));
}

TEST_F(JournalEditTest, WhereAllWasReadAReleaseFollowsAMinuteApartAtLeast) {
  writer_.Append(ReadTo(true, 1));
  writer_.Append(ReadTo(true, 1));
  writer_.Append(ReadTo(true, 2));

  EXPECT_EQ(Rewrite(), (std::vector<std::string>{"progress", "release 1", "progress", "progress",
                                                 "release 2"}));
}

TEST_F(JournalEditTest, WhileABacklogIsReadNothingIsReleased) {
  writer_.Append(ReadTo(false, 1));

  EXPECT_EQ(Rewrite(), std::vector<std::string>{"progress"});
}

TEST_F(JournalEditTest, AReleaseThatIsThereNeedsNoOther) {
  writer_.Append(codec::Release{.wall = At(5)});
  writer_.Append(ReadTo(true, 5));

  EXPECT_EQ(Rewrite(), (std::vector<std::string>{"release 5", "progress"}));
}

TEST_F(JournalEditTest, AFullBatchStaysWithinItsBound) {
  for (std::size_t i = 0; i < codec::kJournalBatchEntriesMax; ++i) {
    writer_.Append(ReadTo(true, static_cast<int>(2 * i)));
  }

  EXPECT_EQ(Rewrite().size(), codec::kJournalBatchEntriesMax);
}

}  // namespace
}  // namespace foothold::app
