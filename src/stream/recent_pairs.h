#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace foothold::stream {

// A bounded memory of pairs that were seen, by their hashes. It may forget, and then calls a pair
// new that is not; it never calls a new one known (but for a collision of 64 bits).
//
// Not thread-safe.
class RecentPairs {
 public:
  // `count_max`: a power of two, of 8 bytes each, from 4 on. Memory is taken at the first Add().
  explicit RecentPairs(std::size_t count_max);

  // True if the pair is new; it is known from now on.
  bool Add(std::uint64_t hash);
  void Clear();

 private:
  std::size_t count_max_;
  std::vector<std::uint64_t> slots_;  // Groups of four, the newest first; 0: free.
};

}  // namespace foothold::stream
