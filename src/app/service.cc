#include "src/app/service.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "src/app/stage_options.h"
#include "src/app/state_folder.h"
#include "src/base/check.h"
#include "src/metrics/intake_metrics.h"
#include "src/metrics/journey_metrics.h"
#include "src/metrics/people_metrics.h"
#include "src/metrics/worker_metrics.h"
#include "src/stream/control_writer.h"
#include "src/stream/intake_stage.h"
#include "src/stream/journey_stage.h"
#include "src/stream/people_stage.h"
#include "src/stream/store_shelf.h"
#include "src/stream/topics.h"
#include "src/stream/watchdog.h"
#include "src/stream/worker.h"

namespace foothold::app {
namespace {

// A turn of a worker takes less, whatever it does; who takes longer waits for something.
constexpr milliseconds kBusyMax{30'000};

constexpr milliseconds kQueryTimeout{10'000};

void Wait(milliseconds duration) { std::this_thread::sleep_for(duration); }

// Whether the stages together have folded their input as far as `ends`, and committed it.
bool HasFolded(const std::vector<std::unique_ptr<stream::KeyedStage>>& stages,
               const std::map<PartitionId, NextOffset>& ends) {
  std::map<PartitionId, NextOffset> folded;
  for (const std::unique_ptr<stream::KeyedStage>& stage : stages) {
    for (const auto& [partition, next] : stage->folded_until()) {
      folded[partition] = std::max(folded[partition], next);
    }
  }
  return std::ranges::all_of(ends, [&](const auto& end) {
    return end.second.value == 0 || folded[end.first] >= end.second;
  });
}

}  // namespace

// In construction order: what is used stands before its user.
struct Service::Parts {
  ServiceOptions options;
  Surroundings around;
  stream::TopicNames topics;
  std::string playbook;
  std::int32_t source_partitions = 0;

  std::unique_ptr<metrics::IntakeMetrics> intake_metrics;
  std::unique_ptr<metrics::PeopleMetrics> people_metrics;
  std::unique_ptr<metrics::JourneyMetrics> journey_metrics;
  std::vector<std::unique_ptr<metrics::WorkerMetrics>> worker_metrics;
  std::unique_ptr<StateFolder> state_folder;  // Null: the state is in memory.
  std::unique_ptr<stream::StoreShelf> shelf;
  std::unique_ptr<stream::StoreShelf> people_shelf;
  stream::PlacedTimes placed;
  std::vector<std::unique_ptr<stream::IntakeStage>> intake_stages;
  std::vector<std::unique_ptr<stream::KeyedStage>> people_stages;
  std::vector<std::unique_ptr<stream::KeyedStage>> journey_stages;
  std::vector<std::shared_ptr<stream::Heartbeat>> heartbeats;
  std::vector<std::unique_ptr<stream::Worker>> workers;  // Intake first, the journey last.

  std::unique_ptr<log::Consumer> asker;            // For watermarks, without a group.
  std::map<PartitionId, NextOffset> people_ends;   // As of the last look at them.
  std::map<PartitionId, NextOffset> journal_ends;  // When all was settled.

  Status Seed();
  void MakeWorkers();
  Result<journey::Roster> MakeRoster(log::Admin* admin);
  Result<std::map<PartitionId, NextOffset>> EndsOf(const std::string& topic,
                                                   std::int32_t partitions) const;
};

Result<journey::Roster> Service::Parts::MakeRoster(log::Admin* admin) {
  journey::Roster roster;
  roster.mode = options.config.clock;
  roster.people_partitions = options.config.people.partitions;
  for (const config::Source& source : options.config.sources) {
    FOOTHOLD_ASSIGN(const std::vector<std::int32_t> counts,
                    stream::SourcePartitions(admin, source.topics));
    journey::RosterSource listed;
    listed.name = source.name;
    listed.is_required = source.is_required;
    listed.is_product = source.is_product;
    listed.silence_after = source.silence_after;
    std::vector<log::TopicPartition> partitions;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      listed.topic_partitions[source.topics[i]] = counts[i];
      source_partitions += counts[i];
      for (std::int32_t p = 0; p < counts[i]; ++p) {
        partitions.push_back({source.topics[i], PartitionId{p}});
      }
    }
    if (roster.mode == journey::ClockMode::kWall) {
      FOOTHOLD_ASSIGN(listed.history_begin,
                      stream::HistoryBegin(around.log, partitions, StartOf(source),
                                           around.clock->Now(), RetryOf(options.config)));
    }
    roster.sources.push_back(std::move(listed));
  }
  return roster;
}

Status Service::Parts::Seed() {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, around.log->NewAdmin());
  // The sources first: where one is missing, nothing is made.
  FOOTHOLD_ASSIGN(const journey::Roster roster, MakeRoster(admin.get()));
  const stream::TopicOptions wanted = TopicOptionsOf(options.config, topics);
  FOOTHOLD_TRY(stream::CheckNoneDeleted(around.log, admin.get(), wanted));
  FOOTHOLD_TRY(stream::EnsureTopics(admin.get(), wanted));
  stream::ControlWriter control(around.log, ControlOptionsOf(options.config, topics));
  FOOTHOLD_ASSIGN(const stream::ControlWriter::Ledger ledger,
                  control.Seed(options.playbook, roster));
  FOOTHOLD_CHECK(ledger.playbook.has_value(), "a seeded journal has a playbook");
  playbook = fmt::format("{}@{}", ledger.playbook->name, ledger.playbook->version);
  FOOTHOLD_ASSIGN(asker, around.log->NewConsumer({.reads_uncommitted = true}));
  return {};
}

void Service::Parts::MakeWorkers() {
  const config::Config& config = options.config;
  // Of the worker that is added next.
  const auto new_heartbeat = [&](const char* stage, int worker) {
    heartbeats.push_back(std::make_shared<stream::Heartbeat>(
        WorkerOptionsOf(config, topics, stage, worker).name, config.watchdog));
    return heartbeats.back();
  };
  const auto add = [&](const char* stage, int worker, stream::Stage* run) {
    worker_metrics.push_back(
        std::make_unique<metrics::WorkerMetrics>(around.registry, stage, worker));
    stream::WorkerOptions worker_options = WorkerOptionsOf(config, topics, stage, worker);
    worker_options.commit_entries_max = std::string_view(stage) == "journey"
                                            ? options.journey_entries_max
                                            : options.intake_entries_max;
    if (options.is_stepped) {
      worker_options.poll_timeout = milliseconds(0);
      worker_options.drained_commit_interval = milliseconds(0);
      // Where the intake cuts its commits shows in the journal's offsets, hence in every revision:
      // the speed of the machine must not.
      worker_options.commit_interval = milliseconds::max();
    } else {
      worker_options.wait = Wait;
    }
    workers.push_back(std::make_unique<stream::Worker>(
        std::move(worker_options),
        stream::Worker::Surroundings{.log = around.log,
                                     .clock = around.clock,
                                     .logger = around.logger,
                                     .metrics = worker_metrics.back().get(),
                                     .heartbeat = heartbeats.back()},
        run));
  };
  const int intakes = options.work == ServiceWork::kAll ? config.intake_workers : 0;
  for (int i = 0; i < intakes; ++i) {
    stream::IntakeOptions intake = IntakeOptionsOf(config, topics);
    intake.hands_over_singly = options.is_stepped && config.clock == journey::ClockMode::kEvent;
    if (options.is_draining) {
      intake.progress_step = kHour;
    }
    intake_stages.push_back(std::make_unique<stream::IntakeStage>(
        std::move(intake),
        stream::IntakeStage::Surroundings{.clock = around.clock, .metrics = intake_metrics.get()}));
    new_heartbeat("intake", i);
    add("intake", i, intake_stages.back().get());
  }
  const int people = options.work == ServiceWork::kAll ? config.people.workers : 0;
  for (int i = 0; i < people; ++i) {
    people_stages.push_back(stream::MakePeopleStage(PeopleOptionsOf(config, topics),
                                                    {.log = around.log,
                                                     .shelf = people_shelf.get(),
                                                     .clock = around.clock,
                                                     .metrics = nullptr,
                                                     .logger = around.logger,
                                                     .heartbeat = new_heartbeat("people", i)},
                                                    people_metrics.get(), &placed));
    add("people", i, people_stages.back().get());
  }
  for (int i = 0; i < config.journey_workers; ++i) {
    stream::JourneyOptions journey = JourneyOptionsOf(config, topics);
    journey.writes_releases = options.work == ServiceWork::kAll;
    journey.is_draining = options.is_draining;
    journey_stages.push_back(stream::MakeJourneyStage(std::move(journey),
                                                      {.log = around.log,
                                                       .shelf = shelf.get(),
                                                       .clock = around.clock,
                                                       .metrics = nullptr,
                                                       .logger = around.logger,
                                                       .heartbeat = new_heartbeat("journey", i)},
                                                      journey_metrics.get()));
    add("journey", i, journey_stages.back().get());
  }
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::Open(ServiceOptions options, Surroundings surroundings) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  parts->around = surroundings;
  const config::Config& config = parts->options.config;
  parts->topics = TopicNamesOf(config);
  if (!parts->options.is_state_in_memory) {
    // Before anything is fenced off that runs well.
    FOOTHOLD_ASSIGN(parts->state_folder,
                    StateFolder::Claim(fmt::format("{}/{}", config.state.dir, config.app)));
  }
  std::vector<std::string> sources;
  for (const config::Source& source : config.sources) {
    sources.push_back(source.name);
  }
  parts->intake_metrics = std::make_unique<metrics::IntakeMetrics>(surroundings.registry, sources);
  parts->journey_metrics = std::make_unique<metrics::JourneyMetrics>(surroundings.registry);
  parts->people_metrics = std::make_unique<metrics::PeopleMetrics>(surroundings.registry);
  const stream::FolderShelf::Options shelf =
      ShelfOptionsOf(config, parts->options.is_state_in_memory);
  parts->shelf = std::make_unique<stream::FolderShelf>(shelf);
  parts->people_shelf = std::make_unique<stream::FolderShelf>(PeopleShelfOptionsOf(shelf));
  if (parts->options.work == ServiceWork::kAll) {
    FOOTHOLD_TRY(parts->Seed());
  } else {
    FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, surroundings.log->NewAdmin());
    FOOTHOLD_TRY(stream::EnsureTopics(admin.get(), TopicOptionsOf(config, parts->topics)));
  }
  parts->MakeWorkers();
  return std::unique_ptr<Service>(new Service(std::move(parts)));
}

