#pragma once

#include <cstddef>
#include <cstdint>

#include "src/base/ids.h"

namespace foothold::metrics {

// The size of one partition's state.
struct StateSize {
  std::uint64_t bytes = 0;  // On disk.
  std::uint64_t keys = 0;   // An estimate, timers included.
};

// What every stage that keeps state tells of it, whatever it is. Thread-safe.
class KeyedMetrics {
 public:
  virtual ~KeyedMetrics() = default;

  // Of the decoded-object caches and of the stores' shared memory.
  virtual void CacheBytes(std::size_t objects_bytes, std::size_t store_bytes) = 0;
  virtual void StateSizeIs(PartitionId partition, StateSize size) = 0;
  // `total`: the changelog's records as far as they are known; 0 if there are none.
  virtual void RestoreProgress(PartitionId partition, std::uint64_t restored,
                               std::uint64_t total) = 0;
  // The partition is no longer this process's: its gauges go.
  virtual void PartitionDropped(PartitionId partition) = 0;
};

}  // namespace foothold::metrics
