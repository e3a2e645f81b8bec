#include "state/store.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "src/base/check.h"
#include "state/identity.h"
#include "state/rocks.h"
#include "state/room.h"
#include "state/schema.h"
#include "state/timer_index.h"

namespace foothold::state {
namespace {

constexpr int kBloomBitsPerKey = 10;
constexpr double kMemtableBloomShare = 0.1;
constexpr int kMemtablesMax = 3;
constexpr int kOpenFilesMax = 100;
constexpr int kBackgroundJobsMax = 2;
constexpr std::uint64_t kFileBytes = 32ULL << 20;
constexpr std::uint64_t kLevelBaseBytes = 128ULL << 20;
// Written files go to the disk in steps of this size instead of all at their end.
constexpr std::uint64_t kBytesPerSync = 1ULL << 20;
constexpr std::size_t kLogBytesMax = 1U << 20;
constexpr std::size_t kLogFilesMax = 2;

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// RocksDB counts every comparison of keys in variables of the thread, which nobody reads: that is a
// tenth of what a write costs.
void CountNothing() { rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); }

const SharedMemoryImpl& ImplOf(const StoreOptions& options) {
  FOOTHOLD_CHECK(options.memory != nullptr, "a store needs its shared memory");
  const auto* impl = dynamic_cast<const SharedMemoryImpl*>(options.memory.get());
  FOOTHOLD_CHECK(impl != nullptr, "shared memory comes from SharedMemory::Create");
  return *impl;
}

rocksdb::Options RocksOptions(const StoreOptions& options) {
  const SharedMemoryImpl& memory = ImplOf(options);

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.cache();
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.whole_key_filtering = true;
  // Indexes and filters count against the shared bound too.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;

  rocksdb::Options rocks;
  rocks.env = memory.env(options.in_memory);
  rocks.create_if_missing = true;
  rocks.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocks.write_buffer_manager = memory.write_buffers();
  rocks.write_buffer_size = memory.write_buffer_bytes();
  rocks.max_write_buffer_number = kMemtablesMax;
  rocks.memtable_prefix_bloom_size_ratio = kMemtableBloomShare;
  rocks.memtable_whole_key_filtering = true;
  // Batches come in the order of their keys: within a family of keys the place of one is looked for
  // from that of the one before it. Without this every insert searches from the top.
  rocks.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  rocks.compression = rocksdb::kLZ4Compression;
  rocks.target_file_size_base = kFileBytes;
  rocks.max_bytes_for_level_base = kLevelBaseBytes;
  rocks.level_compaction_dynamic_level_bytes = true;
  rocks.max_open_files = kOpenFilesMax;
  rocks.max_background_jobs = kBackgroundJobsMax;
  rocks.bytes_per_sync = kBytesPerSync;
  rocks.skip_stats_update_on_db_open = true;
  // A close is like a crash: one behaviour, tried at every close. Whoever wants to keep all
  // flushes.
  rocks.avoid_flush_during_shutdown = true;
  // A full disk is the operator's to mend: said at once, not retried in the dark for ever.
  rocks.max_bgerror_resume_count = 0;
  rocks.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  rocks.max_log_file_size = kLogBytesMax;
  rocks.keep_log_file_num = kLogFilesMax;
  rocks.stats_dump_period_sec = 0;
  rocks.stats_persist_period_sec = 0;
  return rocks;
}

Status MakeFolder(const StoreOptions& options) {
  if (options.in_memory) {
    const rocksdb::Status made = ImplOf(options).env(true)->CreateDirIfMissing(options.path);
    if (!made.ok()) return RocksFailure(made, options.path, "make the folder");
    return {};
  }
  std::error_code error;
  std::filesystem::create_directories(options.path, error);
  if (error) {
    return Error(Code::kFatal,
                 fmt::format("state store {}: cannot make the folder: {}; correct the "
                             "state folder or its permissions",
                             options.path, error.message()));
  }
  return {};
}

// The least key above all keys with `prefix`; empty if there is none.
std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace

class StoreImpl final : public Store {
 public:
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options);

  StoreImpl(const StoreOptions& options, std::unique_ptr<rocksdb::DB> db)
      : path_(options.path), memory_(options.memory), db_(std::move(db)) {
    write_options_.disableWAL = true;
  }

