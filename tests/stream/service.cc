#include "tests/stream/service.h"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/random.h"
#include "src/config/playbook_file.h"
#include "src/stream/topics.h"

namespace foothold::stream {
namespace {

constexpr char kSourceTopic[] = "events";
constexpr int kTurnsMax = 200'000;

// `"revision":...` and what else a status says of its place.
std::string WithoutPlace(std::string value) {
  for (const std::string_view field : {"\"revision\":", "\"asOf\":"}) {
    const std::size_t begin = value.find(field);
    if (begin == std::string::npos) {
      continue;
    }
    const std::size_t end = value.find_first_of(",}", begin);
    value.erase(begin, end - begin);
  }
  return value;
}

}  // namespace

std::string Track(std::string_view tenant, std::string_view user, std::string_view event,
                  Instant at, std::string_view properties) {
  return fmt::format(R"({{"type":"track","event":"{}","userId":"{}","messageId":"{}-{}-{}",)"
                     R"("timestamp":"{}","context":{{"groupId":"{}"}},"properties":{}}})",
                     event, user, user, event, ToMs(at), FormatRfc3339(at), tenant, properties);
}

std::string Identify(std::string_view tenant, std::string_view user, Instant at,
                     std::string_view traits) {
  return fmt::format(R"({{"type":"identify","userId":"{}","messageId":"{}-identify-{}",)"
                     R"("timestamp":"{}","context":{{"groupId":"{}"}},"traits":{}}})",
                     user, user, ToMs(at), FormatRfc3339(at), tenant, traits);
}

// A store that asks the service before and after each write, and loses with a kill what no flush
// brought to its files.
class Service::TestStore final : public state::Store {
 public:
  TestStore(std::unique_ptr<state::Store> store, const Service* service)
      : store_(std::move(store)), service_(service) {}

  Result<std::optional<std::string>> Get(std::string_view key) const override {
    return store_->Get(key);
  }
  Result<std::vector<std::optional<std::string>>> MultiGet(
      const std::vector<std::string>& keys) const override {
    return store_->MultiGet(keys);
  }
  Status Write(const state::WriteBatch& batch) override {
    if (service_->is_killing_) {
      return Status(Code::kFatal, "killed");
    }
    if (service_->before_store_write) {
      FOOTHOLD_TRY(service_->before_store_write());
    }
    FOOTHOLD_TRY(store_->Write(batch));
    ++writes_;
    const int every = service_->options_.store_flush_every;
    if (every > 0 && writes_ % every == 0) {
      FOOTHOLD_TRY(store_->Flush());
    }
    return service_->after_store_write ? service_->after_store_write() : Status();
  }
  Result<std::vector<state::DueTimer>> TimersUntil(Instant until,
                                                   const std::optional<state::DueTimer>& after,
                                                   std::size_t count_max) const override {
    return store_->TimersUntil(until, after, count_max);
  }
  Status Scan(std::string_view prefix, std::string_view after,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store_->Scan(prefix, after, visit);
  }
  Status Flush() override { return service_->is_killing_ ? Status() : store_->Flush(); }
  Status Verify() const override { return store_->Verify(); }
  std::uint64_t bytes_on_disk() const override { return store_->bytes_on_disk(); }
  std::uint64_t keys_estimate() const override { return store_->keys_estimate(); }

 private:
  std::unique_ptr<state::Store> store_;
  const Service* service_;
  int writes_ = 0;
};

class Service::TestShelf final : public StoreShelf {
 public:
  TestShelf(Service* service, const std::string& root)
      : service_(service),
        memory_(state::SharedMemory::Create(32U << 20U)),
        shelf_({.root = root, .app = "shop", .memory = memory_, .in_memory = true}) {}

  Result<std::unique_ptr<state::Store>> Open(PartitionId partition) override {
    FOOTHOLD_ASSIGN(std::unique_ptr<state::Store> store, shelf_.Open(partition));
    return std::make_unique<TestStore>(std::move(store), service_);
  }
  Status Destroy(PartitionId partition) override {
    ++service_->stores_made_anew_;
    return shelf_.Destroy(partition);
  }
  std::size_t memory_bytes() const override { return shelf_.memory_bytes(); }

