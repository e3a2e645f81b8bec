#pragma once

// What the files of this folder share of RocksDB. Nobody outside it includes this header.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

// Since RocksDB 8 cache.h only declares Cache; before, there is no such header.
#if __has_include(<rocksdb/advanced_cache.h>)
#include <rocksdb/advanced_cache.h>
#endif
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/status.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include "src/base/status.h"
#include "src/base/time.h"
#include "state/store.h"

namespace foothold::state {

class SharedMemoryImpl final : public SharedMemory {
 public:
  explicit SharedMemoryImpl(std::size_t bytes);

  std::size_t bytes_used() const override { return cache_->GetUsage(); }

  const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }
  const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers() const {
    return write_buffers_;
  }
  // The size at which one store's memtable is written out.
  std::size_t write_buffer_bytes() const { return write_buffer_bytes_; }
  // The machine's files, or those in memory.
  rocksdb::Env* env(bool in_memory) const;

 private:
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  std::size_t write_buffer_bytes_;
  std::unique_ptr<rocksdb::Env> memory_env_;
};

struct WriteBatch::Rep {
  rocksdb::WriteBatch rocks;
  // The due under which each key named so far stands in the index after this batch.
  std::unordered_map<std::string, std::optional<Instant>> due_by_key;
  // The earliest timer key put; empty if none.
  std::string timer_key_min;
};

// What RocksDB said, as what the caller must do. `doing` completes "state store <path>: cannot
// ...". REQUIRES: !status.ok().
Failure RocksFailure(const rocksdb::Status& status, std::string_view path, std::string_view doing);

}  // namespace foothold::state
