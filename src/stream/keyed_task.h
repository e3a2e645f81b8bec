#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"
#include "src/stream/fold_place.h"
#include "src/stream/staged.h"
#include "state/store.h"

namespace foothold::stream {

// What a KeyedStage runs for one partition of its input: a fold of the records into the state of
// the partition's store, position included, so that the two never part.
//
// A commit is a checkpoint if it writes all changed state to the changelog. Others write what was
// decided and how far the fold has come; after a crash or an abort the fold begins at the
// checkpoint and comes to the same state, for nothing but the input decides.
//
// Not thread-safe: owned by one Worker.
class KeyedTask {
 public:
  virtual ~KeyedTask() = default;

  // Reads position and facts from the store, which is as of a checkpoint. Call before anything
  // below.
  virtual Status Load() = 0;
  // What comes up to where the note has come was committed: it is folded, and nothing of it is
  // staged.
  virtual void FoldAgain(const CommitNote& /*committed*/) {}

  // Queues one record of the input. kFatal if the input is not what the position says.
  virtual Status Take(const log::RecordView& record) = 0;
  // Runs at most `entries_max` entries of the queue, or parts of them; returns how many.
  virtual Result<std::size_t> Run(std::size_t entries_max) = 0;
  virtual bool has_backlog() const = 0;

  // The input has been read to its end, for now.
  virtual void ObserveEnd(Instant /*now*/) {}

  virtual std::size_t staged_entries() const = 0;
  // Whether commits without a checkpoint are possible after the last one.
  virtual bool can_fold_again() const { return false; }
  // An estimate of the memory of state that waits for a checkpoint; 0: none does.
  virtual std::size_t unsaved_bytes() const { return 0; }

  struct Checkpoint {
    std::optional<std::string> place;  // To be kept in the store alone, if anything.
  };
  // See Stage; null: no checkpoint. REQUIRES: a checkpoint unless can_fold_again().
  virtual Status Collect(const Checkpoint* checkpoint, StagedWrites* writes) = 0;
  // Outputs that are made only when they are sent; what is in the writes already comes first.
  virtual Status SendOutputs(const StagedWrites::Send& send) = 0;
  virtual void Apply() = 0;
  // Writes to the store what is committed: see PartitionState.
  virtual Status WriteOut() = 0;
  virtual std::size_t unwritten_bytes() const = 0;
  // Goes back to the last checkpoint and drops what is queued; the input is read again from
  // position(), and up to the last commit it is folded again.
  virtual Status Rewind() = 0;
  // Likewise, but without looking at the store, which is not to be trusted: only good for
  // position().
  virtual void DropAll() = 0;

  // The record that was not finished as of the last checkpoint.
  virtual NextOffset position() const = 0;
  virtual state::Store& store() const = 0;
  // Memory of decoded objects.
  virtual std::size_t cache_bytes() = 0;
  // Tells its metrics what only a look can tell. Every few seconds.
  virtual void Measure() = 0;
};

// Makes the tasks of one stage. Outlives them.
class KeyedTasks {
 public:
  virtual ~KeyedTasks() = default;
  virtual std::unique_ptr<KeyedTask> Make(PartitionId partition,
                                          std::unique_ptr<state::Store> store) = 0;
};

}  // namespace foothold::stream
