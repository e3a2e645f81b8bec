#include "src/intake/event_counter.h"

#include <utility>

namespace foothold::intake {

void EventCounter::Count(std::string_view name, Instant at) {
  if (name.empty()) {
    return;
  }
  ByName& counts = staged_[SpanOf(at)];
  const auto found = counts.find(name);
  if (found != counts.end()) {
    ++found->second;
  } else if (counts.size() < kNamesMax) {
    counts.emplace(name, 1);
  }
}

void EventCounter::AddTo(Counts* sum, const Counts& more) {
  for (const auto& [span, names] : more) {
    ByName& counts = (*sum)[span];
    for (const auto& [name, times] : names) {
      const auto found = counts.find(name);
      if (found != counts.end()) {
        found->second += times;
      } else if (counts.size() < kNamesMax) {
        counts.emplace(name, times);
      }
    }
  }
}

EventCounter::Counts EventCounter::Take() {
  Counts taken = was_taken_ ? Counts() : committed_;
  AddTo(&taken, staged_);
  staged_.clear();
  was_taken_ = true;
  return taken;
}

void EventCounter::Commit() {
  if (was_taken_) {
    committed_.clear();
  }
  AddTo(&committed_, staged_);
  staged_.clear();
  was_taken_ = false;
}

void EventCounter::Rollback() {
  staged_.clear();
  was_taken_ = false;
}

}  // namespace foothold::intake
