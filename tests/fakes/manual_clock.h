#pragma once

#include <atomic>

#include "src/base/time.h"

namespace foothold {

// A wall clock that stands still until a test moves it. Thread-safe.
class ManualWallClock final : public WallClock {
 public:
  explicit ManualWallClock(Instant start = InstantFromMs(1'767'225'600'000))  // 2026-01-01.
      : now_ms_(ToMs(start)) {}

  Instant Now() const override { return InstantFromMs(now_ms_.load()); }
  void Advance(milliseconds by) { now_ms_.fetch_add(by.count()); }
  void Set(Instant now) { now_ms_.store(ToMs(now)); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

}  // namespace foothold
