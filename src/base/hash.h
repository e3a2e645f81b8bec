#pragma once

#include <cstdint>
#include <string_view>

namespace foothold {

// 64-bit hash of `bytes` (XXH3), the same on every machine and in every version: it is persisted.
std::uint64_t Hash64(std::string_view bytes, std::uint64_t seed = 0);

// Mixes `value` into `seed`, order-dependent; persisted like Hash64.
std::uint64_t MixHash(std::uint64_t seed, std::uint64_t value);

// 128 bits, for values that must not collide: distinct counts, salted e-mails.
struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};
Hash128 HashWide(std::string_view bytes, std::uint64_t seed = 0);

// Kafka's murmur2 of a key, and the partition the Java client's default partitioner gives it.
// REQUIRES: partition_count > 0.
std::uint32_t Murmur2(std::string_view bytes);
std::int32_t PartitionOfKey(std::string_view key, std::int32_t partition_count);

}  // namespace foothold
