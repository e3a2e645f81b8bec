#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/metrics/registry.h"

namespace foothold::metrics {

// How far a reader is behind the end of one partition.
struct Lag {
  std::uint64_t records = 0;
  milliseconds time{0};  // Between the newest record read and the wall; 0 when all is read.
};

enum class RebalanceKind { kAssigned, kRevoked, kLost };

// How one worker's loop runs. One for each worker. Points in time are exported as such, not as
// ages: a loop that hangs updates nothing, and its age grows all the same (time() - x).
// Thread-safe.
class WorkerMetrics {
 public:
  // `registry` outlives this. `stage`: "intake", "people", "journey".
  WorkerMetrics(Registry* registry, std::string_view stage, int worker);
  ~WorkerMetrics();

  // `now` is wall time. Cheap: call it at every turn of the loop.
  void LoopMoved(Instant now);

  void CommitDone(std::chrono::nanoseconds duration, std::size_t partitions);
  void CommitFailed(Code code);
  // Since when the oldest transaction not yet ended is open, wall time; nullopt if none is.
  void OldestOpenTransaction(std::optional<Instant> since);

  void Rebalanced(RebalanceKind kind, std::size_t partitions);
  void AssignedPartitions(std::size_t count);
  void LagIs(std::string_view topic, PartitionId partition, Lag lag);
  // The partition is no longer this worker's: its lag goes.
  void PartitionDropped(std::string_view topic, PartitionId partition);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace foothold::metrics
