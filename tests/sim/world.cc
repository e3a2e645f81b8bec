#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/codec/state.h"
#include "src/config/playbook_file.h"
#include "src/stream/control_writer.h"
#include "src/stream/journey_stage.h"
#include "src/stream/people_stage.h"
#include "src/stream/store_place.h"
#include "src/stream/topics.h"
#include "state/schema.h"
#include "tests/sim/process.h"

namespace foothold::sim {
namespace {

constexpr int kTurnsToRestMax = 3'000;
// No session ends by itself: the world ends them.
constexpr milliseconds kNever = 100'000 * kDay;

}  // namespace

Lab::Lab()
    : playbook(config::DefaultPlaybook()),
      intake(&registry, {kSourceName}),
      people(&registry),
      journey(&registry) {
  // All zones of the world are the greater part of a playbook, and of no interest here.
  constexpr std::size_t kZonesKept = 3;
  playbook.zones.zones.resize(std::min(kZonesKept, playbook.zones.zones.size()));
  playbook.zones.links.clear();
  for (const StageId stage : kStages) {
    workers[At(stage)] =
        std::make_unique<metrics::WorkerMetrics>(&registry, std::string(NameOf(stage)), 0);
  }
}

Settings Settings::Draw(Random* random) {
  Settings settings;
  const auto one_of = [&](std::initializer_list<std::size_t> choices) {
    return *(choices.begin() + random->Below(choices.size()));
  };
  settings.mode = random->Chance(0.2) ? journey::ClockMode::kEvent : journey::ClockMode::kWall;
  settings.is_live = settings.mode == journey::ClockMode::kWall && random->Chance(0.6);
  settings.source_partitions = static_cast<std::int32_t>(random->Between(2, 3));
  settings.batch_records_max = static_cast<int>(random->Between(3, 25));
  settings.entries_max = {one_of({5, 15, 40}), one_of({2, 5, 15}), one_of({3, 6, 12})};
  settings.cache_bytes_max = one_of({0, 8'000, 1U << 20U});
  settings.waiting_bytes_max = one_of({2'000, 1U << 20U});
  settings.checkpoint_interval = milliseconds{one_of({0, 500, 3'000, 1'000'000'000})};
  settings.store_write_interval = milliseconds{one_of({0, 2'000, 1'000'000'000})};
  settings.store_write_bytes = one_of({0, 40'000, 32U << 20U});
  settings.flush_every = static_cast<int>(one_of({0, 2, 6}));
  if (random->Chance(0.15)) {
    settings.start.kind = stream::StartAt::Kind::kLatest;
  }
  return settings;
}

World::World(Settings settings, std::uint64_t seed, Lab* lab, const Mutant* mutant,
             Storm::Trace trace)
    : settings_(std::move(settings)),
      lab_(lab),
      mutant_(mutant),
      trace_(std::move(trace)),
      random_(seed ^ 0x77),
      topics_(stream::TopicNames::ForApp(kApp)),
      storm_(&clock_, seed ^ 0x5707, trace_),
      log_(clock_, &storm_),
      logger_({.level = LogLevel::kWarning}, clock_,
              [this](std::string_view line) { trace_("  " + std::string(line)); }),
      memory_(state::SharedMemory::Create(16U << 20U)) {
  storm_.Attach(&log_);
  const std::unique_ptr<log::Admin> admin = log_.NewAdmin().value();
  const Status made = admin->CreateTopics(std::vector<log::TopicSpec>{
      {.name = kSourceTopic, .partitions = settings_.source_partitions, .configs = {}}});
  FOOTHOLD_CHECK(made.ok(), made.ToString());
}

World::~World() {
  for (const std::unique_ptr<Process>& process : processes_) {
    process->site.is_dead = true;
    EndProcess(process.get());
  }
}

void World::Begin() {
  const std::unique_ptr<log::Admin> admin = log_.NewAdmin().value();
  const Status made =
      stream::EnsureTopics(admin.get(), {.topics = topics_,
                                         .journal_partitions = settings_.journal_partitions,
                                         .people_partitions = settings_.people_partitions,
                                         .output_partitions = 2});
  FOOTHOLD_CHECK(made.ok(), made.ToString());

  std::vector<Collector::Topic> followed{{topics_.journal, settings_.journal_partitions},
                                         {topics_.changelog, settings_.journal_partitions},
                                         {topics_.people, settings_.people_partitions},
                                         {topics_.people_changelog, settings_.people_partitions}};
  for (const std::string& output : topics_.Outputs()) {
    followed.push_back({output, 2});
  }
  collector_ = std::make_unique<Collector>(&log_, followed);
  for (const StageId stage : kStages) {
    watchers_[At(stage)] =
        log_.NewConsumer({.group = fmt::format("{}-{}", kApp, NameOf(stage))}).value();
  }

  stream::ControlWriter control(&log_, {.app = kApp,
                                        .instance = "one",
                                        .topics = topics_,
                                        .journal_partitions = settings_.journal_partitions,
                                        .people_partitions = settings_.people_partitions,
                                        .retry = {.retries_max = 3}});
  journey::RosterSource source;
  source.name = kSourceName;
  source.topic_partitions = {{kSourceTopic, settings_.source_partitions}};
  if (settings_.mode == journey::ClockMode::kWall) {
    source.history_begin = InstantFromMs(1'767'960'000'000) - 400 * kDay;
  }
  const Status seeded =
      StatusOf(control.Seed(lab_->playbook, {.mode = settings_.mode,
                                             .sources = {source},
                                             .people_partitions = settings_.people_partitions}));
  FOOTHOLD_CHECK(seeded.ok(), seeded.ToString());

  for (int i = 0; i < kProcesses; ++i) {
    auto process = std::make_unique<Process>();
    process->number = i;
    process->site.name = std::string(1, static_cast<char>('a' + i));
    MakeShelves(process.get());
    processes_.push_back(std::move(process));
  }
  storm_.on_committed = [this](std::string_view who) {
    for (const std::unique_ptr<Process>& process : processes_) {
      SimPort& port = *process->ports[At(StageId::kIntake)];
      if (port.spot().instance_id != who) {
        continue;
      }
      for (const auto& [partition, start] : port.accepted_starts()) {
        evidence_.starts.try_emplace(partition.partition.value, start.value);
      }
    }
  };
  for (int i = 0; i < kProcesses; ++i) {
    Boot(i);
  }
}

void World::MakeShelves(Process* process) {
  for (const StageId stage : kStages) {
    process->spots[At(stage)] = {
        .site = &process->site,
        .stage = stage,
        .group = fmt::format("{}-{}", kApp, NameOf(stage)),
        .instance_id = fmt::format("{}-{}-{}", kApp, NameOf(stage), process->site.name)};
    process->ports[At(stage)] =
        std::make_unique<SimPort>(&log_, &storm_, process->spots[At(stage)]);
    if (stage == StageId::kIntake) {
      continue;
    }
    auto shelf = std::make_unique<SimShelf>(
        SimShelf::Options{
            .root = fmt::format("{}/{}/{}", settings_.folder, process->site.name, NameOf(stage)),
            .memory = memory_,
            .in_memory = settings_.folder.empty(),
            .flush_every = settings_.flush_every},
        &storm_, process->spots[At(stage)]);
    shelf->on_written = [this, stage](PartitionId partition, const state::Store& store) {
      CheckStore(stage, partition, store);
    };
    process->shelves[At(stage)] = std::move(shelf);
  }
}

void World::Produce(std::int32_t partition, const std::optional<std::string>& value,
                    Instant timestamp) {
  log::OutgoingRecord record{.topic = kSourceTopic,
                             .partition = PartitionId{partition},
                             .key = std::nullopt,
                             .value = std::nullopt,
                             .headers = {},
                             .timestamp = timestamp};
  if (value.has_value()) {
    record.value = *value;
  }
  const std::int64_t offset = log_.AppendInput(record).value();
  evidence_.produced.push_back({partition, offset, value, timestamp});
}

const std::string& World::InputOf(StageId stage) const {
  static const std::string kSource = kSourceTopic;
  switch (stage) {
    case StageId::kIntake:
      return kSource;
    case StageId::kPeople:
      return topics_.people;
    case StageId::kJourney:
      return topics_.journal;
  }
  return kSource;
}

stream::WorkerOptions World::OptionsOf(const Process& process, StageId stage) const {
  stream::WorkerOptions options;
  const Spot& spot = process.spots[At(stage)];
  options.name = fmt::format("{}-{}", NameOf(stage), process.site.name);
  options.subscription = {InputOf(stage)};
  options.consumer.group = spot.group;
  options.consumer.instance_id = spot.instance_id;
  options.consumer.batch_records_max = settings_.batch_records_max;
  options.consumer.session_timeout = kNever;
  options.consumer.max_poll_interval = kNever;
  options.producer.transactional_id = spot.instance_id;
  switch (stage) {
    case StageId::kIntake:
      options.producer.topics = topics_.OfIntake();
      break;
    case StageId::kPeople:
      options.producer.topics = topics_.OfPeople();
      break;
    case StageId::kJourney:
      options.producer.topics = topics_.OfJourney();
      break;
  }
  options.poll_timeout = milliseconds{0};
  options.drained_commit_interval = milliseconds{0};
  options.commit_entries_max = settings_.entries_max[At(stage)];
  options.retries_max = 3;
  options.wait = nullptr;
  return options;
}

std::unique_ptr<stream::Stage> World::MakeStage(Process* process, StageId stage) {
  log::Log* port = process->ports[At(stage)].get();
  if (process->mutated_ports[At(stage)] != nullptr) {
    port = process->mutated_ports[At(stage)].get();
  }
  stream::StoreShelf* shelf = process->shelves[At(stage)].get();
  if (process->mutated_shelves[At(stage)] != nullptr) {
    shelf = process->mutated_shelves[At(stage)].get();
  }
  const stream::KeyedStage::Surroundings around{
      .log = port, .shelf = shelf, .clock = &clock_, .logger = &logger_};
  if (stage == StageId::kIntake) {
    stream::IntakeOptions options;
    options.app = kApp;
    options.topics = topics_;
    options.journal_partitions = settings_.journal_partitions;
    options.people_partitions = settings_.people_partitions;
    options.known_pairs_max = 1'024;
    options.dead_letter_partitions = 2;
    options.sources = {{.name = kSourceName,
                        .topics = {kSourceTopic},
                        .mapping = intake::MakeMapping("segment", {}).value(),
                        .start = settings_.start}};
    options.mode = settings_.mode;
    options.progress_step = kHour;
    auto intake = std::make_unique<stream::IntakeStage>(
        options, stream::IntakeStage::Surroundings{.clock = &clock_, .metrics = &lab_->intake});
    process->intake = intake.get();
    return intake;
  }
  if (stage == StageId::kPeople) {
    stream::PeopleOptions options;
    options.app = kApp;
    options.topics = topics_;
    options.people_partitions = settings_.people_partitions;
    options.journal_partitions = settings_.journal_partitions;
    options.dead_letter_partitions = 2;
    options.mode = settings_.mode;
    options.waiting_bytes_max = settings_.waiting_bytes_max;
    options.cache_bytes_max = settings_.cache_bytes_max;
    options.store_write_interval = settings_.store_write_interval;
    options.store_write_bytes = settings_.store_write_bytes;
    return stream::MakePeopleStage(options, around, &lab_->people, process->placed.get());
  }
  stream::JourneyOptions options;
  options.app = kApp;
  options.topics = topics_;
  options.journal_partitions = settings_.journal_partitions;
  options.output_partitions = 2;
  options.cache_bytes_max = settings_.cache_bytes_max;
  options.checkpoint_interval = settings_.checkpoint_interval;
  options.store_write_interval = settings_.store_write_interval;
  options.store_write_bytes = settings_.store_write_bytes;
  options.email_salt = kSalt;
  options.outputs.app = kApp;
  return stream::MakeJourneyStage(options, around, &lab_->journey);
}

void World::Boot(int number) {
  Process& process = *processes_[static_cast<std::size_t>(number)];
  FOOTHOLD_CHECK(!process.is_up, "it runs already");
  ++boots_;
  process.site.is_dead = false;
  process.is_up = true;
  process.placed = std::make_unique<stream::PlacedTimes>();
  if (mutant_ != nullptr) {
    process.mutation = mutant_->make(&log_);
  }
  for (const StageId stage : kStages) {
    process.ports[At(stage)]->accepted_starts().clear();
    log::Log* port = process.ports[At(stage)].get();
    if (process.mutation != nullptr) {
      process.mutated_ports[At(stage)] = process.mutation->WrapLog(port, process.spots[At(stage)]);
      if (process.mutated_ports[At(stage)] != nullptr) {
        port = process.mutated_ports[At(stage)].get();
      }
      if (process.shelves[At(stage)] != nullptr) {
        process.mutated_shelves[At(stage)] =
            process.mutation->WrapShelf(process.shelves[At(stage)].get(), stage);
      }
    }
    process.stages[At(stage)] = MakeStage(&process, stage);
    if (process.mutation != nullptr) {
      process.stages[At(stage)] =
          process.mutation->WrapStage(std::move(process.stages[At(stage)]), stage);
    }
    const std::string name = fmt::format("{}-{}", NameOf(stage), process.site.name);
    process.workers[At(stage)] = std::make_unique<stream::Worker>(
        OptionsOf(process, stage),
        stream::Worker::Surroundings{
            .log = port,
            .clock = &clock_,
            .logger = &logger_,
            .metrics = lab_->workers[At(stage)].get(),
            .heartbeat = std::make_shared<stream::Heartbeat>(name, milliseconds{90'000})},
        process.stages[At(stage)].get());
    if (const Status opened = process.workers[At(stage)]->Open(); !opened.ok()) {
      Fail(&process, stage, opened);
      return;
    }
  }
  if (finish_at_.has_value()) {
    process.intake->RequestFinish(*finish_at_);
  }
}

void World::EndProcess(Process* process) {
  // A worker lets go of its stage, and that of its stores and ports.
  for (const StageId stage : kStages) {
    process->workers[At(stage)].reset();
    process->stages[At(stage)].reset();
    process->mutated_shelves[At(stage)].reset();
    process->mutated_ports[At(stage)].reset();
  }
  process->intake = nullptr;
  process->mutation.reset();
  process->is_up = false;
}

void World::Turn(int number, StageId stage) {
  Process& process = *processes_[static_cast<std::size_t>(number)];
  const Result<stream::Worker::Activity> turned = process.workers[At(stage)]->RunOnce();
  if (!turned.has_value()) {
    Fail(&process, stage, turned.error());
  }
  CheckPositions();
}

void World::RunToRest() {
  for (int turn = 0; turn < kTurnsToRestMax; ++turn) {
    bool has_worked = false;
    for (const std::unique_ptr<Process>& process : processes_) {
      for (const StageId stage : kStages) {
        if (!process->is_up) {
          continue;
        }
        const Result<stream::Worker::Activity> turned = process->workers[At(stage)]->RunOnce();
        if (!turned.has_value()) {
          Fail(process.get(), stage, turned.error());
        }
        has_worked =
            has_worked || !turned.has_value() || *turned == stream::Worker::Activity::kWorked;
      }
    }
    CheckPositions();
    if (!has_worked) {
      return;
    }
    if (turn % 50 == 49) {
      clock_.Advance(milliseconds{1'000});  // What waits for the log waits for the clock.
    }
  }
  Find("the workers never come to rest");
}

bool World::is_up(int process) const {
  return processes_[static_cast<std::size_t>(process)]->is_up;
}

void World::Fail(Process* process, StageId stage, const Status& status) {
  if (!process->site.is_dead && !IsExplained(*process, stage, status)) {
    Find(fmt::format("{} of {} ended: {}", NameOf(stage), process->site.name, status.message()));
  }
  trace_(fmt::format("{} ends: {}", process->site.name, status.message()));
  process->site.is_dead = true;
  EndProcess(process);
}

// Ends that a supervisor is there for.
bool World::IsExplained(const Process& process, StageId stage, const Status& status) const {
  const auto says = [&](std::string_view words) {
    return status.message().find(words) != std::string::npos;
  };
  const std::string& id = process.spots[At(stage)].instance_id;
  if (says("was fenced twice")) {
    return storm_.fences(id) > 1;
  }
  if (says("a transaction hangs")) {  // By a clock that jumped.
    const auto& struck = storm_.world_struck();
    return struck[static_cast<std::size_t>(Fault::kClockBack)] > 0 ||
           struck[static_cast<std::size_t>(Fault::kClockForward)] > 0;
  }
  return says("the disk is full");
}

}  // namespace foothold::sim
