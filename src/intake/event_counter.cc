#include "src/intake/event_counter.h"

namespace foothold::intake {
namespace {

void Add(std::string_view name, std::uint64_t times, EventCounter::ByName* counts) {
  const auto found = counts->find(name);
  if (found != counts->end()) {
    found->second += times;
  } else if (counts->size() < EventCounter::kNamesMax) {
    counts->emplace(name, times);
  }
}

}  // namespace

void EventCounter::Count(std::string_view name, Instant at) {
  if (!name.empty()) {
    Add(name, 1, &staged_[SpanOf(at)]);
  }
}

void EventCounter::AddTo(Counts* sum, const Counts& more) {
  for (const auto& [span, names] : more) {
    ByName& counts = (*sum)[span];
    for (const auto& [name, times] : names) {
      Add(name, times, &counts);
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