Status Service::Start() {
  for (const std::unique_ptr<stream::Worker>& worker : parts_->workers) {
    FOOTHOLD_TRY(worker->Open());
  }
  return {};
}

Result<bool> Service::Turn() {
  bool has_worked = false;
  const std::size_t people_begin = parts_->intake_stages.size();
  const std::size_t people_end = people_begin + parts_->people_stages.size();
  for (std::size_t i = 0; i < parts_->workers.size(); ++i) {
    // The people stage is done with what it has before anything else is read.
    const bool is_people = i >= people_begin && i < people_end;
    bool goes_on = true;
    while (goes_on) {
      FOOTHOLD_ASSIGN(const stream::Worker::Activity activity, parts_->workers[i]->RunOnce());
      goes_on = is_people && activity == stream::Worker::Activity::kWorked;
      has_worked = has_worked || activity == stream::Worker::Activity::kWorked;
    }
  }
  return has_worked;
}

Status Service::Stop() {
  for (const std::unique_ptr<stream::Worker>& worker : parts_->workers) {
    FOOTHOLD_TRY(worker->Close());
  }
  return {};
}

Result<std::unique_ptr<state::Store>> Service::OpenState(PartitionId partition) {
  FOOTHOLD_CHECK(parts_->options.is_state_in_memory, "a store on disk is its process's alone");
  return parts_->shelf->Open(partition);
}

