#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "src/base/ids.h"
#include "src/base/time.h"

namespace foothold::metrics {

// The size of one partition's state.
struct StateSize {
  std::uint64_t bytes = 0;  // On disk.
  std::uint64_t keys = 0;   // An estimate, timers included.
};

// How far the restore of one partition's state is.
struct Restore {
  std::uint64_t restored = 0;             // Records of the changelog.
  std::uint64_t total = 0;                // As far as they are known; 0 if there are none.
  std::optional<milliseconds> remaining;  // nullopt: not known yet.
};

// What every stage that keeps state tells of it, whatever it is. Thread-safe.
class KeyedMetrics {
 public:
  virtual ~KeyedMetrics() = default;

  // Of the decoded-object caches and of the stores' shared memory.
  virtual void CacheBytes(std::size_t objects_bytes, std::size_t store_bytes) = 0;
  virtual void StateSizeIs(PartitionId partition, StateSize size) = 0;
  virtual void RestoreProgress(PartitionId partition, const Restore& restore) = 0;
  // The partition is no longer this process's: its gauges go.
  virtual void PartitionDropped(PartitionId partition) = 0;
};

}  // namespace foothold::metrics
