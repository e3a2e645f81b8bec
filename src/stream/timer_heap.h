#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/time.h"

namespace foothold::stream {

// Timers by (due, key), the earliest first, where most that are added never come to the front:
// adding is cheap, and one that no longer holds is found out when it is looked at.
//
// Keys must outlive their stay. Not thread-safe.
class TimerHeap {
 public:
  using Timer = std::pair<Instant, std::string_view>;

  void Add(Instant due, std::string_view key) {
    timers_.emplace_back(due, key);
    std::ranges::push_heap(timers_, std::greater<Timer>());
  }

  // The earliest that `holds` is true of; those before it are dropped.
  template <class Predicate>
  std::optional<Timer> Earliest(Predicate holds) {
    while (!timers_.empty()) {
      if (holds(timers_.front())) {
        return timers_.front();
      }
      std::ranges::pop_heap(timers_, std::greater<Timer>());
      timers_.pop_back();
    }
    return std::nullopt;
  }

  void Clear() { timers_.clear(); }

 private:
  std::vector<Timer> timers_;
};

}  // namespace foothold::stream