Status Service::Run(const std::stop_token& stop) {
  std::vector<std::shared_ptr<const stream::Heartbeat>> watched(parts_->heartbeats.begin(),
                                                                parts_->heartbeats.end());
  const Logger* logger = parts_->around.logger;
  const stream::Watchdog watchdog(std::move(watched), milliseconds(1000),
                                  [logger](const std::string& reason) {
                                    logger->Error(reason);
                                    std::_Exit(1);
                                  });
  std::stop_source ending;
  const std::stop_callback on_stop(stop, [&ending] { ending.request_stop(); });
  std::mutex mutex;
  Status first_failure;
  {
    std::vector<std::jthread> threads;
    for (const std::unique_ptr<stream::Worker>& worker : parts_->workers) {
      threads.emplace_back([&, run = worker.get()] {
        Status ended = run->Run(ending.get_token());
        const std::lock_guard lock(mutex);
        if (!ended.ok() && first_failure.ok()) {
          first_failure = Status(ended.code(), fmt::format("{}: {}", run->name(), ended.message()));
        }
        ending.request_stop();
      });
    }
  }
  return first_failure;
}

Service::Outlook Service::outlook() const {
  Outlook outlook;
  std::size_t assigned = 0;
  std::size_t at_end = 0;
  for (const std::unique_ptr<stream::IntakeStage>& stage : parts_->intake_stages) {
    const stream::IntakeStage::Outlook of_stage = stage->outlook();
    assigned += of_stage.partitions;
    at_end += of_stage.partitions_at_end;
    outlook.is_finished = outlook.is_finished || of_stage.is_finished;
    if (of_stage.event_time_max.has_value()) {
      outlook.event_time_max =
          std::max(outlook.event_time_max.value_or(kEpoch), *of_stage.event_time_max);
    }
  }
  if (const std::optional<Instant> placed = parts_->placed.event_time_max()) {
    outlook.event_time_max = std::max(outlook.event_time_max.value_or(*placed), *placed);
  }
  const auto all = static_cast<std::size_t>(parts_->source_partitions);
  outlook.is_input_at_end = assigned == all && at_end == all;
  return outlook;
}

