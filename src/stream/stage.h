#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"
#include "src/stream/staged.h"

namespace foothold::stream {

// The state that a commit writes to a changelog.
enum class Checkpoints {
  kDue,  // That of partitions whose checkpoint is due.
  // As much as one transaction can take of what no changelog has yet, until nothing is owed: then
  // whoever comes next need not fold anything again.
  kAll,
};

// What a Worker runs: the tasks of one stage for the partitions that the worker owns.
//
// Everything a stage does is staged until Apply(): Rewind() takes all of it back. Status codes are
// those of src/base/status.h; the worker's OnFailure() says what each leads to.
// Not thread-safe: owned by one Worker.
class Stage {
 public:
  virtual ~Stage() = default;

  // `consumer` reads the input from now on and outlives its use: until the next Attach().
  // REQUIRES: no partition is assigned.
  virtual void Attach(log::Consumer* consumer) = 0;

  // Takes partitions on and says where each is to be read from. kRetry: nothing happened, call
  // again with the same partitions.
  virtual Result<std::vector<log::Position>> Assign(
      std::span<const log::TopicPartition> partitions) = 0;
  // Lets go of partitions. What is staged for them is dropped: commit first.
  virtual void Release(std::span<const log::TopicPartition> partitions) = 0;
  // The assigned partitions, and those among them that may deliver records now.
  virtual std::vector<log::TopicPartition> assigned() const = 0;
  virtual std::vector<log::TopicPartition> readable() const = 0;

  // Takes one record of the input; nothing of it is kept by view.
  virtual Status Take(const log::RecordView& record) = 0;
  // The poll brought nothing: what can be concluded from that is concluded.
  virtual Status ObserveIdle() = 0;
  // Works on what was taken, at most `entries_max` entries (timers, members of a walk), and on the
  // restoring of state, a slice of it. `now`: wall time. Returns false if there was nothing to do.
  virtual Result<bool> Work(std::size_t entries_max, Instant now) = 0;
  // True while Work() has something left to do.
  virtual bool has_backlog() const = 0;

  // True if nothing more is to be taken before a commit, and a turn of the other workers.
  virtual bool is_full() const { return false; }

  // What was done since the last commit, in entries. 0: nothing waits for a commit.
  virtual std::size_t staged_entries() const = 0;
  // Whether state waits for a checkpoint that was committed, but is in no changelog yet: at all,
  // and for so long that one is due.
  virtual bool owes_checkpoint() const { return false; }
  virtual bool IsCheckpointDue(Instant /*now*/) const { return false; }
  // Adds what the next transaction is to hold. Called again after a Rewind() only.
  virtual Status Collect(Instant now, Checkpoints checkpoints, StagedWrites* writes) = 0;
  // The transaction is committed: makes what was collected the stage's own state. Work() brings it
  // into the stores.
  virtual void Apply() = 0;
  // Drops all that is staged and returns where to read on. What was committed behind a checkpoint
  // comes again from there, and is not said again.
  virtual Result<std::vector<log::Position>> Rewind() = 0;
  // After kCorrupt, and after Rewind(): begins to build anew the state that cannot be trusted, and
  // returns where to read on for it. kRetry: call again.
  virtual Result<std::vector<log::Position>> Repair() = 0;
};

}  // namespace foothold::stream
