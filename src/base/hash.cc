#include "src/base/hash.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "src/base/check.h"

namespace foothold {

std::uint64_t Hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t MixHash(std::uint64_t seed, std::uint64_t value) {
  // The finaliser of splitmix64 over the sum: cheap, and no two orders agree.
  std::uint64_t mixed = seed * 0x9E3779B97F4A7C15ULL + value + 0x632BE59BD9B4E019ULL;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31U);
}

Hash128 HashWide(std::string_view bytes, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {.high = hash.high64, .low = hash.low64};
}

std::uint32_t Murmur2(std::string_view bytes) {
  constexpr std::uint32_t kMultiplier = 0x5bd1e995U;
  std::uint32_t hash = 0x9747b28cU ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, 4);  // Little-endian, as the Java client reads it.
    word *= kMultiplier;
    word ^= word >> 24U;
    word *= kMultiplier;
    hash = (hash * kMultiplier) ^ word;
  }
  if (at < bytes.size()) {
    std::uint32_t tail = 0;
    for (std::size_t i = bytes.size(); i > at; --i) {
      tail = (tail << 8U) | static_cast<unsigned char>(bytes[i - 1]);
    }
    hash = (hash ^ tail) * kMultiplier;
  }
  hash ^= hash >> 13U;
  hash *= kMultiplier;
  return hash ^ (hash >> 15U);
}

std::int32_t PartitionOfKey(std::string_view key, std::int32_t partition_count) {
  FOOTHOLD_CHECK(partition_count > 0, "a topic has at least one partition");
  return static_cast<std::int32_t>((Murmur2(key) & 0x7fffffffU) %
                                   static_cast<std::uint32_t>(partition_count));
}

}  // namespace foothold
