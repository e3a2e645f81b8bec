#include "src/intake/source_progress.h"

#include <algorithm>

namespace foothold::intake {

SourceProgress::Entry& SourceProgress::Touch(const InputPartition& input) {
  if (last_ == nullptr || last_->first != input) {
    const auto [found, is_new] = entries_.try_emplace(input);
    last_ = &*found;
    if (is_new) {
      undo_.emplace(input, std::nullopt);
      found->second.is_undoable = true;
    }
  }
  Entry& entry = last_->second;
  if (!entry.is_undoable) {
    undo_.emplace(input, entry);
    entry.is_undoable = true;
  }
  return entry;
}

void SourceProgress::ObserveRecord(const InputPartition& input,
                                   std::optional<Instant> broker_time) {
  Entry& entry = Touch(input);
  entry.has_moved = entry.has_moved || entry.now.is_at_end;
  entry.now.is_at_end = false;
  if (broker_time.has_value() &&
      (!entry.now.broker_time_max.has_value() || *broker_time > *entry.now.broker_time_max)) {
    entry.now.broker_time_max = broker_time;
    entry.has_moved = true;
  }
}

void SourceProgress::ObserveEvent(const InputPartition& input, Instant occurred_at,
                                  std::optional<Instant> wall) {
  Entry& entry = Touch(input);
  const Instant clamped = wall.has_value() ? std::min(occurred_at, *wall) : occurred_at;
  ReadProgress& now = entry.now;
  if (!now.event_time_max.has_value() || clamped > *now.event_time_max) {
    now.event_time_max = clamped;
    entry.has_moved = true;
  }
  if (!now.event_time_min.has_value() || occurred_at < *now.event_time_min) {
    now.event_time_min = occurred_at;
    entry.has_moved = true;
  }
}

void SourceProgress::ObserveUnplaced(const InputPartition& input, std::int64_t next,
                                     std::optional<Instant> at) {
  Entry& entry = Touch(input);
  if (at.has_value()) {
    entry.now.event_time_max = std::max(entry.now.event_time_max.value_or(*at), *at);
  }
  entry.now.unplaced_next = next;
  entry.has_moved = true;
}

void SourceProgress::ObserveEnd(const InputPartition& input, bool is_at_end) {
  Entry& entry = Touch(input);
  entry.has_moved = entry.has_moved || entry.now.is_at_end != is_at_end;
  entry.now.is_at_end = is_at_end;
}

void SourceProgress::Restore(const InputPartition& input, const ReadProgress& read) {
  entries_[input] = {.now = read, .has_moved = false};
  undo_.erase(input);
}

void SourceProgress::Forget(const InputPartition& input) {
  last_ = nullptr;
  entries_.erase(input);
  undo_.erase(input);
}

std::map<InputPartition, ReadProgress> SourceProgress::TakeMoved() {
  std::map<InputPartition, ReadProgress> moved;
  for (const auto& [input, entry] : entries_) {
    if (entry.has_moved) {
      moved.emplace(input, entry.now);
    }
  }
  for (const auto& [input, progress] : moved) {
    Touch(input).has_moved = false;
  }
  return moved;
}

std::map<InputPartition, ReadProgress> SourceProgress::all() const {
  std::map<InputPartition, ReadProgress> result;
  for (const auto& [input, entry] : entries_) {
    result.emplace(input, entry.now);
  }
  return result;
}

ReadProgress SourceProgress::of(const InputPartition& input) const {
  const auto found = entries_.find(input);
  return found == entries_.end() ? ReadProgress() : found->second.now;
}

std::optional<Instant> SourceProgress::event_time_max() const {
  std::optional<Instant> latest;
  for (const auto& [input, entry] : entries_) {
    if (entry.now.event_time_max.has_value()) {
      latest = std::max(latest.value_or(*entry.now.event_time_max), *entry.now.event_time_max);
    }
  }
  return latest;
}

void SourceProgress::Commit() {
  for (const auto& [input, before] : undo_) {
    entries_.at(input).is_undoable = false;
  }
  undo_.clear();
}

void SourceProgress::Rollback() {
  last_ = nullptr;
  for (const auto& [input, before] : undo_) {
    if (before.has_value()) {
      entries_[input] = *before;
    } else {
      entries_.erase(input);
    }
  }
  undo_.clear();
}

}  // namespace foothold::intake
