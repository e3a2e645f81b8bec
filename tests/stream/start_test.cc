// What is checked and written before the first event: topics, ledger, journal.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/codec/journal.h"
#include "src/config/playbook_file.h"
#include "src/log/memory_log.h"
#include "src/stream/control_writer.h"
#include "src/stream/topics.h"
#include "tests/fakes/manual_clock.h"

namespace foothold::stream {
namespace {

// A log on which something happens when the n-th consumer is opened.
class InterruptedLog final : public log::Log {
 public:
  InterruptedLog(log::Log* log, int at, std::function<void()> interruption)
      : log_(log), left_(at), interruption_(std::move(interruption)) {}

  Result<std::unique_ptr<log::Consumer>> NewConsumer(const log::ConsumerOptions& options) override {
    if (--left_ == 0) {
      interruption_();
    }
    return log_->NewConsumer(options);
  }
  Result<std::unique_ptr<log::TransactionalProducer>> NewProducer(
      const log::ProducerOptions& options) override {
    return log_->NewProducer(options);
  }
  Result<std::unique_ptr<log::Admin>> NewAdmin() override { return log_->NewAdmin(); }

 private:
  log::Log* log_;
  int left_;
  std::function<void()> interruption_;
};

using ::testing::AllOf;
using ::testing::HasSubstr;

class StartTest : public ::testing::Test {
 protected:
  StartTest() : log_(clock_), admin_(log_.NewAdmin().value()) {
    options_.topics = TopicNames::ForApp("shop");
    options_.journal_partitions = 3;
  }

  void Make(const std::string& name, std::int32_t partitions,
            std::map<std::string, std::string> configs) {
    ASSERT_TRUE(admin_
                    ->CreateTopics(std::vector<log::TopicSpec>{
                        {.name = name, .partitions = partitions, .configs = std::move(configs)}})
                    .ok());
  }
  std::string Refusal() {
    const Status status = EnsureTopics(admin_.get(), options_);
    EXPECT_FALSE(status.ok());
    if (status.ok()) {
      return "";
    }
    EXPECT_EQ(status.code(), Code::kFatal);
    return status.message();
  }
  ControlWriter NewWriter() { return NewWriterOn(&log_); }
  ControlWriter NewWriterOn(log::Log* log) {
    return ControlWriter(log, {.app = "shop",
                               .instance = "one",
                               .topics = options_.topics,
                               .journal_partitions = 3,
                               .retry = {.retries_max = 3}});
  }
  static journey::Roster RosterOf(std::int32_t partitions, std::optional<Instant> begin) {
    journey::RosterSource source;
    source.name = "product";
    source.topic_partitions = {{"events", partitions}};
    source.history_begin = begin;
    return {.mode = journey::ClockMode::kWall, .sources = {source}};
  }
  std::int64_t EndOf(const std::string& topic, std::int32_t partition) {
    const std::unique_ptr<log::Consumer> reader = log_.NewConsumer({}).value();
    return reader->QueryWatermarks({topic, PartitionId{partition}}, milliseconds{0}).value().high;
  }

  ManualWallClock clock_;
  log::MemoryLog log_;
  std::unique_ptr<log::Admin> admin_;
  TopicOptions options_;
};

TEST_F(StartTest, MissingTopicsAreMadeAndPassTheChecksAtTheNextStart) {
  ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());

