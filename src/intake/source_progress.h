#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "src/base/ids.h"
#include "src/base/time.h"

namespace foothold::intake {

// A partition of one of the source's topics.
struct InputPartition {
  std::string topic;
  PartitionId partition;
  friend auto operator<=>(const InputPartition&, const InputPartition&) = default;
};

// How far one partition has been read: what a progress entry says of it.
struct ReadProgress {
  std::optional<Instant> event_time_max;  // Of accepted events, clamped as Observe() was told.
  std::optional<Instant> event_time_min;
  bool is_at_end = false;
  std::optional<Instant> broker_time_max;  // Of any record, also of rejected ones: a sign of life.
  std::int64_t unplaced_next = 0;          // One past its last that ObserveUnplaced() was told of.
  friend bool operator==(const ReadProgress&, const ReadProgress&) = default;
};

// What an intake worker knows of the partitions of one source that it reads, staged in step with
// its transaction: Observe*() and TakeMoved() are provisional until Commit(); Rollback() undoes
// them.
//
// Not thread-safe.
class SourceProgress {
 public:
  SourceProgress() = default;
  SourceProgress(const SourceProgress&) = delete;
  SourceProgress& operator=(const SourceProgress&) = delete;

  // Any record of `input` was read, whatever became of it.
  void ObserveRecord(const InputPartition& input, std::optional<Instant> broker_time);
  // One of its events was accepted. `wall`: the worker's wall time, to which the largest event time
  // is clamped; nullopt in a file.
  void ObserveEvent(const InputPartition& input, Instant occurred_at, std::optional<Instant> wall);
  // Its record before offset `next` goes by the person, or tells of one. The input is known to have
  // come to `at`, which the caller keeps within what was accepted; nullopt: nowhere.
  void ObserveUnplaced(const InputPartition& input, std::int64_t next, std::optional<Instant> at);
  // Whether `input` has been read to its high watermark and is idle since. A record read later
  // takes it back.
  void ObserveEnd(const InputPartition& input, bool is_at_end);
  // `input` was read before, by whichever worker, and that is how far. Effective at once; to be
  // told only together with something that moves.
  void Restore(const InputPartition& input, const ReadProgress& read);
  // `input` is no longer assigned to this worker. Effective at once.
  void Forget(const InputPartition& input);

  // Those that moved since the last call, and how far all of them are.
  std::map<InputPartition, ReadProgress> TakeMoved();
  std::map<InputPartition, ReadProgress> all() const;
  // How far `input` is; empty if nothing is known of it.
  ReadProgress of(const InputPartition& input) const;

  // The largest time accepted from the source by this worker.
  std::optional<Instant> event_time_max() const;

  void Commit();
  void Rollback();

 private:
  struct Entry {
    ReadProgress now;
    bool has_moved = false;
    bool is_undoable = false;  // `undo_` knows it.
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  Entry& Touch(const InputPartition& input);

  std::map<InputPartition, Entry> entries_;
  // The entry touched last: records come in runs of one partition. Null: look it up.
  std::map<InputPartition, Entry>::value_type* last_ = nullptr;
  // As of the last commit, of what was touched since; nullopt: it was not known then.
  std::map<InputPartition, std::optional<Entry>> undo_;
};

}  // namespace foothold::intake
