#include <algorithm>
#include <utility>
#include <vector>

#include "state/schema.h"
#include "state/timer_index.h"

namespace foothold::state {
namespace {

// So many are sorted and written together.
constexpr std::size_t kTimersPerWrite = 20'000;

Status WriteTimers(std::vector<DueTimer>* timers, Store* store) {
  std::ranges::sort(*timers);
  WriteBatch batch;
  for (const DueTimer& timer : *timers) {
    batch.AddTimer(timer.due, timer.key);
  }
  timers->clear();
  return store->Write(batch);
}

}  // namespace

Status BuildTimerIndex(Store* store) {
  std::vector<DueTimer> timers;
  Status status;
  FOOTHOLD_TRY(store->Scan("", "", [&](std::string_view key, std::string_view value) {
    const Result<ParsedValue> parsed = ParseValue(value);
    if (!parsed.has_value()) {
      status = Status(parsed.error());
      return false;
    }
    if (parsed->due.has_value()) {
      timers.push_back({*parsed->due, std::string(key)});
    }
    if (timers.size() == kTimersPerWrite) {
      status = WriteTimers(&timers, store);
    }
    return status.ok();
  }));
  FOOTHOLD_TRY(status);
  return timers.empty() ? Status() : WriteTimers(&timers, store);
}

}  // namespace foothold::state
