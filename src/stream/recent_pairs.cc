#include "src/stream/recent_pairs.h"

#include <algorithm>
#include <bit>

#include "src/base/check.h"

namespace foothold::stream {
namespace {

constexpr std::size_t kGroup = 4;

}  // namespace

RecentPairs::RecentPairs(std::size_t count_max) : count_max_(count_max) {
  FOOTHOLD_CHECK(count_max >= kGroup && std::has_single_bit(count_max),
                 "the slots are found by a mask");
}

bool RecentPairs::Add(std::uint64_t hash) {
  if (slots_.empty()) {
    slots_.assign(count_max_, 0);
  }
  const std::uint64_t value = hash == 0 ? 1 : hash;
  std::uint64_t* const group =
      slots_.data() + (static_cast<std::size_t>(hash) & (count_max_ - 1) & ~(kGroup - 1));
  if (std::find(group, group + kGroup, value) != group + kGroup) {
    return false;
  }
  std::copy_backward(group, group + kGroup - 1, group + kGroup);
  *group = value;
  return true;
}

void RecentPairs::Clear() { slots_.clear(); }

}  // namespace foothold::stream
