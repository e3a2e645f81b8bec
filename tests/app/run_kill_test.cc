// `foothold run` is killed again and again, and its broker as well, in the middle of transactions
// of both stages. What comes out is what a run without a death gives: nothing lost, nothing twice.

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "benchmarks/traffic.h"
#include "src/app/command.h"
#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/codec/journal.h"
#include "tests/app/outputs.h"
#include "tests/app/running.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

using kafka::Must;
using std::chrono::steady_clock;

constexpr std::int32_t kSourcePartitions = 8;
constexpr std::int32_t kJournalPartitions = 4;
constexpr int kAbortedMin = 3;
constexpr int kEventsMin = 50'000;
constexpr int kEventsAtFirst = 20'000;
constexpr int kEventsOfSlice = 1'000;
constexpr int kUnreadMin = 500;
constexpr int kEventsAfterNewest = 300;
// Looks between those at what is unread, and looks at a stopped process before its transactions are
// taken to stay open.
constexpr int kLooksPerFeed = 50;
constexpr int kSureLooks = 150;
constexpr milliseconds kWaitMax{240'000};
constexpr milliseconds kCommittedMax{1'000};

// 60 days, of which half are used or so: windows close, and the traffic is never used up.
const benchmarks::TrafficOptions kTraffic{
    .seed = 11, .events = 120'000, .users = 2'000, .span = 60 * kDay};

using Place = std::pair<std::int32_t, std::int64_t>;  // Partition and offset.

// Writes the traffic to the source as it is asked for, and the same records to a file.
class Feed {
 public:
  Feed(log::Log* log, std::string topic, const std::string& path)
      : log_(log), topic_(std::move(topic)), file_(path, std::ios::binary), traffic_(kTraffic) {}

  void Add(int count) {
    std::vector<PlainRecord> records;
    std::string key;
    std::string value;
    for (int i = 0; i < count; ++i) {
      FOOTHOLD_CHECK(traffic_.Next(&key, &value), "there is always more traffic");
      records.push_back(RecordOf(key, value));
    }
    Write(records);
  }
  // An event of 5 hours after the last one: as far ahead as intake does not wait for the others.
  void AddNewest() {
    const milliseconds passed = kTraffic.span / kTraffic.events * count_;
    const std::string value = fmt::format(
        R"({{"type":"track","event":"Signed In","userId":"newest","messageId":"newest",)"
        R"("timestamp":"{}","context":{{"groupId":"newest"}}}})",
        FormatRfc3339(kTraffic.start + passed + 5 * kHour));
    Write({RecordOf("newest", value)});
  }

  int count() const { return count_; }

 private:
  static PlainRecord RecordOf(const std::string& key, const std::string& value) {
    return {.partition = PartitionOfKey(key, kSourcePartitions),
            .key = key,
            .value = value,
            .headers = {}};
  }
  void Write(const std::vector<PlainRecord>& records) {
    Produce(log_, topic_, records);
    for (const PlainRecord& record : records) {
      file_ << *record.value << '\n';
    }
    file_.flush();
    FOOTHOLD_CHECK(!file_.fail(), "the file of the events cannot be written");
    count_ += static_cast<int>(records.size());
  }

  log::Log* log_;
  std::string topic_;
  std::ofstream file_;
  benchmarks::Traffic traffic_;
  int count_ = 0;
};

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Here much comes late: in the file behind the newest event, in the run behind what other
// partitions had. What was known at a time decides for good whom somebody was asked to help, and,
// by the hysteresis of its levels, which way a risk came to its score.
std::map<std::string, Fields> WithoutThePath(std::map<std::string, Fields> statuses) {
  for (auto& [user, fields] : statuses) {
    fields.erase("openInterventions");
    fields.erase("activationClass");
    fields.erase("dropoffRisk");
  }
  return statuses;
}

enum Victim { kProcess, kBroker };

// What was open when something died, by partition.
using EndsByPartition = std::map<std::int32_t, kafka::Ends>;
struct Death {
  EndsByPartition journal;
  EndsByPartition statuses;
};

class RunKillTest : public testing::Test {
 protected:
  RunKillTest()
      : broker_(
            Must(kafka::TestBroker::Start({.version = kafka::kKillableVersion, .properties = {}}))),
        log_(kafka::OpenLog(broker_->servers())),
        ends_(broker_->servers()),
        setup_(NewSetup(broker_->servers(), folder_)) {
    setup_.source = kafka::MakeTopic(log_.get(), kSourcePartitions);
    setup_.journal_partitions = kJournalPartitions;
    // The breaker counts by partition of the journal, of which a replay of files has one.
    setup_.playbook = folder_.Write("crowd.yaml",
                                    "playbook: crowd\n"
                                    "extends: default\n"
                                    "gate: {breaker: none}\n");
    config_ = WriteConfig(setup_, folder_);
    intake_group_ = Must(log_->NewConsumer({.group = setup_.app + "-intake"}));
    feed_.emplace(log_.get(), setup_.source, folder_.PathOf("events.ndjson"));
  }

  void StartRun() { run_ = Child::Start({"run", "-c", config_}); }

  // A process may give up while there is no broker: it is started again, as a supervisor would.
  void KeepRunning() {
    if (run_->IsRunning()) {
      return;
    }
    const Ending ending = run_->Wait();
    FOOTHOLD_CHECK(broker_deaths_ > 0 && ending.code == kExitFailure, ending.error);
    fmt::print("ended without a broker: {}\n", ending.error);
    ++restarts_;
    StartRun();
  }

  // Lets the run work until the stage that writes to `topic` has a transaction open whose records
  // the broker has, and stops the process there. Its intake always has more to read.
  Death StopAtWorkOn(const std::string& topic) {
    const auto deadline = steady_clock::now() + kWaitMax;
    for (int look = 1; steady_clock::now() < deadline; ++look) {
      KeepRunning();
      if (IsOpen(topic)) {
        run_->Signal(SIGSTOP);
        if (StaysOpen(topic)) {
          return LookAround();
        }
        run_->Signal(SIGCONT);
      }
      if (look % kLooksPerFeed == 0 && CountUnread().value_or(kUnreadMin) < kUnreadMin) {
        feed_->Add(kEventsOfSlice);
      }
    }
    FOOTHOLD_CHECK(false, "no transaction that writes to " + topic + " is ever open");
  }

  // Whether a transaction is open that began after the last death: what that left open may be
  // still.
  bool IsOpen(const std::string& topic) const {
    const kafka::Ends ends = ends_.EndsOf(topic, PartitionId{0});
    const std::int64_t left = deaths_.empty() ? 0 : EndsIn(deaths_.back(), topic).at(0).high;
    return ends.has_open() && ends.stable >= left;
  }
  const EndsByPartition& EndsIn(const Death& death, const std::string& topic) const {
    return topic == JournalTopic(setup_) ? death.journal : death.statuses;
  }

  // Of a stopped process: an end that was on its way to the broker takes effect all the same.
  bool StaysOpen(const std::string& topic) const {
    for (int i = 0; i < kSureLooks; ++i) {
      if (!IsOpen(topic)) {
        return false;
      }
    }
    return true;
  }

  Death LookAround() const {
    Death death;
    for (std::int32_t i = 0; i < kJournalPartitions; ++i) {
      death.journal[i] = ends_.EndsOf(JournalTopic(setup_), PartitionId{i});
    }
    for (std::int32_t i = 0; i < kOutputPartitions; ++i) {
      death.statuses[i] = ends_.EndsOf(UserStatusTopic(setup_), PartitionId{i});
    }
    return death;
  }

  void KillRun() {
    run_->Signal(SIGKILL);
    EXPECT_EQ(run_->Wait().code, 128 + SIGKILL);
  }

  void KillBroker() {
    broker_->Kill9();
    ++broker_deaths_;
    run_->Signal(SIGCONT);
    Must(broker_->Restart());
  }

  // How many offsets of the source intake has not committed yet; nullopt while a transaction of its
  // is open.
  std::optional<std::int64_t> CountUnread() const {
    std::vector<log::TopicPartition> partitions;
    for (std::int32_t i = 0; i < kSourcePartitions; ++i) {
      partitions.push_back({setup_.source, PartitionId{i}});
    }
    const auto committed = intake_group_->Committed(partitions, kCommittedMax);
    if (!committed.has_value()) {
      return std::nullopt;
    }
    std::int64_t unread = 0;
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      // The last record is the marker of the transaction that wrote the others.
      const std::int64_t end = ends_.EndsOf(setup_.source, partitions[i].partition).high - 1;
      unread += std::max<std::int64_t>(0, end - (*committed)[i].value_or(NextOffset{0}).value);
    }
    return unread;
  }

  void AwaitAllRead() {
    const auto deadline = steady_clock::now() + kWaitMax;
    while (CountUnread() != 0) {
      FOOTHOLD_CHECK(steady_clock::now() < deadline, "the source is never read to its end");
      KeepRunning();
    }
  }

  // How many of the deaths cut a transaction short: one of whose records, open then, readers of
  // all records still see, and readers of committed ones do not. A stage has one worker, which has
  // one transaction open at a time, so that a death aborts one of a stage or none. (Of a topic
  // that is compacted in long intervals only: nothing is compacted yet.)
  int CountAborted(const std::string& topic, std::int32_t partitions) const {
    std::set<Place> aborted;
    ForEachRecord(log_.get(), topic, partitions, Reading::kAll, [&](const log::RecordView& record) {
      aborted.emplace(record.partition.value, record.offset);
    });
    ForEachRecord(log_.get(), topic, partitions, Reading::kCommitted,
                  [&](const log::RecordView& record) {
                    aborted.erase({record.partition.value, record.offset});
                  });
    const auto count = std::ranges::count_if(deaths_, [&](const Death& death) {
      return std::ranges::any_of(EndsIn(death, topic), [&](const auto& of_partition) {
        const auto& [partition, open] = of_partition;
        const auto first = aborted.lower_bound({partition, open.stable});
        return first != aborted.end() && *first < Place(partition, open.high);
      });
    });
    fmt::print("{}: {} records of {} transactions aborted\n", topic, aborted.size(), count);
    return static_cast<int>(count);
  }

  // The places in the source of all events in the journal and of all dead letters, sorted.
  std::vector<Place> PlacesWritten() const {
    std::vector<Place> places;
    ForEachRecord(log_.get(), JournalTopic(setup_), kJournalPartitions, Reading::kCommitted,
                  [&](const log::RecordView& record) {
                    const auto batch = Must(codec::JournalBatchReader::Open(*record.value));
                    for (std::size_t i = 0; i < batch.count(); ++i) {
                      const codec::JournalEntry entry = Must(batch.entry(i));
                      if (const auto* event = std::get_if<journey::Event>(&entry)) {
                        places.emplace_back(event->position.partition.value,
                                            event->position.offset);
                      }
                    }
                  });
    for (const PlainRecord& letter :
         Consume(log_.get(), DeadLetterTopic(setup_), kOutputPartitions)) {
      const std::map<std::string, std::optional<std::string>> headers(letter.headers.begin(),
                                                                      letter.headers.end());
      places.emplace_back(std::stoi(headers.at("dlq_partition").value()),
                          std::stoll(headers.at("dlq_offset").value()));
    }
    std::ranges::sort(places);
    return places;
  }
  std::vector<Place> PlacesOfSource() const {
    std::vector<Place> places;
    ForEachRecord(log_.get(), setup_.source, kSourcePartitions, Reading::kCommitted,
                  [&](const log::RecordView& record) {
                    places.emplace_back(record.partition.value, record.offset);
                  });
    std::ranges::sort(places);
    return places;
  }

  Folder folder_;
  std::unique_ptr<kafka::TestBroker> broker_;
  std::unique_ptr<log::Log> log_;
  kafka::EndsReader ends_;
  RunSetup setup_;
  std::string config_;
  std::unique_ptr<log::Consumer> intake_group_;  // An onlooker.
  std::optional<Feed> feed_;
  std::unique_ptr<Child> run_;
  std::vector<Death> deaths_;
  int broker_deaths_ = 0;
  int restarts_ = 0;
};

TEST_F(RunKillTest, NothingIsLostAndNothingIsTwiceThroughDeathsOfProcessAndBroker) {
  feed_->Add(kEventsAtFirst);
  StartRun();
  const std::array victims{kProcess, kProcess, kBroker, kProcess, kBroker, kProcess, kProcess};
  for (const Victim victim : victims) {
    // In turn in the middle of a transaction of the one stage and of the other, for certain; of the
    // other one often as well.
    const bool is_intakes_turn = deaths_.size() % 2 == 0;
    deaths_.push_back(
        StopAtWorkOn(is_intakes_turn ? JournalTopic(setup_) : UserStatusTopic(setup_)));
    if (victim == kBroker) {
      KillBroker();
    } else {
      KillRun();
      StartRun();
    }
  }
  // The newest event is read before the last death, and what is left for the end is all older: the
  // clock must go to the newest all the same.
  feed_->Add(std::max(0, kEventsMin - feed_->count()));
  feed_->AddNewest();
  AwaitAllRead();
  KillRun();
  feed_->Add(kEventsAfterNewest);

  // The drain and the replay of the file run side by side.
  const std::string replayed_path = folder_.Write("replayed.ndjson", "");
  const auto replay = Child::Start({"replay", "-c", config_, folder_.PathOf("events.ndjson")},
                                   {.output_to = replayed_path});
  const Ending drain = Child::Start({"run", "-c", config_, "--drain"})->Wait();
  const Ending of_file = replay->Wait();
  const Ending of_journal = Child::Start({"replay", "-c", config_, "--journal"})->Wait();

  ASSERT_EQ(drain.code, kExitOk) << drain.error;
  ASSERT_EQ(of_file.code, kExitOk) << of_file.error;
  ASSERT_EQ(of_journal.code, kExitOk) << of_journal.error;
  fmt::print("{} events, {} processes gave up without a broker\n", feed_->count(), restarts_);
  EXPECT_GE(CountAborted(JournalTopic(setup_), kJournalPartitions), kAbortedMin);
  EXPECT_GE(CountAborted(UserStatusTopic(setup_), kOutputPartitions), kAbortedMin);
  // Each record of the source is one event of the journal or one dead letter.
  EXPECT_TRUE(PlacesWritten() == PlacesOfSource());
  const Outputs ran = OutputsOfRun(log_.get(), setup_);
  const Outputs replayed = OutputsOfReplay(setup_, TextOf(replayed_path));
  EXPECT_GT(ran.dead_letters.size(), 25U);
  EXPECT_EQ(ran.dead_letters, replayed.dead_letters);
  EXPECT_GT(ran.user_statuses.size(), 1'000U);
  EXPECT_GT(ran.decision_count(), 2'000U);
  EXPECT_EQ(
      FirstDifference(WithoutThePath(ran.user_statuses), WithoutThePath(replayed.user_statuses)),
      "");
  EXPECT_EQ(FirstDifference(ran.decisions, OutputsOfReplay(setup_, of_journal.out).decisions), "");
  EXPECT_EQ(FindSequenceFault(ran), "");
}

}  // namespace
}  // namespace foothold::app
