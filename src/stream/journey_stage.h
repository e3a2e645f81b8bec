#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "src/base/ids.h"
#include "src/base/logging.h"
#include "src/base/mutex.h"
#include "src/codec/outputs.h"
#include "src/stream/journey_task.h"
#include "src/stream/options.h"
#include "src/stream/restore.h"
#include "src/stream/stage.h"
#include "src/stream/store_shelf.h"

namespace foothold::stream {

// The journey's side of a worker: a JourneyTask for each journal partition that it owns, and the
// restoring of their state.
//
//                       Assign()
//      (not ours) ------------------> restoring --- the store is whole ---> running
//          ^                             ^  |                                 |
//          `-------- Release() ----------+--'<---- kCorrupt: wiped, from the -'
//                                                  changelog's beginning
//
// Not thread-safe: owned by one Worker.
class JourneyStage final : public Stage {
 public:
  // All of it outlives the stage.
  struct Surroundings {
    log::Log* log = nullptr;
    StoreShelf* shelf = nullptr;
    const WallClock* clock = nullptr;
    metrics::JourneyMetrics* metrics = nullptr;
    const Logger* logger = nullptr;  // Of restores; null: nobody is told.
  };

  JourneyStage(JourneyOptions options, Surroundings surroundings);

  void Attach(log::Consumer* consumer) override;
  Result<std::vector<log::Position>> Assign(
      std::span<const log::TopicPartition> partitions) override;
  void Release(std::span<const log::TopicPartition> partitions) override;
  std::vector<log::TopicPartition> assigned() const override;
  std::vector<log::TopicPartition> readable() const override;
  Status Take(const log::RecordView& record) override;
  Status ObserveIdle() override;
  Result<bool> Work(std::size_t entries_max, Instant now) override;
  bool has_backlog() const override;
  std::size_t staged_entries() const override;
  Status Collect(Instant now, StagedWrites* writes) override;
  void Apply() override;
  Result<std::vector<log::Position>> Rewind() override;
  Result<std::vector<log::Position>> Repair() override;

  // How far each partition running here has been read, markers included, when last there was
  // nothing to do, to write or to commit. Thread-safe.
  std::map<PartitionId, NextOffset> folded_until() const;

  // The task of a running partition, for tests and metrics; nullptr if it is not running here.
  const JourneyTask* task(PartitionId partition) const;

 private:
  struct Restoring {
    std::unique_ptr<state::Store> store;
    NextOffset journal_next;    // Where the journal is to be read on.
    std::uint64_t records = 0;  // Of the changelog, that the store lacked.
    bool is_full = false;       // The store was empty.
  };
  // What is known of a partition before its state is.
  struct Start {
    PartitionId partition;
    std::optional<NextOffset> committed;
    log::Watermarks journal;
    log::Watermarks changelog;
  };
  enum class Trust { kAsItIs, kNone };

  Result<std::vector<Start>> QueryStarts(std::span<const log::TopicPartition> partitions);
  Status BeginRestore(const Start& start, Trust trust);
  // Where the store can be brought up to date from; nullopt: only from nothing.
  Result<std::optional<NextOffset>> TailOf(const state::Store& store, const Start& start) const;
  Result<std::unique_ptr<state::Store>> OpenStore(PartitionId partition);
  Status BeginRunning(PartitionId partition);
  // The places of the stores in the changelog, when it is time to note them.
  Result<std::map<PartitionId, std::string>> PlacesToNote(Instant now);
  Status WriteOut(Instant now);
  Status SendOutputs(const StagedWrites::Send& send);
  // Remembers whose state failed; returns `status`.
  Status Blame(PartitionId partition, Status status);
  log::TopicPartition JournalOf(PartitionId partition) const;
  void Measure(Instant now);
  void MeasureRestores();
  void LogRestores() const;
  void LogDistrust(PartitionId partition, const Status& why) const;

  JourneyOptions options_;
  Surroundings around_;
  log::Consumer* consumer_ = nullptr;
  codec::OutputEncoder encoder_;
  Restorer restorer_;
  std::map<PartitionId, Restoring> restoring_;
  std::map<PartitionId, std::unique_ptr<JourneyTask>> running_;
  std::set<PartitionId> corrupt_;
  std::map<PartitionId, int> repairs_;  // Since its store was written last.
  std::optional<Instant> places_noted_at_;
  Instant written_at_;  // The stores, last.
  mutable Mutex folded_mutex_;
  std::map<PartitionId, NextOffset> folded_until_ GUARDED_BY(folded_mutex_);
  std::set<PartitionId> placeless_;  // Running, and without a place noted yet.
  std::optional<Instant> measured_at_;
};

}  // namespace foothold::stream