  EXPECT_TRUE(EnsureTopics(admin_.get(), options_).ok());
  const auto changelog = admin_->DescribeTopic("shop-state-changelog").value();
  ASSERT_TRUE(changelog.has_value());
  EXPECT_EQ(changelog->partitions, 3);
  EXPECT_EQ(changelog->configs.at("cleanup.policy"), "compact");
  EXPECT_EQ(admin_->DescribeTopic("shop-control").value()->partitions, 1);
}

TEST_F(StartTest, AnotherNumberOfPartitionsIsRefusedWithBothNumbers) {
  Make("shop-journal", 5, {});

  EXPECT_THAT(Refusal(), AllOf(HasSubstr("shop-journal"), HasSubstr("has 5 partitions"),
                               HasSubstr("says 3"), HasSubstr("new app id")));
}

TEST_F(StartTest, AChangelogThatForgetsIsRefused) {
  Make("shop-state-changelog", 3, {{"cleanup.policy", "delete"}});

  EXPECT_THAT(Refusal(), AllOf(HasSubstr("shop-state-changelog"),
                               HasSubstr("cleanup.policy=delete"), HasSubstr("set it to compact")));
}

TEST_F(StartTest, AJournalThatForgetsTooSoonIsRefused) {
  Make("shop-journal", 3, {{"cleanup.policy", "delete"}, {"retention.ms", "604800000"}});

  EXPECT_THAT(Refusal(), AllOf(HasSubstr("retention.ms=604800000"), HasSubstr("10368000000")));
}

TEST_F(StartTest, ThePeopleTopicsAreMadeAndCheckedLikeTheOthers) {
  ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());
  const auto people = admin_->DescribeTopic("shop-people").value();
  ASSERT_TRUE(people.has_value());
  EXPECT_EQ(people->partitions, 4);
  // A record goes there as it came and as it was read.
  EXPECT_EQ(people->configs.at("max.message.bytes"), "2200000");
  EXPECT_EQ(admin_->DescribeTopic("shop-people-changelog").value()->configs.at("cleanup.policy"),
            "compact");

  options_.people_partitions = 8;
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("shop-people"), HasSubstr("has 4 partitions")));
}

TEST_F(StartTest, ATopicThatTakesSmallerRecordsIsRefused) {
  Make("shop-journal", 3, {{"max.message.bytes", "1000"}, {"retention.ms", "-1"}});

  EXPECT_THAT(Refusal(), HasSubstr("max.message.bytes=1000"));
}

TEST_F(StartTest, ASourceThatDoesNotExistIsNamed) {
  const Result<std::vector<std::int32_t>> counts = SourcePartitions(admin_.get(), {"evnts"});

  ASSERT_FALSE(counts.has_value());
  EXPECT_EQ(counts.error().code(), Code::kFatal);
  EXPECT_THAT(counts.error().message(), HasSubstr("source topic evnts does not exist"));
}

// It would stop every reader of the journal for good.
TEST_F(StartTest, AWordThatNobodyCouldReadIsNotWritten) {
  ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());
  ASSERT_TRUE(NewWriter().Seed(config::DefaultPlaybook(), RosterOf(4, kEpoch + kDay)).has_value());
  const std::int64_t end = EndOf("shop-journal", 2);

  const auto said = NewWriter().Say(
      codec::ApprovalWord{.tenant = "caf\xE9", .user = "", .rule = "large_account_stuck"},
      std::nullopt);

  ASSERT_FALSE(said.has_value());
  EXPECT_EQ(said.error().code(), Code::kInvalid);
  EXPECT_THAT(said.error().message(), HasSubstr("not UTF-8"));
  EXPECT_EQ(EndOf("shop-journal", 2), end);
}

TEST_F(StartTest, ASeedIsWrittenOnceIntoLedgerAndEveryJournalPartition) {
  ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());
  const journey::Playbook playbook = config::DefaultPlaybook();

  const auto first = NewWriter().Seed(playbook, RosterOf(4, kEpoch + kDay));
  journey::Playbook other = playbook;
  other.version = 7;
  const std::int64_t end = EndOf("shop-journal", 2);
  const auto second = NewWriter().Seed(other, RosterOf(4, kEpoch + 9 * kDay));

  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_GT(end, 0);
  EXPECT_EQ(EndOf("shop-journal", 2), end);
  EXPECT_EQ(second->last_number, 1U);
  EXPECT_EQ(second->playbook->version, playbook.version);
  EXPECT_EQ(second->roster->sources[0].history_begin, kEpoch + kDay);
}

// An app may have run before there was a people stage.
TEST_F(StartTest, EveryPeoplePartitionGetsWhatHoldsWheneverSomethingIsWritten) {
  ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());
  ASSERT_TRUE(NewWriter().Seed(config::DefaultPlaybook(), RosterOf(4, kEpoch + kDay)).has_value());
  ASSERT_TRUE(NewWriter().Seed(config::DefaultPlaybook(), RosterOf(6, kEpoch + kDay)).has_value());

  const std::unique_ptr<log::CommittedReader> reader =
      log_.ReadCommitted(std::vector<std::string>{"shop-people"}).value();
  std::map<std::int32_t, std::vector<std::string>> kinds;
  for (const log::RecordView& record : reader->Read(100)) {
    const auto batch = codec::JournalBatchReader::Open(*record.value).value();
    for (std::size_t i = 0; i < batch.count(); ++i) {
      const codec::JournalEntry entry = batch.entry(i).value();
      kinds[record.partition.value].emplace_back(
          std::holds_alternative<codec::Control>(entry) ? "playbook" : "roster");
    }
  }
  EXPECT_EQ(kinds.size(), 4U);
  EXPECT_EQ(kinds[3], (std::vector<std::string>{"playbook", "roster", "playbook", "roster"}));
}

