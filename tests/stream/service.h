#pragma once

// The whole service on a log in memory, driven by one thread with a clock of its own: what src/app
// builds, as far as tests of the loop need it.

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/logging.h"
#include "src/log/memory_log.h"
#include "src/metrics/intake_metrics.h"
#include "src/metrics/journey_metrics.h"
#include "src/metrics/people_metrics.h"
#include "src/metrics/registry.h"
#include "src/metrics/worker_metrics.h"
#include "src/stream/control_writer.h"
#include "src/stream/intake_stage.h"
#include "src/stream/journey_stage.h"
#include "src/stream/journey_task.h"
#include "src/stream/people_stage.h"
#include "src/stream/store_shelf.h"
#include "src/stream/worker.h"
#include "tests/fakes/manual_clock.h"

namespace foothold::stream {

// Noon of a Monday, when the stories of these tests begin.
inline constexpr Instant kStart = InstantFromMs(1'767'960'000'000);

// How long a worker of the service may be at one thing.
inline constexpr milliseconds kServiceHeartbeatPatience{90'000};

// One JSON record of the preset `segment`.
std::string Track(std::string_view tenant, std::string_view user, std::string_view event,
                  Instant at, std::string_view properties = "{}");
std::string Identify(std::string_view tenant, std::string_view user, Instant at,
                     std::string_view traits);

// A committed record of an output topic.
struct Output {
  std::string topic;
  std::int32_t partition = 0;
  std::string key;
  std::optional<std::string> value;
  std::map<std::string, std::string> headers;
  friend auto operator<=>(const Output&, const Output&) = default;
};
void PrintTo(const Output& output, std::ostream* out);

struct ServiceOptions {
  std::int32_t source_partitions = 2;
  std::int32_t journal_partitions = 2;
  std::int32_t people_partitions = 2;
  int intake_workers = 1;
  int people_workers = 1;
  int journey_workers = 1;
  std::size_t intake_entries_max = 1'000;
  std::size_t journey_entries_max = 1'000;
  std::size_t people_entries_max = 1'000;
  std::size_t waiting_bytes_max = 1U << 20U;  // Of one partition.
  std::size_t cache_bytes_max = 8U << 20U;
  journey::ClockMode mode = journey::ClockMode::kEvent;
  bool is_draining = false;
  StartAt start = {};
  int intake_batch_records_max = 500;
  milliseconds checkpoint_interval{0};  // Of the journey.
  // The stores are written with every commit, or lag behind as these allow.
  milliseconds store_write_interval{0};
  std::size_t store_write_bytes = 32U << 20U;
  // A store comes to its files with every n-th write, as a full memtable does; 0: never.
  int store_flush_every = 0;
  // Workers are run by RunThreads() only.
  bool has_threads = false;
};

class Service {
 public:
  // `faults` may be null and outlives the service.
  explicit Service(ServiceOptions options, log::FaultInjector* faults = nullptr);
  ~Service();

  void Produce(std::int32_t partition, const std::string& value,
               std::optional<Instant> timestamp = std::nullopt);

  // Ensures the topics, seeds the journal and opens the workers.
  Status TryStart();
  void Start();
  // Turns every worker until none has anything to do, or one fails.
  Status TryRun();
  void Run();
  // Runs every worker on its own thread until `is_done` (a minute at most), then stops them.
  void RunThreads(const std::function<bool()>& is_done);
  // The end of the input: the clock goes to `final_clock`.
  Status TryFinish(Instant final_clock);
  // Ends as kill -9 does: nothing is committed, flushed or left in order.
  void Kill();
  // Ends as SIGTERM does.
  void Stop();
  // The volumes are gone.
  void LoseStores();
  // From the next start on the input is read to its end.
  void BeginDraining() { options_.is_draining = true; }

  // Committed so far: log records (activation.changed, onboarding.progress), statuses, dead
  // letters.
  std::vector<Output> Decisions();
  std::vector<Output> Statuses();
  std::vector<Output> DeadLetters();
  // The last status of each subject, without its position.
  std::map<std::string, std::string> LastStatuses();
  std::vector<Output> Committed(const std::vector<std::string>& topics);

  log::MemoryLog& log() { return log_; }
  ManualWallClock& clock() { return clock_; }
  Worker& intake(std::size_t i = 0) { return *workers_.at(i); }
  Worker& people(std::size_t i = 0) {
    return *workers_.at(static_cast<std::size_t>(options_.intake_workers) + i);
  }
  Worker& journey(std::size_t i = 0) {
    return *workers_.at(
        static_cast<std::size_t>(options_.intake_workers + options_.people_workers) + i);
  }
  IntakeStage& intake_stage(std::size_t i = 0) { return *intake_stages_.at(i); }
  KeyedStage& journey_stage(std::size_t i = 0) { return *journey_stages_.at(i); }
  KeyedStage& people_stage(std::size_t i = 0) { return *people_stages_.at(i); }
  const PlacedTimes& placed() const { return placed_; }
  // The task of a partition that runs in the first of them; nullptr if it does not.
  const PeopleTask* people_task(PartitionId partition) const {
    return static_cast<const PeopleTask*>(people_stages_.front()->task(partition));
  }
  const JourneyTask* journey_task(PartitionId partition) const {
    return static_cast<const JourneyTask*>(journey_stages_.front()->task(partition));
  }
  // Of the worker that was added last.
  const Heartbeat& last_heartbeat() const { return *heartbeats_.back(); }
  const TopicNames& topics() const { return topics_; }
  metrics::Registry& registry() { return registry_; }
  const std::vector<std::string>& log_lines() const { return log_lines_; }

  // Stores that were built from nothing so far.
  int stores_made_anew() const { return stores_made_anew_; }

  // What stands between the stages and the stores, for tests that break them.
  std::function<Status()> before_store_write;
  std::function<Status()> after_store_write;

 private:
  class TestShelf;
  class TestStore;

  WorkerOptions OptionsOf(const std::string& stage, int worker) const;
  Status OpenWorkers();

  ServiceOptions options_;
  TopicNames topics_;
  ManualWallClock clock_;
  log::MemoryLog log_;
  std::vector<std::string> log_lines_;
  std::vector<std::shared_ptr<Heartbeat>> heartbeats_;
  Logger logger_;
  metrics::Registry registry_;
  metrics::IntakeMetrics intake_metrics_;
  metrics::PeopleMetrics people_metrics_;
  metrics::JourneyMetrics journey_metrics_;
  std::vector<std::unique_ptr<metrics::WorkerMetrics>> worker_metrics_;
  int stores_made_anew_ = 0;
  bool is_killing_ = false;
  std::unique_ptr<TestShelf> shelf_;
  std::unique_ptr<TestShelf> people_shelf_;
  PlacedTimes placed_;
  std::vector<std::unique_ptr<IntakeStage>> intake_stages_;
  std::vector<std::unique_ptr<KeyedStage>> people_stages_;
  std::vector<std::unique_ptr<KeyedStage>> journey_stages_;
  std::vector<std::unique_ptr<Worker>> workers_;  // Intake first, the journey last.
};

// Decisions without what depends on where they stand in the journal, sorted.
std::vector<std::string> Sorted(const std::vector<Output>& decisions);

// A small company's month: `users` users in three tenants, roles, invites, milestones met in time,
// late or never. In order of time; the same for a seed.
struct StoryEvent {
  std::int32_t partition = 0;
  Instant at;
  std::string value;
};
std::vector<StoryEvent> MakeStory(std::uint64_t seed, int users, std::int32_t partitions);
inline constexpr Instant kStoryEnd = kStart + 45 * kDay;

}  // namespace foothold::stream