 private:
  Service* service_;
  std::shared_ptr<state::SharedMemory> memory_;
  FolderShelf shelf_;
};

Service::Service(ServiceOptions options, log::FaultInjector* faults)
    : options_(std::move(options)),
      topics_(TopicNames::ForApp("shop")),
      clock_(kStoryEnd + kDay),
      log_(clock_, faults),
      logger_({}, clock_, [this](std::string_view line) { log_lines_.emplace_back(line); }),
      intake_metrics_(&registry_, {"product"}),
      people_metrics_(&registry_),
      journey_metrics_(&registry_),
      shelf_(std::make_unique<TestShelf>(this, "/state")),
      people_shelf_(std::make_unique<TestShelf>(this, "/state/people")) {
  const std::unique_ptr<log::Admin> admin = log_.NewAdmin().value();
  const Status created = admin->CreateTopics(std::vector<log::TopicSpec>{
      {.name = kSourceTopic, .partitions = options_.source_partitions, .configs = {}}});
  FOOTHOLD_CHECK(created.ok(), "the source's topic is there");
}

Service::~Service() { Kill(); }

void Service::Produce(std::int32_t partition, const std::string& value,
                      std::optional<Instant> timestamp) {
  const Result<std::int64_t> appended = log_.AppendInput({.topic = kSourceTopic,
                                                          .partition = PartitionId{partition},
                                                          .key = std::nullopt,
                                                          .value = value,
                                                          .headers = {},
                                                          .timestamp = timestamp});
  FOOTHOLD_CHECK(appended.has_value(), appended.error().message());
}

WorkerOptions Service::OptionsOf(const std::string& stage, int worker) const {
  const bool is_intake = stage == "intake";
  const bool is_people = stage == "people";
  WorkerOptions options;
  options.name = fmt::format("{}-{}", stage, worker);
  const std::string folded = is_people ? topics_.people : topics_.journal;
  options.subscription = {is_intake ? std::string(kSourceTopic) : folded};
  options.consumer.group = "shop-" + stage;
  options.consumer.instance_id = fmt::format("shop-{}-test-{}", stage, worker);
  options.consumer.batch_records_max = is_intake ? options_.intake_batch_records_max : 50;
  options.producer.transactional_id = options.consumer.instance_id;
  const std::vector<std::string> folding = is_people ? topics_.OfPeople() : topics_.OfJourney();
  options.producer.topics = is_intake ? topics_.OfIntake() : folding;
  options.poll_timeout = milliseconds{0};
  options.drained_commit_interval = milliseconds{0};
  const std::size_t entries_max =
      is_people ? options_.people_entries_max : options_.journey_entries_max;
  options.commit_entries_max = is_intake ? options_.intake_entries_max : entries_max;
  options.retries_max = 3;
  options.wait = nullptr;
  if (options_.has_threads) {
    options.poll_timeout = milliseconds{5};
  }
  return options;
}

Status Service::TryStart() {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, log_.NewAdmin());
  FOOTHOLD_TRY(EnsureTopics(admin.get(), {.topics = topics_,
                                          .journal_partitions = options_.journal_partitions,
                                          .people_partitions = options_.people_partitions,
                                          .output_partitions = 2}));
  const bool is_live = options_.mode == journey::ClockMode::kWall;
  ControlWriter control(&log_, {.app = "shop",
                                .instance = "one",
                                .topics = topics_,
                                .journal_partitions = options_.journal_partitions,
                                .people_partitions = options_.people_partitions,
                                .retry = {.retries_max = 3}});
  journey::RosterSource source;
  source.name = "product";
  source.topic_partitions = {{kSourceTopic, options_.source_partitions}};
  if (is_live) {
    source.history_begin = kStart - 400 * kDay;
  }
  FOOTHOLD_TRY(StatusOf(
      control.Seed(config::DefaultPlaybook(), {.mode = options_.mode,
                                               .sources = {source},
                                               .people_partitions = options_.people_partitions})));
  return OpenWorkers();
}

