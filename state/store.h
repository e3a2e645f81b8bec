#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"

namespace foothold::state {

// The block cache and the memtable budget that all stores of a process share. Thread-safe. Shared
// ownership: the stores' files in memory and their caches must outlive whichever store closes last.
class SharedMemory {
 public:
  // `bytes`: block cache and memtables together, at least 8 MiB.
  static std::shared_ptr<SharedMemory> Create(std::size_t bytes);
  virtual ~SharedMemory() = default;
  virtual std::size_t bytes_used() const = 0;
};

struct StoreOptions {
  std::string path;  // The partition's folder; made if missing.
  // Whose state it is, such as "shop/3": app and partition, one line of text. A folder that belongs
  // to another is refused by name.
  std::string identity;
  std::shared_ptr<SharedMemory> memory;
  // For replay, demo, simulator: the files live in `memory`, beside its bound, and end with it. The
  // path is then a name, one for each store.
  bool in_memory = false;
};

// What one commit of one partition changes. A key is named once: the last Put or Delete of it wins.
//
// Values carry their due in the header (state/schema.h); the batch keeps the timer index in step,
// for which it must be told the due that the key had in the store before: `due_before`, nullopt for
// none. Not thread-safe.
class WriteBatch {
 public:
  WriteBatch();
  ~WriteBatch();
  WriteBatch(WriteBatch&&) noexcept;
  WriteBatch& operator=(WriteBatch&&) noexcept;

  // REQUIRES: ParseValue(value) succeeds; the key is no timer's.
  void Put(std::string_view key, std::string_view value, std::optional<Instant> due_before);
  void Delete(std::string_view key, std::optional<Instant> due_before);

  // For a store that is filled from nothing, which need not know what it had before: the index is
  // left as it is, and made at the end by BuildTimerIndex() (state/timer_index.h).
  // REQUIRES: as above; no Put() or Delete() of the key.
  void PutUnindexed(std::string_view key, std::string_view value);
  void DeleteUnindexed(std::string_view key);
  // Only the entry of the index, for a value that the store has.
  void AddTimer(Instant due, std::string_view key);

  std::size_t bytes() const;
  void Clear();

 private:
  friend class StoreImpl;
  struct Rep;

  void MoveTimer(std::string_view key, std::optional<Instant> due_before,
                 std::optional<Instant> due_after);

  std::unique_ptr<Rep> rep_;
};

struct DueTimer {
  Instant due;
  std::string key;  // The subject's.
  friend auto operator<=>(const DueTimer&, const DueTimer&) = default;
};

// One partition's state: a RocksDB with the write-ahead log off. After a crash it holds a prefix of
// the batches written, each whole: the rest comes back from the changelog. The destructor is such a
// crash: what was not flushed is not kept. A clean end calls Flush() first.
//
// Not thread-safe: owned by one Worker; the compactions' threads are RocksDB's.
class Store {
 public:
  // kCorrupt: the files cannot be trusted (Destroy(), then restore). kFatal names the path and the
  // remedy: no permission, disk full, in use by another process, state of another app or partition,
  // state of a newer build.
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options);
  // Removes the partition's files. Nothing of it may be open.
  static Status Destroy(const StoreOptions& options);

  virtual ~Store() = default;

  // The value with its header; nullopt if there is none. kCorrupt: a checksum is wrong.
  virtual Result<std::optional<std::string>> Get(std::string_view key) const = 0;
  // Several at once, in the order of `keys`: cheaper than one by one.
  virtual Result<std::vector<std::optional<std::string>>> MultiGet(
      const std::vector<std::string>& keys) const = 0;

  // Applies all of the batch or nothing. May wait for a flush when memory is full. kFatal: disk
  // full or read-only, with the path; every later Write() says so again.
  virtual Status Write(const WriteBatch& batch) = 0;

  // Up to `count_max` timers with due <= `until`, earliest first by (due, key), strictly after
  // `after` where that is given. A timer is a hint: the subject's value says whether it still
  // holds. A stale one is removed by a Put() or Delete() of its key with its due as `due_before`.
  // Costs next to nothing when none is due.
  virtual Result<std::vector<DueTimer>> TimersUntil(Instant until,
                                                    const std::optional<DueTimer>& after,
                                                    std::size_t count_max) const = 0;

  // Calls `visit(key, value)` for each key with `prefix`, in key order, strictly after `after`
  // (empty: from the first), until it returns false. Timer keys are never shown.
  virtual Status Scan(
      std::string_view prefix, std::string_view after,
      const std::function<bool(std::string_view, std::string_view)>& visit) const = 0;

  // Writes what is in memory to the files, so that a restart has less to replay.
  virtual Status Flush() = 0;
  // Verifies the checksums of all files.
  virtual Status Verify() const = 0;

  // Estimates, cheap: for metrics.
  virtual std::uint64_t bytes_on_disk() const = 0;
  virtual std::uint64_t keys_estimate() const = 0;  // Timers included.
};

}  // namespace foothold::state
