#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "src/log/memory_log.h"
#include "src/log/memory_state.h"
#include "src/log/partition_log.h"

namespace foothold::log {

// CommittedReader by merging partitions: always the head with the lowest sequence. Made by
// MemoryLog::ReadCommitted().
class OrderedReader final : public CommittedReader {
 public:
  struct Source {
    std::string_view topic;  // Lives as long as the log: topics are never deleted.
    PartitionId partition;
    PartitionLog* log = nullptr;  // Guarded by the state's mutex.
    std::int64_t next = 0;
  };

  OrderedReader(MemoryState& state, std::vector<Source> sources)
      : state_(state), sources_(std::move(sources)) {}

  std::span<const RecordView> Read(std::size_t count_max) override;
  void DeleteRead() override;

 private:
  // Hands out the record that comes next in the order of the log. False if it is not decided yet.
  bool ReadOne() REQUIRES_MUTEX(state_.mutex);

  MemoryState& state_;
  std::vector<Source> sources_;
  std::vector<std::shared_ptr<const StoredRecord>> handed_out_;
  std::vector<RecordView> views_;
};

}  // namespace foothold::log
