#include "tests/kafka/chaos/campaign.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "src/app/command.h"
#include "src/base/check.h"
#include "tests/kafka/harness.h"

namespace foothold::chaos {
namespace {

using kafka::Must;

constexpr std::size_t kInstances = 3;  // The last one comes and goes.
constexpr int kJournalPartitions = 4;
constexpr milliseconds kSession{6'000};

std::map<Fault, int> CountsOf(const CampaignOptions& options) {
  std::map<Fault, int> counts;
  switch (options.extent) {
    case Extent::kShort:
      counts = {{Fault::kKill, 3},       {Fault::kKillWiped, 2},         {Fault::kStandStill, 1},
                {Fault::kRival, 1},      {Fault::kRolling, 1},           {Fault::kResize, 2},
                {Fault::kBroker, 1},     {Fault::kNetworkStill, 1},      {Fault::kNetworkSlow, 1},
                {Fault::kNetworkCut, 1}, {Fault::kNetworkHalfClosed, 1}, {Fault::kDiskFull, 1}};
      break;
    case Extent::kLong:
      counts = {{Fault::kKill, 30},      {Fault::kKillWiped, 20},        {Fault::kStandStill, 5},
                {Fault::kRival, 5},      {Fault::kRolling, 4},           {Fault::kResize, 20},
                {Fault::kBroker, 20},    {Fault::kNetworkStill, 6},      {Fault::kNetworkSlow, 4},
                {Fault::kNetworkCut, 6}, {Fault::kNetworkHalfClosed, 4}, {Fault::kDiskFull, 4}};
      break;
    case Extent::kHours:
      for (int i = 0; i < kFaultCount; ++i) {
        counts[static_cast<Fault>(i)] = 1;
      }
      break;
  }
  if (options.brokers > 1 && options.extent == Extent::kShort) {
    counts[Fault::kBroker] = static_cast<int>(options.brokers);
  }
  if (!options.only.empty()) {
    std::erase_if(counts, [&](const auto& entry) {
      return std::ranges::find(options.only, FaultName(entry.first)) == options.only.end();
    });
  }
  return counts;
}

// How much event time passes from event to event: windows of days close in a short run too, and a
// long one ends before the wall's date.
milliseconds EventStepOf(Extent extent) {
  switch (extent) {
    case Extent::kShort:
      return milliseconds{40'000};
    case Extent::kLong:
      return milliseconds{15'000};
    case Extent::kHours:
      break;
  }
  return milliseconds{2'000};
}

// What is left of a long run has to be read in minutes.
int EventsPerSecond(const CampaignOptions& options) {
  if (options.events_per_second > 0) {
    return options.events_per_second;
  }
  switch (options.extent) {
    case Extent::kShort:
      return 400;
    case Extent::kLong:
      return 200;
    case Extent::kHours:
      break;
  }
  return 50;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// "app-journey-instance-1-0" -> "journey".
std::string StageOf(const std::string& app, const std::string& writer) {
  if (!writer.starts_with(app + "-")) {
    return "other";
  }
  const std::string rest = writer.substr(app.size() + 1);
  return rest.substr(0, rest.find('-'));
}

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options) : log_file_(options.log_file) {
    report_.options = options;
  }

  CampaignReport Run() {
    const auto began = Clock::now();
    StartBrokers();
    MakeFleet();
    feed_->Start();
    // Who comes first makes the topics.
    instances_.front()->Start();
    AwaitTopics();
    observer_ = std::make_unique<Observer>(servers_, PartitionsOf(setup_));
    observer_->Start();
    Rage();
    Judge();
    report_.took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    return std::move(report_);
  }

 private:
  const CampaignOptions& options() const { return report_.options; }

  void StartBrokers() {
    for (std::size_t i = 0; i < kInstances; ++i) {
      proxies_.push_back(std::make_unique<Proxy>(options().brokers));
    }
    std::vector<kafka::BrokerOptions> nodes;
    for (std::size_t node = 0; node < options().brokers; ++node) {
      kafka::BrokerOptions& broker = nodes.emplace_back();
      broker.version = options().kafka_version;
      for (const std::unique_ptr<Proxy>& proxy : proxies_) {
        broker.advertised_ports.push_back(proxy->ports().at(node));
      }
      if (options().brokers > 1) {
        const std::string copies = std::to_string(options().brokers);
        const std::string in_sync = std::to_string(options().brokers - 1);
        broker.properties = {{"default.replication.factor", copies},
                             {"min.insync.replicas", in_sync},
                             {"offsets.topic.replication.factor", copies},
                             {"transaction.state.log.replication.factor", copies},
                             {"transaction.state.log.min.isr", in_sync}};
      }
    }
    brokers_ = Must(kafka::TestBroker::StartCluster(nodes));
    for (std::size_t node = 0; node < brokers_.size(); ++node) {
      for (std::size_t i = 0; i < proxies_.size(); ++i) {
        proxies_[i]->SetTarget(node, brokers_[node]->ports_behind().at(i));
      }
      servers_ += (node == 0 ? "" : ",") + brokers_[node]->servers();
    }
    // All topics are read at once: a bound that is met costs a second each time.
    log_ = kafka::OpenLog(servers_, {{"queued.max.messages.kbytes", "1000000"},
                                     {"fetch.message.max.bytes", "8388608"}});
  }

  void MakeFleet() {
    setup_ = app::NewSetup(servers_, folder_);
    setup_.source = kafka::MakeTopic(log_.get(), kSourcePartitions);
    setup_.journal_partitions = kJournalPartitions;
    // The breaker counts by partition of the journal, of which a replay of files has one.
    setup_.playbook = folder_.Write("crowd.yaml",
                                    "playbook: crowd\n"
                                    "extends: default\n"
                                    "gate: {breaker: none}\n");
    setup_.extra = fmt::format("session_timeout: {}\n", FormatDuration(kSession));
    config_ = app::WriteConfig(setup_, folder_);
    for (std::size_t i = 0; i < kInstances; ++i) {
      instances_.push_back(std::make_unique<Instance>(fmt::format("instance-{}", i), setup_,
                                                      proxies_[i].get(), &log_file_));
    }
    feed_ = std::make_unique<Feed>(FeedOptions{.servers = servers_,
                                               .topic = setup_.source,
                                               .partitions = kSourcePartitions,
                                               .file = folder_.PathOf("events.ndjson"),
                                               .seed = options().seed,
                                               .events_per_second = EventsPerSecond(options()),
                                               .event_step = EventStepOf(options().extent)});
  }

  void AwaitTopics() {
    const auto admin = Must(log_->NewAdmin());
    for (const auto& [topic, partitions] : PartitionsOf(setup_)) {
      while (!Must(admin->DescribeTopic(topic)).has_value()) {
        const auto given_up = instances_.front()->Tend();
        FOOTHOLD_CHECK(!given_up.has_value(), given_up->last_words);
      }
    }
  }

  void Rage() {
    Storm storm({.brokers = &brokers_,
                 .instances = &instances_,
                 .observer = observer_.get(),
                 .log = log_.get(),
                 .changelog = app::ChangelogTopic(setup_),
                 .changelog_partitions = kJournalPartitions,
                 .source = setup_.source,
                 .source_partitions = kSourcePartitions,
                 .intake_group = setup_.app + "-intake",
                 .session_timeout = kSession},
                options().seed);
    storm.Begin();
    const auto end = Clock::now() + std::chrono::hours(options().hours);
    std::uint64_t round = 0;
    do {
      for (const Fault fault : ShuffledPlan(CountsOf(options()), options().seed + round)) {
        storm.Strike(fault);
      }
      ++round;
    } while (options().extent == Extent::kHours && Clock::now() < end);
    feed_->Stop();
    storm.End();
    report_.storm = storm.report();
  }

  // All is ended. What is left is decided by a drain, and the same input and the same journal are
  // decided without a fault.
  void Judge() {
    report_.inputs = feed_->count();
    const std::string of_input = folder_.Write("of_input.ndjson", "");
    const std::string of_journal = folder_.Write("of_journal.ndjson", "");
    const auto replay = app::Child::Start(
        {"replay", "-c", config_, folder_.PathOf("events.ndjson")}, {.output_to = of_input});
    ExpectOk("drain", app::RunFoothold({"run", "-c", instances_.front()->config(), "--drain"}));
    ExpectOk("replay of the input", replay->Wait());
    ExpectOk("replay of the journal",
             app::RunFoothold({"replay", "-c", config_, "--journal"}, {.output_to = of_journal}));
    observer_->Finish();

    const Remains remains =
        ReadRemains(log_.get(), setup_, brokers_.front()->data(), *feed_, *observer_);
    const History& history = remains.history;
    if (!options().history_file.empty()) {
      std::ofstream file(options().history_file);
      WriteHistory(history, &file);
    }
    report_.anomalies = CheckHistory(history);
    report_.comparison = Compare(remains, setup_, TextOf(of_journal), TextOf(of_input));
    report_.records = history.records.size();
    report_.polled = history.polled.size();
    report_.sessions = observer_->sessions();
    for (const History::Transaction& transaction : history.transactions) {
      const std::string stage = StageOf(setup_.app, transaction.writer);
      ++report_.transactions[stage];
      report_.aborted[stage] += transaction.end == End::kAborted ? 1 : 0;
    }
    ExpectTelling();
  }

  // A run that shows nothing must not pass for one that shows that all is well.
  void ExpectTelling() {
    const auto expect = [&](bool is_so, std::string_view what) {
      if (!is_so) {
        report_.storm.findings.push_back(fmt::format("too little for a verdict: {}", what));
      }
    };
    expect(report_.comparison.decisions > 200, "decisions");
    expect(report_.comparison.statuses > 200, "statuses");
    for (const std::string_view stage : {"intake", "people", "journey"}) {
      const std::string name(stage);
      expect(report_.transactions[name] > 50, fmt::format("transactions of {}", name));
      expect(report_.aborted[name] > 0, fmt::format("aborted transactions of {}", name));
    }
  }

  void ExpectOk(std::string_view what, const app::Ending& ending) {
    if (ending.code != app::kExitOk) {
      report_.storm.findings.push_back(
          fmt::format("the {} ended with {}: {}", what, ending.code, ending.error));
    }
  }

  CampaignReport report_;
  std::ofstream log_file_;
  app::Folder folder_;
  std::vector<std::unique_ptr<Proxy>> proxies_;
  std::vector<std::unique_ptr<kafka::TestBroker>> brokers_;
  std::string servers_;
  std::unique_ptr<log::Log> log_;
  app::RunSetup setup_;
  std::string config_;  // Past the proxies.
  std::vector<std::unique_ptr<Instance>> instances_;
  std::unique_ptr<Feed> feed_;
  std::unique_ptr<Observer> observer_;
};

// "3, 1.2 s in the middle, 2.5 s at most".
std::string Spread(std::vector<milliseconds> times) {
  std::ranges::sort(times);
  const auto seconds = [](milliseconds time) { return static_cast<double>(time.count()) / 1'000; };
  return fmt::format("{}, {:.1f} s in the middle, {:.1f} s at most", times.size(),
                     seconds(times[times.size() / 2]), seconds(times.back()));
}

}  // namespace

std::string CampaignReport::ToString() const {
  std::string text = fmt::format(
      "\nseed {}, Kafka {}, {} brokers, {:.0f} s\n{} inputs, {} records in all topics, {} read "
      "while "
      "they were written, in {} sessions\n{} decisions, {} statuses, {} dead letters compared\n\n",
      options.seed, options.kafka_version, options.brokers,
      static_cast<double>(took.count()) / 1'000, inputs, records, polled, sessions,
      comparison.decisions, comparison.statuses, comparison.dead_letters);
  for (const auto& [fault, count] : storm.faults) {
    text += fmt::format("{:4}  {}\n", count, FaultName(fault));
    if (const auto ready = storm.ready_after.find(fault); ready != storm.ready_after.end()) {
      text += fmt::format("        ready again: {}\n", Spread(ready->second));
    }
    if (const auto pause = storm.pauses.find(fault); pause != storm.pauses.end()) {
      text += fmt::format("        longest rest of a partition: {}\n", Spread(pause->second));
    }
  }
  text += "\n";
  for (const auto& [stage, count] : transactions) {
    text +=
        fmt::format("{}: {} transactions, {} of them aborted\n", stage, count, aborted.at(stage));
  }
  for (const auto& [words, count] : storm.gave_up) {
    text += fmt::format("gave up and was started again ({} times): {}\n", count, words);
  }
  const auto list = [&](std::string_view what, std::size_t count, const auto& say) {
    text += fmt::format("\n{}: {}\n", what, count == 0 ? "none" : std::to_string(count));
    for (std::size_t i = 0; i < std::min<std::size_t>(count, 20); ++i) {
      text += fmt::format("  {}\n", say(i));
    }
  };
  list("anomalies", anomalies.size(), [&](std::size_t i) {
    return fmt::format("{}: {}", AnomalyName(anomalies[i].anomaly), anomalies[i].what);
  });
  list("differences", comparison.findings.size(),
       [&](std::size_t i) { return comparison.findings[i]; });
  list("what else must not be", storm.findings.size(),
       [&](std::size_t i) { return storm.findings[i]; });
  return text;
}

CampaignReport RunCampaign(const CampaignOptions& options) {
  fmt::print("seed {}\n", options.seed);
  return Campaign(options).Run();
}

}  // namespace foothold::chaos
