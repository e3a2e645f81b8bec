#include "src/stream/store_shelf.h"

#include <utility>

#include <fmt/format.h>

namespace foothold::stream {

// Passes everything on, and tells the shelf when it is closed.
class FolderShelf::HeldStore final : public state::Store {
 public:
  HeldStore(std::unique_ptr<state::Store> store, PartitionId partition, FolderShelf* shelf)
      : store_(std::move(store)), partition_(partition), shelf_(shelf) {}
  ~HeldStore() override {
    store_.reset();
    shelf_->Closed(partition_);
  }
  HeldStore(const HeldStore&) = delete;
  HeldStore& operator=(const HeldStore&) = delete;

  Result<std::optional<std::string>> Get(std::string_view key) const override {
    return store_->Get(key);
  }
  Result<std::vector<std::optional<std::string>>> MultiGet(
      const std::vector<std::string>& keys) const override {
    return store_->MultiGet(keys);
  }
  Status Write(const state::WriteBatch& batch) override { return store_->Write(batch); }
  Result<std::vector<state::DueTimer>> TimersUntil(Instant until,
                                                   const std::optional<state::DueTimer>& after,
                                                   std::size_t count_max) const override {
    return store_->TimersUntil(until, after, count_max);
  }
  Status Scan(std::string_view prefix, std::string_view after,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store_->Scan(prefix, after, visit);
  }
  Status Flush() override { return store_->Flush(); }
  Status Verify() const override { return store_->Verify(); }
  std::uint64_t bytes_on_disk() const override { return store_->bytes_on_disk(); }
  std::uint64_t keys_estimate() const override { return store_->keys_estimate(); }

 private:
  std::unique_ptr<state::Store> store_;
  PartitionId partition_;
  FolderShelf* shelf_;
};

FolderShelf::FolderShelf(Options options) : options_(std::move(options)) {}

state::StoreOptions FolderShelf::OptionsOf(PartitionId partition) const {
  return {.path = fmt::format("{}/{}", options_.root, partition.value),
          .identity = fmt::format("{}/{}", options_.app, partition.value),
          .memory = options_.memory,
          .in_memory = options_.in_memory};
}

Result<std::unique_ptr<state::Store>> FolderShelf::Open(PartitionId partition) {
  {
    const MutexLock lock(mutex_);
    if (!open_.insert(partition).second) {
      // A worker that was thrown out of the group does not know it yet.
      return Error(Code::kRetry, fmt::format("the store of partition {} is still open in another "
                                             "worker",
                                             partition.value));
    }
  }
  Result<std::unique_ptr<state::Store>> store = state::Store::Open(OptionsOf(partition));
  if (!store.has_value()) {
    Closed(partition);
    return Failure(std::move(store.error()));
  }
  return std::make_unique<HeldStore>(std::move(*store), partition, this);
}

void FolderShelf::Closed(PartitionId partition) {
  const MutexLock lock(mutex_);
  open_.erase(partition);
}

Status FolderShelf::Destroy(PartitionId partition) {
  return state::Store::Destroy(OptionsOf(partition));
}

}  // namespace foothold::stream
