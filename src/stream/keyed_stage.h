#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "src/base/ids.h"
#include "src/base/logging.h"
#include "src/base/mutex.h"
#include "src/stream/keyed_task.h"
#include "src/stream/restore.h"
#include "src/stream/stage.h"
#include "src/stream/store_shelf.h"
#include "src/stream/watchdog.h"

namespace foothold::metrics {
class KeyedMetrics;
}

namespace foothold::stream {

// The side of a worker that keeps state: a KeyedTask for each partition of its input that it owns,
// and the restoring of their state.
//
//                       Assign()
//      (not ours) ------------------> restoring --- the store is whole ---> running
//          ^                             ^  |                                 |
//          `-------- Release() ----------+--'<---- kCorrupt: wiped, from the -'
//                                                  changelog's beginning
//
// Not thread-safe: owned by one Worker.
class KeyedStage final : public Stage {
 public:
  struct Options {
    std::string input;      // The topic that is folded, ...
    std::string changelog;  // ... and that of the state, with as many partitions.
    // Changed state goes into the changelog this often, or when so much of a partition waits for
    // it; what was committed since is folded again after a crash. 0: with each commit.
    milliseconds checkpoint_interval{0};
    std::size_t checkpoint_bytes = 16U << 20U;
    // What the changelog has is written to the stores this often, or when so much waits in memory.
    // No more often than a store notes its place: a restart reads the changelog again from there.
    milliseconds store_write_interval{5'000};
    std::size_t store_write_bytes = 32U << 20U;
    milliseconds transaction_timeout{10'000};
    // How old a store may be and still be brought up to date by its changelog's tail: half of the
    // changelog's delete.retention.ms, for a tombstone may be gone after that.
    milliseconds store_age_max{7 * kDay / 2};
  };
  // All of it outlives the stage.
  struct Surroundings {
    log::Log* log = nullptr;
    StoreShelf* shelf = nullptr;
    const WallClock* clock = nullptr;
    metrics::KeyedMetrics* metrics = nullptr;
    const Logger* logger = nullptr;                  // Of restores; null: nobody is told.
    std::shared_ptr<Heartbeat> heartbeat = nullptr;  // Its worker's; null: nobody watches.
  };

  KeyedStage(Options options, std::unique_ptr<KeyedTasks> tasks, Surroundings surroundings);

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
  bool owes_checkpoint() const override;
  bool IsCheckpointDue(Instant now) const override;
  Status Collect(Instant now, Checkpoints checkpoints, StagedWrites* writes) override;
  void Apply() override;
  Result<std::vector<log::Position>> Rewind() override;
  Result<std::vector<log::Position>> Repair() override;

  // How far each partition running here has been read, markers included, when last there was
  // nothing to do, to write or to commit. Thread-safe.
  std::map<PartitionId, NextOffset> folded_until() const;

  // The task of a running partition, for tests and metrics; nullptr if it is not running here.
  const KeyedTask* task(PartitionId partition) const;

 private:
  struct Restoring {
    std::unique_ptr<state::Store> store;
    NextOffset input_next;                // Where the input is to be read on.
    std::optional<CommitNote> committed;  // How far it was committed beyond that.
    NextOffset changelog_end;             // All before it is in the store once that is whole.
    std::uint64_t records = 0;            // Of the changelog, that the store lacked.
    bool is_full = false;                 // The store was empty.
  };
  // What is known of a partition before its state is.
  struct Start {
    PartitionId partition;
    std::optional<NextOffset> committed;
    std::optional<CommitNote> note;  // Of `committed`.
    log::Watermarks input;
    log::Watermarks changelog;

    // Where the state of the last checkpoint stands in the input.
    std::optional<NextOffset> checkpoint() const {
      return note.has_value() ? std::optional(note->checkpoint) : committed;
    }
  };
  enum class Trust { kAsItIs, kNone };
  static constexpr milliseconds kCallTimeout{10'000};

  Result<std::vector<Start>> QueryStarts(std::span<const log::TopicPartition> partitions);
  Status BeginRestore(const Start& start, Trust trust);
  // Where the store can be brought up to date from; nullopt: only from nothing.
  Result<std::optional<NextOffset>> TailOf(const state::Store& store, const Start& start) const;
  Result<std::unique_ptr<state::Store>> OpenStore(PartitionId partition);
  Status BeginRunning(PartitionId partition);
  // A store that was built from nothing, or from a long tail, is brought to the disk with its
  // place: a kill right after the restore must not cost another one.
  Status SaveRestored(const Restoring& restored) const;
  bool IsCheckpointDue(PartitionId partition, const KeyedTask& task, Instant now) const;
  std::set<PartitionId> PartitionsToSave(Instant now, Checkpoints checkpoints) const;
  // The places of these stores in the changelog, as far as it is time to note them.
  Result<std::map<PartitionId, std::string>> PlacesToNote(Instant now, Checkpoints checkpoints,
                                                          const std::set<PartitionId>& partitions);
  Status WriteOut(Instant now);
  // What the worker does from now on, for who watches it.
  void Beat(Doing doing);
  Status SendOutputs(const StagedWrites::Send& send);
  // Remembers whose state failed; returns `status`.
  Status Blame(PartitionId partition, Status status);
  log::TopicPartition InputOf(PartitionId partition) const;
  void Measure(Instant now);
  // What is told of restores, in metrics and in the log: their beginning, every some seconds how
  // far they are and how long they still take, their end.
  void MeasureRestores(Instant now);
  void LogRestoresBegun(Instant now);
  void LogRestoresGoOn(Instant now);
  void LogRestoresEnded(Instant now);
  void LogDistrust(PartitionId partition, const Status& why) const;

  Options options_;
  Surroundings around_;
  std::unique_ptr<KeyedTasks> tasks_;
  log::Consumer* consumer_ = nullptr;
  Restorer restorer_;
  std::map<PartitionId, Restoring> restoring_;
  std::optional<Instant> restores_begun_at_;  // Since the last time that none was under way.
  Instant restores_told_at_;
  std::uint64_t restored_records_ = 0;  // Of partitions that have become whole since then.
  std::map<PartitionId, std::unique_ptr<KeyedTask>> running_;
  std::set<PartitionId> corrupt_;
  std::map<PartitionId, int> repairs_;              // Since its store was written last.
  std::map<PartitionId, Instant> checkpointed_at_;  // Of what runs.
  std::map<PartitionId, Instant> places_noted_at_;  // Likewise, once it was.
  std::set<PartitionId> collected_;                 // What the commit under way holds.
  Instant written_at_;                              // The stores, last.
  mutable Mutex folded_mutex_;
  std::map<PartitionId, NextOffset> folded_until_ GUARDED_BY(folded_mutex_);
  std::optional<Instant> measured_at_;
};

}  // namespace foothold::stream
