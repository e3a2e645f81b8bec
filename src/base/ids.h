#pragma once

#include <compare>
#include <cstdint>

namespace foothold {

// The number of a partition of some topic, from 0.
struct PartitionId {
  std::int32_t value = 0;
  friend auto operator<=>(const PartitionId&, const PartitionId&) = default;
};

// The offset of the next record to read: one past the last one processed.
struct NextOffset {
  std::int64_t value = 0;
  friend auto operator<=>(const NextOffset&, const NextOffset&) = default;
};

}  // namespace foothold