  Result<std::optional<std::string>> Get(std::string_view key) const override;
  Result<std::vector<std::optional<std::string>>> MultiGet(
      const std::vector<std::string>& keys) const override;
  Status Write(const WriteBatch& batch) override;
  Result<std::vector<DueTimer>> TimersUntil(Instant until, const std::optional<DueTimer>& after,
                                            std::size_t count_max) const override;
  Status Scan(std::string_view prefix, std::string_view after,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  Status Flush() override;
  Status Verify() const override;
  std::uint64_t bytes_on_disk() const override { return Property("rocksdb.total-sst-files-size"); }
  std::uint64_t keys_estimate() const override { return Property("rocksdb.estimate-num-keys"); }

 private:
  std::uint64_t Property(const char* name) const;
  Failure Failed(const rocksdb::Status& status, std::string_view doing) const {
    return RocksFailure(status, path_, doing);
  }

  std::string path_;
  std::shared_ptr<SharedMemory> memory_;  // Outlives db_: its files may lie there.
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_options_;
  // Only what has been seen, so looks may raise it.
  mutable TimerFloor timer_floor_;
};

Result<std::unique_ptr<Store>> StoreImpl::Open(const StoreOptions& options) {
  const rocksdb::Options rocks = RocksOptions(options);
  FOOTHOLD_TRY(MakeFolder(options));
  if (!options.in_memory) {
    FOOTHOLD_TRY(CheckRoom(options.path));
  }
  FOOTHOLD_TRY(ClaimFolder(rocks.env, options.path, options.identity));
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(rocks, options.path, &db);
  if (!opened.ok()) return RocksFailure(opened, options.path, "open");
  return std::make_unique<StoreImpl>(options, std::unique_ptr<rocksdb::DB>(db));
}

Result<std::optional<std::string>> StoreImpl::Get(std::string_view key) const {
  CountNothing();
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), SliceOf(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return Failed(status, "read");
  return std::optional<std::string>(std::move(value));
}

Result<std::vector<std::optional<std::string>>> StoreImpl::MultiGet(
    const std::vector<std::string>& keys) const {
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), slices.size(), slices.data(),
                values.data(), statuses.data());
  std::vector<std::optional<std::string>> found(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return Failed(statuses[i], "read");
    found[i] = values[i].ToString();
  }
  return found;
}

Status StoreImpl::Write(const WriteBatch& batch) {
  CountNothing();
  // RocksDB takes the batch by pointer and leaves it as it is but for its sequence number.
  const rocksdb::Status status = db_->Write(write_options_, &batch.rep_->rocks);
  if (!status.ok()) return Failed(status, "write");
  if (!batch.rep_->timer_key_min.empty()) timer_floor_.Lower(batch.rep_->timer_key_min);
  return {};
}

Result<std::vector<DueTimer>> StoreImpl::TimersUntil(Instant until,
                                                     const std::optional<DueTimer>& after,
                                                     std::size_t count_max) const {
  std::vector<DueTimer> timers;
  const std::string end = TimerKeyAfter(until);
  if (count_max == 0 || timer_floor_.key() >= end) return timers;
  std::string begin = timer_floor_.key();
  if (after) {
    // The least key above `after`: itself and a zero byte.
    begin = std::max(begin, TimerKey(after->due, after->key) + '\0');
    if (begin >= end) return timers;
  }

  const rocksdb::Slice upper = SliceOf(end);
  rocksdb::ReadOptions read_options;
  read_options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(read_options));
  iterator->Seek(begin);
  if (!after && iterator->status().ok()) {
    timer_floor_.Raise(iterator->Valid() ? ViewOf(iterator->key()) : std::string_view(end));
  }
  for (; iterator->Valid() && timers.size() < count_max; iterator->Next()) {
    FOOTHOLD_ASSIGN(DueTimer timer, ParseTimerKey(ViewOf(iterator->key())));
    timers.push_back(std::move(timer));
  }
  if (!iterator->status().ok()) return Failed(iterator->status(), "read the timers");
  return timers;
}

Status StoreImpl::Scan(std::string_view prefix, std::string_view after,
                       const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const std::string timers_begin(1, static_cast<char>(KeyKind::kTimer));
  const std::string timers_end = PrefixEnd(timers_begin);
  const std::string end = PrefixEnd(prefix);
  const rocksdb::Slice upper = SliceOf(end);
  rocksdb::ReadOptions read_options;
  read_options.fill_cache = false;  // A walk must not push out what the events need.
  if (!end.empty()) read_options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(read_options));

  std::string begin(prefix);
  if (!after.empty()) begin = std::max(begin, std::string(after) + '\0');
  iterator->Seek(begin);
  while (iterator->Valid()) {
    const std::string_view key = ViewOf(iterator->key());
    if (key >= timers_begin && key < timers_end) {
      iterator->Seek(timers_end);
      continue;
    }
    if (!visit(key, ViewOf(iterator->value()))) break;
    iterator->Next();
  }
  if (!iterator->status().ok()) return Failed(iterator->status(), "scan");
  return {};
}

Status StoreImpl::Flush() {
  const rocksdb::Status status = db_->Flush(rocksdb::FlushOptions());
  if (!status.ok()) return Failed(status, "write to its files");
  return {};
}

Status StoreImpl::Verify() const {
  const rocksdb::Status status = db_->VerifyChecksum();
  if (!status.ok()) return Failed(status, "verify");
  return {};
}

std::uint64_t StoreImpl::Property(const char* name) const {
  std::uint64_t number = 0;
  return db_->GetIntProperty(name, &number) ? number : 0;
}

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  return StoreImpl::Open(options);
}

Status Store::Destroy(const StoreOptions& options) {
  rocksdb::Options rocks;
  rocks.env = ImplOf(options).env(options.in_memory);
  if (!rocks.env->FileExists(options.path).ok()) return {};
  const rocksdb::Status destroyed = rocksdb::DestroyDB(options.path, rocks);
  if (!destroyed.ok()) return RocksFailure(destroyed, options.path, "remove");
  FOOTHOLD_TRY(ReleaseFolder(rocks.env, options.path));
  // Only when empty: what somebody else put there is not ours to remove.
  rocks.env->DeleteDir(options.path).PermitUncheckedError();
  return {};
}

}  // namespace foothold::state
