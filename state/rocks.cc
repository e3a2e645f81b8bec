#include "state/rocks.h"

#include <algorithm>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::state {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kSharedBytesMin = 8 * kMiB;
// A shard much smaller than the blocks and filters it holds would refuse or evict the wrong ones.
constexpr std::size_t kShardBytesMin = 4 * kMiB;
constexpr int kShardBitsMax = 6;
constexpr std::size_t kWriteBufferBytesMin = kMiB;
constexpr std::size_t kWriteBufferBytesMax = 32 * kMiB;

int ShardBits(std::size_t bytes) {
  int bits = 0;
  while (bits < kShardBitsMax && (bytes >> (bits + 1)) >= kShardBytesMin) ++bits;
  return bits;
}

bool Mentions(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

std::shared_ptr<SharedMemory> SharedMemory::Create(std::size_t bytes) {
  FOOTHOLD_CHECK(bytes >= kSharedBytesMin, "the stores' shared memory is at least 8 MiB");
  return std::make_shared<SharedMemoryImpl>(bytes);
}

SharedMemoryImpl::SharedMemoryImpl(std::size_t bytes)
    : cache_(rocksdb::NewLRUCache(bytes, ShardBits(bytes))),
      // Memtables are charged to the cache, so that `bytes` bounds both together.
      write_buffers_(std::make_shared<rocksdb::WriteBufferManager>(bytes / 3, cache_)),
      write_buffer_bytes_(std::clamp(bytes / 12, kWriteBufferBytesMin, kWriteBufferBytesMax)),
      memory_env_(rocksdb::NewMemEnv(rocksdb::Env::Default())) {
  // Few threads for all stores: one writes memtables, one compacts. Env never lowers a pool that
  // another part has raised.
  rocksdb::Env::Default()->IncBackgroundThreadsIfNeeded(1, rocksdb::Env::Priority::HIGH);
  rocksdb::Env::Default()->IncBackgroundThreadsIfNeeded(1, rocksdb::Env::Priority::LOW);
}

rocksdb::Env* SharedMemoryImpl::env(bool in_memory) const {
  return in_memory ? memory_env_.get() : rocksdb::Env::Default();
}

Failure RocksFailure(const rocksdb::Status& status, std::string_view path, std::string_view doing) {
  FOOTHOLD_CHECK(!status.ok(), "a success is no failure");
  const std::string what = status.ToString();
  const std::string begin = fmt::format("state store {}: cannot {}: ", path, doing);
  // A file that its own manifest names and that is not there is damage like a wrong checksum.
  if (status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound()) {
    return Error(Code::kCorrupt, begin + what);
  }
  if (status.IsNoSpace() || Mentions(what, "File too large")) {
    return Error(Code::kFatal, begin + what + "; make room on that disk, then start again");
  }
  if (Mentions(what, "lock hold by current process") || Mentions(what, "While lock file")) {
    return Error(Code::kFatal, begin +
                                   "in use by another process; stop that one, or give this one "
                                   "another state folder (" +
                                   what + ")");
  }
  if (Mentions(what, "Permission denied") || Mentions(what, "Read-only file system")) {
    return Error(Code::kFatal, begin + what + "; let this user write to that folder");
  }
  if (Mentions(what, "Too many open files")) {
    return Error(Code::kFatal, begin + what + "; raise the limit of open files (ulimit -n)");
  }
  return Error(Code::kFatal, begin + what + "; check that disk and folder");
}

}  // namespace foothold::state