void Service::RequestFinish(Instant final_clock) {
  parts_->intake_stages.front()->RequestFinish(final_clock);
}

Result<std::map<PartitionId, NextOffset>> Service::Parts::EndsOf(const std::string& topic,
                                                                 std::int32_t partitions) const {
  std::map<PartitionId, NextOffset> ends;
  for (std::int32_t i = 0; i < partitions; ++i) {
    FOOTHOLD_ASSIGN(const log::Watermarks range,
                    asker->QueryWatermarks({topic, PartitionId{i}}, kQueryTimeout));
    ends[PartitionId{i}] = NextOffset{range.high};
  }
  return ends;
}

// Of what the stage writes some goes to other partitions of its own topic: it has settled once all
// is folded to ends that were the same before.
Result<bool> Service::IsSettled() {
  FOOTHOLD_ASSIGN(const auto ends,
                  parts_->EndsOf(parts_->topics.people, parts_->options.config.people.partitions));
  const bool is_still = std::exchange(parts_->people_ends, ends) == ends;
  return is_still && HasFolded(parts_->people_stages, ends);
}

Result<bool> Service::IsFolded() {
  if (parts_->journal_ends.empty()) {
    FOOTHOLD_ASSIGN(const bool is_settled, IsSettled());
    if (!is_settled) {
      return false;
    }
    FOOTHOLD_ASSIGN(
        parts_->journal_ends,
        parts_->EndsOf(parts_->topics.journal, parts_->options.config.journal.partitions));
  }
  return HasFolded(parts_->journey_stages, parts_->journal_ends);
}

std::optional<std::string> Service::WhyNotReady() const {
  const milliseconds lag_max = parts_->options.config.ready_lag_max;
  const auto now = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < parts_->workers.size(); ++i) {
    const std::unique_ptr<stream::Worker>& worker = parts_->workers[i];
    const stream::Heartbeat& heartbeat = *parts_->heartbeats.at(i);
    if (const milliseconds busy = heartbeat.Busy(now); busy > kBusyMax) {
      return fmt::format("{} has been {} for {}", worker->name(),
                         stream::DoingName(heartbeat.doing()),
                         FormatDuration(std::chrono::floor<std::chrono::seconds>(busy)));
    }
    if (!worker->is_answered()) {
      return fmt::format("{} gets no answer from the brokers", worker->name());
    }
    if (!worker->is_ready()) {
      return fmt::format("{} waits for its partitions, or restores their state", worker->name());
    }
    const std::optional<milliseconds> lag = worker->lag();
    if (!lag.has_value()) {
      return fmt::format("{} has read nothing of a partition", worker->name());
    }
    if (*lag > lag_max) {
      return fmt::format("{} reads what is {} old; http.ready_lag_max is {}", worker->name(),
                         FormatDuration(std::chrono::floor<std::chrono::seconds>(*lag)),
                         FormatDuration(lag_max));
    }
  }
  return std::nullopt;
}

std::optional<std::string> Service::WhyNotAlive() const {
  const auto now = std::chrono::steady_clock::now();
  for (const std::shared_ptr<stream::Heartbeat>& heartbeat : parts_->heartbeats) {
    if (!heartbeat->IsAlive(now)) {
      return heartbeat->SayStuck();
    }
  }
  return std::nullopt;
}

const std::string& Service::playbook() const { return parts_->playbook; }

std::string Service::Describe() const {
  const config::Config& config = parts_->options.config;
  std::string sources;
  for (const config::Source& source : config.sources) {
    sources += fmt::format("{}{} ({}: {})", sources.empty() ? "" : ", ", source.name, source.preset,
                           fmt::join(source.topics, ", "));
  }
  return fmt::format(
      "{} reads {} ({} partitions), writes {} ({} partitions each), keeps {} ({} partitions), {} "
      "({} partitions) for records without an account, and {}, playbook {}",
      config.app, sources, parts_->source_partitions, fmt::join(parts_->topics.Outputs(), ", "),
      config.outputs.partitions, parts_->topics.journal, config.journal.partitions,
      parts_->topics.people, config.people.partitions,
      parts_->options.is_state_in_memory ? std::string("its state in memory")
                                         : fmt::format("its state under {}", config.state.dir),
      parts_->playbook);
}

}  // namespace foothold::app
