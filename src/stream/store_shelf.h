#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "src/base/ids.h"
#include "src/base/mutex.h"
#include "src/base/status.h"
#include "state/store.h"

namespace foothold::stream {

// Where the stores of one app's partitions lie. A port, so that tests can stand between.
class StoreShelf {
 public:
  virtual ~StoreShelf() = default;
  // As state::Store::Open(); kRetry while another worker of this process has it open still.
  virtual Result<std::unique_ptr<state::Store>> Open(PartitionId partition) = 0;
  // As state::Store::Destroy(): the partition's store is not open.
  virtual Status Destroy(PartitionId partition) = 0;
  // What all stores hold in memory.
  virtual std::size_t memory_bytes() const = 0;
};

// Stores in <root>/<partition>/, or in memory under that name. Thread-safe; it outlives its stores.
class FolderShelf final : public StoreShelf {
 public:
  struct Options {
    std::string root;                             // "<state.dir>/<app>"; absolute.
    std::string app;                              // A folder of another app's state is refused.
    std::shared_ptr<state::SharedMemory> memory;  // Shared by all stores of the process.
    bool in_memory = false;
  };
  explicit FolderShelf(Options options);

  Result<std::unique_ptr<state::Store>> Open(PartitionId partition) override;
  Status Destroy(PartitionId partition) override;
  std::size_t memory_bytes() const override { return options_.memory->bytes_used(); }

 private:
  class HeldStore;

  state::StoreOptions OptionsOf(PartitionId partition) const;
  void Closed(PartitionId partition);

  Options options_;
  Mutex mutex_;
  std::set<PartitionId> open_ GUARDED_BY(mutex_);
};

}  // namespace foothold::stream
