#pragma once

// The timer index of one store: which keys stand for timers, and where the earliest can be.

#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/base/time.h"
#include "state/store.h"

namespace foothold::state {

// 't' due8 key; see the grammar in state/schema.h. REQUIRES: due >= kEpoch.
std::string TimerKey(Instant due, std::string_view subject_key);
// kCorrupt if `key` is no timer key.
Result<DueTimer> ParseTimerKey(std::string_view key);
// The least key above all timers with due <= `until`.
std::string TimerKeyAfter(Instant until);

// Makes the index of a store that was filled without one, from the dues of its values. Once: what
// the index holds already stays. kCorrupt: a value's header cannot be read. Else as Store::Write().
Status BuildTimerIndex(Store* store);

// A lower bound of the index, kept in memory. Timers are taken from the front of their key range
// and deleted there, so the front fills with tombstones that an iterator would step over at every
// look, once a second; the bound lets it start behind them, or not start at all.
//
// Not thread-safe.
class TimerFloor {
 public:
  // No timer lies below this key.
  const std::string& key() const { return key_; }

  // A timer was written.
  void Lower(std::string_view timer_key);
  // A look found nothing below `key`.
  void Raise(std::string_view key);

 private:
  std::string key_ = "t";
};

}  // namespace foothold::state