TEST_F(StartTest, ARosterThatChangedIsWrittenWithTheBeginningsThatWereFixed) {
  ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());
  ASSERT_TRUE(NewWriter().Seed(config::DefaultPlaybook(), RosterOf(4, kEpoch + kDay)).has_value());
  const std::int64_t end = EndOf("shop-journal", 0);

  ASSERT_TRUE(
      NewWriter().Seed(config::DefaultPlaybook(), RosterOf(6, kEpoch + 9 * kDay)).has_value());

  EXPECT_GT(EndOf("shop-journal", 0), end);
  const auto ledger = NewWriter().ReadLedger();
  ASSERT_TRUE(ledger.has_value());
  EXPECT_EQ(ledger->roster->sources[0].topic_partitions.at("events"), 6);
  EXPECT_EQ(ledger->roster->sources[0].history_begin, kEpoch + kDay);
}

TEST_F(StartTest, AnEmptyLedgerBesideAJournalIsRefused) {
  ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());
  ASSERT_TRUE(log_.AppendInput({.topic = "shop-journal",
                                .partition = PartitionId{1},
                                .key = std::nullopt,
                                .value = "x",
                                .headers = {},
                                .timestamp = std::nullopt})
                  .has_value());

  const auto seeded = NewWriter().Seed(config::DefaultPlaybook(), RosterOf(4, kEpoch));

  ASSERT_FALSE(seeded.has_value());
  EXPECT_THAT(seeded.error().message(), HasSubstr("the ledger was deleted"));
}

// Instances of a new app start together: whatever one looks at, the other may just have written.
TEST_F(StartTest, ASeedOfAnotherInstanceAtAnyMomentIsNoLedgerThatWasDeleted) {
  const journey::Playbook playbook = config::DefaultPlaybook();
  for (int at = 1; at <= 4; ++at) {
    options_.topics = TopicNames::ForApp(fmt::format("shop{}", at));
    ASSERT_TRUE(EnsureTopics(admin_.get(), options_).ok());
    bool was_interrupted = false;
    InterruptedLog log(&log_, at, [&] {
      was_interrupted = true;
      ASSERT_TRUE(NewWriter().Seed(playbook, RosterOf(4, kEpoch + kDay)).has_value());
    });

    const auto seeded = NewWriterOn(&log).Seed(playbook, RosterOf(4, kEpoch + 9 * kDay));

    ASSERT_TRUE(seeded.has_value()) << at << ": " << seeded.error().message();
    EXPECT_TRUE(was_interrupted || at == 4);
    EXPECT_EQ(seeded->last_number, 1U);
  }
}

TEST_F(StartTest, HistoryBeginsWithTheEarliestRecordThatIsRetained) {
  Make("events", 2, {});
  const Instant early = kEpoch + 100 * kDay;
  for (const std::int32_t partition : {1, 0}) {
    ASSERT_TRUE(log_.AppendInput({.topic = "events",
                                  .partition = PartitionId{partition},
                                  .key = std::nullopt,
                                  .value = "x",
                                  .headers = {},
                                  .timestamp = early + partition * kDay})
                    .has_value());
  }
  const std::vector<log::TopicPartition> partitions = {{"events", PartitionId{0}},
                                                       {"events", PartitionId{1}}};
  const Instant now = clock_.Now();

  EXPECT_EQ(HistoryBegin(&log_, partitions, {}, now, {.retries_max = 3}).value(), early);
  EXPECT_EQ(HistoryBegin(&log_, partitions, {.kind = StartAt::Kind::kLatest, .time = {}}, now,
                         {.retries_max = 3})
                .value(),
            now);
}

}  // namespace
}  // namespace foothold::stream
