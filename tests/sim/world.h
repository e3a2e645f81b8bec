#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/logging.h"
#include "src/base/random.h"
#include "src/log/memory_log.h"
#include "src/metrics/intake_metrics.h"
#include "src/metrics/journey_metrics.h"
#include "src/metrics/people_metrics.h"
#include "src/metrics/registry.h"
#include "src/metrics/worker_metrics.h"
#include "src/stream/intake_stage.h"
#include "src/stream/keyed_stage.h"
#include "src/stream/worker.h"
#include "tests/fakes/manual_clock.h"
#include "tests/sim/checks.h"
#include "tests/sim/collector.h"
#include "tests/sim/mutants.h"
#include "tests/sim/ports.h"
#include "tests/sim/storm.h"

namespace foothold::sim {

// What is dear to make and the same for every schedule. Not thread-safe: one for each thread.
struct Lab {
  Lab();
  journey::Playbook playbook;
  metrics::Registry registry;
  metrics::IntakeMetrics intake;
  metrics::PeopleMetrics people;
  metrics::JourneyMetrics journey;
  std::array<std::unique_ptr<metrics::WorkerMetrics>, kStageCount> workers;
};

// How a schedule's service is set up; drawn from its seed.
struct Settings {
  static Settings Draw(Random* random);

  journey::ClockMode mode = journey::ClockMode::kWall;
  bool is_live = false;  // The wall goes along with the events; else they all lie behind it.
  std::int32_t source_partitions = 2;
  std::int32_t journal_partitions = 2;
  std::int32_t people_partitions = 2;
  stream::StartAt start{};
  int batch_records_max = 20;
  std::array<std::size_t, kStageCount> entries_max{20, 20, 20};
  std::size_t cache_bytes_max = 1U << 20U;
  std::size_t waiting_bytes_max = 1U << 20U;
  milliseconds checkpoint_interval{0};
  milliseconds store_write_interval{0};
  std::size_t store_write_bytes = 32U << 20U;
  int flush_every = 0;
  std::string folder;  // Of the stores; empty: in memory.
};

// The service in a world where things go wrong: two processes, each with one worker for every
// stage, on one log in memory, with a clock that only the world moves.
//
// Not thread-safe.
class World {
 public:
  inline static constexpr int kProcesses = 2;

  // `lab` and `mutant` (null: the product as it is) outlive the world.
  World(Settings settings, std::uint64_t seed, Lab* lab, const Mutant* mutant, Storm::Trace trace);
  ~World();

  // Makes topics, ledger and processes.
  void Begin();
  void Produce(std::int32_t partition, const std::optional<std::string>& value, Instant timestamp);
  // One turn of one worker, or the start of a process that is down.
  void Turn(int process, StageId stage);
  // Turns every worker of a process that is up until nothing moves.
  void RunToRest();
  bool is_up(int process) const;
  void Boot(int process);

  // What goes wrong between turns.
  void Kill(int process);
  void Stop(int process);
  void ExpireSessions(int process);
  // Does to the volume of a process that is down what the fault says; false: there is nothing to do
  // it to.
  bool Spoil(int process, Fault fault);
  // Keeps what the volumes hold now, for Fault::kStoreOld. REQUIRES: the process is down.
  void KeepVolumes(int process);
  void Compact();
  void MoveStarts();

  void Say(const codec::ControlAction& action);
  // Says that a user is erased, with the ids that are known to lead to it, as `foothold erase`
  // does.
  void Erase(const std::string& tenant, const std::string& user, Instant at);
  // Writes it into the journal, as who prepares a playbook does.
  void Recall(const codec::Recollection& recollection);
  // Writes a control entry that follows nothing into the journal.
  void SayOutOfTurn(const codec::ControlAction& action, std::uint64_t number);
  void RequestFinish(Instant final_clock);
  bool is_finished() const;

  // Ends all in order and hands over what is to be looked at.
  Evidence End();
  void Find(std::string finding);
  // Writes a line of the trace.
  void Tell(const std::string& line) const { trace_(line); }
  const std::vector<std::string>& findings() const { return findings_; }

  ManualWallClock& clock() { return clock_; }
  Storm& storm() { return storm_; }
  Random& random() { return random_; }
  Collector& committed() { return *collector_; }
  const Settings& settings() const { return settings_; }
  const journey::Playbook& playbook() const { return lab_->playbook; }
  int boots() const { return boots_; }

 private:
  struct Process;

  stream::WorkerOptions OptionsOf(const Process& process, StageId stage) const;
  std::unique_ptr<stream::Stage> MakeStage(Process* process, StageId stage);
  void MakeShelves(Process* process);
  void EndProcess(Process* process);
  void Fail(Process* process, StageId stage, const Status& status);
  bool IsExplained(const Process& process, StageId stage, const Status& status) const;
  // Positions of the groups never go back; a store is never ahead of them.
  void CheckPositions();
  // Counts the last commit if it cut a stimulus and was no checkpoint.
  void CountCut(const log::TopicPartition& source);
  void CheckStore(StageId stage, PartitionId partition, const state::Store& store);
  std::optional<NextOffset> PositionOf(StageId stage, const log::TopicPartition& source);
  void ReadVolumes(Process* process, StageId stage, const std::vector<PartitionId>& owned,
                   std::map<std::int32_t, Evidence::Volume>* volumes);
  const std::string& InputOf(StageId stage) const;

  Settings settings_;
  Lab* lab_;
  const Mutant* mutant_;
  Storm::Trace trace_;
  Random random_;
  stream::TopicNames topics_;
  ManualWallClock clock_;
  Storm storm_;
  log::MemoryLog log_;
  Logger logger_;
  std::shared_ptr<state::SharedMemory> memory_;
  std::array<std::unique_ptr<log::Consumer>, kStageCount> watchers_;
  std::map<log::TopicPartition, NextOffset> positions_;
  std::map<log::TopicPartition, std::string> notes_;
  std::unique_ptr<Collector> collector_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::map<std::pair<int, PartitionId>, SimShelf::Content> old_volumes_;
  std::optional<Instant> finish_at_;
  Evidence evidence_;
  std::vector<std::string> findings_;
  int boots_ = 0;
};

}  // namespace foothold::sim
