#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>

#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"
#include "src/stream/options.h"
#include "src/stream/stage.h"
#include "src/stream/transaction.h"
#include "src/stream/watchdog.h"

namespace foothold::metrics {
class WorkerMetrics;
}

namespace foothold::stream {

// One thread's work: a consumer, a transactional producer and the tasks (Stage) of the partitions
// that the group gives it.
//
// The same object serves a real broker on its own thread (Run()) and a log in memory driven step by
// step (RunOnce() with poll_timeout 0): there is one loop.
// Not thread-safe, but for is_ready().
class Worker {
 public:
  enum class Activity {
    kIdle,    // There was nothing to read, to do or to commit.
    kWorked,  // Something happened; there may be more.
  };

  // What the worker does not own; all of it outlives the worker.
  struct Surroundings {
    log::Log* log = nullptr;
    const WallClock* clock = nullptr;
    const Logger* logger = nullptr;
    metrics::WorkerMetrics* metrics = nullptr;
    std::shared_ptr<Heartbeat> heartbeat;
  };

  Worker(WorkerOptions options, Surroundings surroundings, Stage* stage);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Opens the handles and joins the group. REQUIRES: not open.
  Status Open();

  // One turn of the loop. An error is final: kFatal, with the line to end the process with; nothing
  // more is called then but the destructor.
  Result<Activity> RunOnce();

  // Commits what is staged and leaves the group. A commit that does not succeed is left to the next
  // start. REQUIRES: open, no call failed.
  Status Close();

  // Open(), RunOnce() until `stop` or an error, Close().
  Status Run(const std::stop_token& stop);

  // False while the log does not answer: lag() is then of the time before. Thread-safe.
  bool is_answered() const { return is_answered_.load(std::memory_order_relaxed); }
  // True once the group has said which partitions are this worker's and all of them may be read
  // (their state is restored). They may be none: of more workers than partitions some wait, and a
  // rollout is not to wait for them. Thread-safe.
  bool is_ready() const { return is_ready_.load(std::memory_order_relaxed); }
  // The age of the oldest record that is still to be read, nearly: of the newest one read where
  // there are more. nullopt: there is more, and nothing was read yet. As of the last look, every
  // few seconds. Thread-safe.
  std::optional<milliseconds> lag() const;
  const std::string& name() const { return options_.name; }

 private:
  // What has to be done before anything else, after a failure.
  enum class Owed { kNothing, kRewind, kRepair };

  Status Turn(Activity* activity);
  Status TakeAssignment(Activity* activity);
  Status GiveUpPartitions(const log::AssignmentChange& change);
  Status CheckMembership();
  Status Poll(Activity* activity);
  void ReadAgain(std::span<const log::RecordView> records);
  Status Commit(Checkpoints checkpoints = Checkpoints::kDue);
  // Commits until nothing is staged and no checkpoint is owed.
  Status CommitAll();
  bool IsCommitDue() const;
  bool IsFull() const;

  Status OnFailure(const Status& failure);
  Status OnRetry(const Status& failure);
  Status Settle();
  Status Rewind();
  Status Repair();
  Status Reopen(const Status& failure);

  Status SyncPauses();
  Status MeasureLag();
  bool IsKeepAliveDue() const;
  void DropHandles();
  RetryPolicy MakeRetryPolicy() const;

  WorkerOptions options_;
  Surroundings around_;
  Stage* stage_;

  std::unique_ptr<log::Consumer> consumer_;
  std::unique_ptr<log::TransactionalProducer> producer_;
  std::optional<Transaction> transaction_;

  std::optional<log::AssignmentChange> change_;  // Not accepted yet.
  std::optional<Instant> lost_at_;               // Partitions were, and none was given since.
  Owed owed_ = Owed::kNothing;
  std::set<log::TopicPartition> paused_;
  std::vector<log::Position> seeks_;  // To be done before the next poll.
  bool is_drained_ = false;           // The last poll brought nothing.
  bool is_holding_ = false;           // All is paused: the backlog goes on between polls.

  std::optional<Instant> staged_since_;
  Instant last_poll_;
  Instant last_commit_;
  milliseconds last_commit_duration_{0};
  std::optional<Instant> last_fenced_;
  std::optional<Instant> retrying_since_;
  std::map<log::TopicPartition, Instant> newest_;  // Timestamps of the newest records taken.
  std::optional<Instant> measured_at_;
  bool has_assignment_ = false;  // The group has given this member its part, nothing included.
  std::atomic<bool> is_ready_{false};
  std::atomic<bool> is_answered_{true};
  std::atomic<std::int64_t> lag_ms_{0};  // kLagUnknown: nothing was read yet.
};

}  // namespace foothold::stream