Status Service::OpenWorkers() {
  IntakeOptions intake;
  intake.app = "shop";
  intake.topics = topics_;
  intake.journal_partitions = options_.journal_partitions;
  intake.people_partitions = options_.people_partitions;
  intake.known_pairs_max = 1'024;
  intake.dead_letter_partitions = 2;
  intake.sources = {{.name = "product",
                     .topics = {kSourceTopic},
                     .mapping = intake::MakeMapping("segment", {}).value(),
                     .start = options_.start}};
  intake.mode = options_.mode;
  intake.progress_step = options_.mode == journey::ClockMode::kWall ? kHour : kMinute;
  PeopleOptions people;
  people.app = "shop";
  people.topics = topics_;
  people.people_partitions = options_.people_partitions;
  people.journal_partitions = options_.journal_partitions;
  people.dead_letter_partitions = 2;
  people.mode = options_.mode;
  people.waiting_bytes_max = options_.waiting_bytes_max;
  people.cache_bytes_max = options_.cache_bytes_max;
  people.store_write_interval = options_.store_write_interval;
  people.store_write_bytes = options_.store_write_bytes;
  JourneyOptions journey;
  journey.app = "shop";
  journey.topics = topics_;
  journey.journal_partitions = options_.journal_partitions;
  journey.output_partitions = 2;
  journey.cache_bytes_max = options_.cache_bytes_max;
  journey.is_draining = options_.is_draining;
  journey.checkpoint_interval = options_.checkpoint_interval;
  journey.store_write_interval = options_.store_write_interval;
  journey.store_write_bytes = options_.store_write_bytes;
  journey.email_salt = "salt of a test";
  journey.outputs.app = "shop";

  // Of the worker that is added next.
  const auto new_heartbeat = [&](const std::string& stage, int worker) {
    heartbeats_.push_back(
        std::make_shared<Heartbeat>(OptionsOf(stage, worker).name, kServiceHeartbeatPatience));
    return heartbeats_.back();
  };
  const auto add = [&](const std::string& stage, int worker, Stage* run) {
    worker_metrics_.push_back(std::make_unique<metrics::WorkerMetrics>(&registry_, stage, worker));
    WorkerOptions options = OptionsOf(stage, worker);
    workers_.push_back(
        std::make_unique<Worker>(std::move(options),
                                 Worker::Surroundings{.log = &log_,
                                                      .clock = &clock_,
                                                      .logger = &logger_,
                                                      .metrics = worker_metrics_.back().get(),
                                                      .heartbeat = heartbeats_.back()},
                                 run));
    return options_.has_threads ? Status() : workers_.back()->Open();
  };
  Status opened;
  for (int i = 0; i < options_.intake_workers && opened.ok(); ++i) {
    intake_stages_.push_back(std::make_unique<IntakeStage>(
        intake, IntakeStage::Surroundings{.clock = &clock_, .metrics = &intake_metrics_}));
    new_heartbeat("intake", i);
    opened = add("intake", i, intake_stages_.back().get());
  }
  for (int i = 0; i < options_.people_workers && opened.ok(); ++i) {
    people_stages_.push_back(MakePeopleStage(people,
                                             {.log = &log_,
                                              .shelf = people_shelf_.get(),
                                              .clock = &clock_,
                                              .logger = &logger_,
                                              .heartbeat = new_heartbeat("people", i)},
                                             &people_metrics_, &placed_));
    opened = add("people", i, people_stages_.back().get());
  }
  for (int i = 0; i < options_.journey_workers && opened.ok(); ++i) {
    journey_stages_.push_back(MakeJourneyStage(journey,
                                               {.log = &log_,
                                                .shelf = shelf_.get(),
                                                .clock = &clock_,
                                                .logger = &logger_,
                                                .heartbeat = new_heartbeat("journey", i)},
                                               &journey_metrics_));
    opened = add("journey", i, journey_stages_.back().get());
  }
  return opened;
}

void Service::Start() {
  const Status started = TryStart();
  FOOTHOLD_CHECK(started.ok(), started.ToString());
}

Status Service::TryRun() {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    bool has_worked = false;
    for (const std::unique_ptr<Worker>& worker : workers_) {
      FOOTHOLD_ASSIGN(const Worker::Activity activity, worker->RunOnce());
      has_worked = has_worked || activity == Worker::Activity::kWorked;
    }
    if (!has_worked) {
      return Status();
    }
  }
  return Error(Code::kFatal, "the workers never come to rest");
}

void Service::Run() {
  const Status ran = TryRun();
  FOOTHOLD_CHECK(ran.ok(), ran.ToString());
}

Status Service::TryFinish(Instant final_clock) {
  FOOTHOLD_TRY(TryRun());
  intake_stages_.front()->RequestFinish(final_clock);
  return TryRun();
}

void Service::Kill() {
  is_killing_ = true;
  workers_.clear();
  intake_stages_.clear();
  people_stages_.clear();
  journey_stages_.clear();
  worker_metrics_.clear();
  is_killing_ = false;
}

void Service::Stop() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    const Status closed = worker->Close();
    FOOTHOLD_CHECK(closed.ok(), closed.ToString());
  }
  Kill();  // Nothing is left to lose.
}

void Service::LoseStores() {
  for (std::int32_t i = 0; i < options_.journal_partitions; ++i) {
    const Status gone = shelf_->Destroy(PartitionId{i});
    FOOTHOLD_CHECK(gone.ok(), gone.ToString());
  }
  for (std::int32_t i = 0; i < options_.people_partitions; ++i) {
    const Status gone = people_shelf_->Destroy(PartitionId{i});
    FOOTHOLD_CHECK(gone.ok(), gone.ToString());
  }
}

void Service::RunThreads(const std::function<bool()>& is_done) {
  std::vector<Status> ends(workers_.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      threads.emplace_back(
          [this, i, &ends](const std::stop_token& stop) { ends[i] = workers_[i]->Run(stop); });
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_done() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds{5});
    }
  }
  for (const Status& end : ends) {
    FOOTHOLD_CHECK(end.ok(), end.ToString());
  }
}

std::vector<Output> Service::Committed(const std::vector<std::string>& topics) {
  const std::unique_ptr<log::CommittedReader> reader = log_.ReadCommitted(topics).value();
  std::vector<Output> outputs;
  for (auto records = reader->Read(100); !records.empty(); records = reader->Read(100)) {
    for (const log::RecordView& record : records) {
      Output output{.topic = std::string(record.topic),
                    .partition = record.partition.value,
                    .key = std::string(record.key.value_or("")),
                    .value = {},
                    .headers = {}};
      if (record.value.has_value()) {
        output.value.emplace(*record.value);
      }
      for (const log::Header& header : record.headers) {
        output.headers[std::string(header.key)] = std::string(header.value.value_or(""));
      }
      outputs.push_back(std::move(output));
    }
  }
  return outputs;
}

std::vector<Output> Service::Decisions() { return Committed(topics_.Logs()); }
std::vector<Output> Service::Statuses() { return Committed(topics_.Statuses()); }
std::vector<Output> Service::DeadLetters() { return Committed({topics_.dead_letter}); }

std::map<std::string, std::string> Service::LastStatuses() {
  std::map<std::string, std::string> last;
  for (const Output& output : Statuses()) {
    const std::string subject = output.topic + " " + output.key;
    if (output.value.has_value()) {
      last[subject] = WithoutPlace(*output.value);
    } else {
      last.erase(subject);
    }
  }
  return last;
}

void PrintTo(const Output& output, std::ostream* out) {
  *out << output.topic << " " << output.key << " " << output.value.value_or("null");
  for (const auto& [name, value] : output.headers) {
    *out << "\n" << name << "=" << value;
  }
}

// An intervention carries a status and with it a place in the journal: where every run interleaves
// the inputs, and cuts its commits, in its own way.
std::string WithoutRevision(std::string value) {
  constexpr std::string_view kField = ",\"revision\":";
  for (std::size_t at = value.find(kField); at != std::string::npos; at = value.find(kField, at)) {
    const std::size_t end = value.find_first_not_of("0123456789", at + kField.size());
    value.erase(at, end - at);
  }
  return value;
}

std::vector<std::string> Sorted(const std::vector<Output>& decisions) {
  std::vector<std::string> texts;
  for (const Output& decision : decisions) {
    std::string text = decision.topic + " " + decision.key + " " +
                       WithoutRevision(decision.value.value_or("null"));
    for (const auto& [name, value] : decision.headers) {
      if (name != "ce_fhrev") {
        text += "\n" + name + "=" + value;
      }
    }
    texts.push_back(std::move(text));
  }
  std::ranges::sort(texts);
  return texts;
}

std::vector<StoryEvent> MakeStory(std::uint64_t seed, int users, std::int32_t partitions) {
  Random random(seed);
  std::vector<StoryEvent> story;
  const auto add = [&](int user, Instant at, std::string value) {
    // Producers key by user.
    story.push_back({static_cast<std::int32_t>(user % partitions), at, std::move(value)});
  };
  constexpr std::string_view kTenants[] = {"acme", "globex", "initech"};
  constexpr std::string_view kRoles[] = {"admin", "analyst", "operator", "viewer"};
  constexpr std::string_view kEvents[] = {
      "dashboard.created", "Report Exported", "dashboard.viewed",  "transaction.created",
      "form.completed",    "user.logged_in",  "profile.completed", "integration.connected"};
  for (int i = 0; i < users; ++i) {
    const std::string_view tenant = kTenants[random.Below(3)];
    const std::string_view role = kRoles[random.Below(4)];
    const std::string user = fmt::format("u{}", i);
    Instant at = kStart + milliseconds{random.Between(0, 10 * kDay.count())};
    add(i, at, Track(tenant, user, "Signed Up", at, fmt::format(R"({{"role":"{}"}})", role)));
    const std::int64_t steps = random.Between(0, 12);
    for (std::int64_t step = 0; step < steps; ++step) {
      at += milliseconds{random.Between(kMinute.count(), 3 * kDay.count())};
      if (random.Chance(0.15)) {
        add(i, at,
            Track(tenant, user, "user.invited", at,
                  fmt::format(R"({{"email":"guest{}@{}.example"}})", random.Below(9), tenant)));
      } else {
        add(i, at,
            Track(tenant, user, kEvents[random.Below(8)], at,
                  fmt::format(R"({{"dashboardId":"d{}"}})", random.Below(4))));
      }
    }
    if (random.Chance(0.3)) {
      at += kHour;
      add(i, at,
          Identify(tenant, user, at,
                   fmt::format(R"({{"email":"guest{}@{}.example","name":"U {}"}})", random.Below(9),
                               tenant, i)));
    }
  }
  std::ranges::stable_sort(story, {}, &StoryEvent::at);
  return story;
}

}  // namespace foothold::stream
