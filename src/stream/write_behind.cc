#include "src/stream/write_behind.h"

#include <algorithm>
#include <utility>

namespace foothold::stream {
namespace {

// Of the table's node and what the key and the value are wrapped in.
constexpr std::size_t kEntryBytes = 200;

}  // namespace

WriteBehind::WriteBehind(std::unique_ptr<state::Store> store) : store_(std::move(store)) {}

Result<std::optional<std::string>> WriteBehind::Get(std::string_view key) const {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    return found->second.value;
  }
  return store_->Get(key);
}

void WriteBehind::Put(Change change) {
  auto found = entries_.find(change.key);
  if (found == entries_.end()) {
    found = entries_.emplace(std::string(change.key), Entry{}).first;
    found->second.is_in_store = change.was_there;
    found->second.due_in_store = change.due_before;
    bytes_ += kEntryBytes + change.key.size();
  }
  const std::string_view key = found->first;
  Entry& entry = found->second;
  bytes_ -= entry.value.has_value() ? entry.value->size() : 0;
  bytes_ += change.value.has_value() ? change.value->size() : 0;
  if (!entry.is_in_store) {
    if (change.value.has_value()) {
      new_keys_.insert(key);
    } else {
      new_keys_.erase(key);
    }
  }
  entry.value = std::move(change.value);
  entry.due = change.due;
  if (entry.due.has_value()) {
    timers_.Add(*entry.due, key);
  }
}

void WriteBehind::ForEach(
    const std::function<void(std::string_view, const std::optional<std::string>&)>& visit) const {
  for (const auto& [key, entry] : entries_) {
    visit(key, entry.value);
  }
}

bool WriteBehind::HasDeleted(std::string_view key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && !found->second.value.has_value();
}

std::optional<state::DueTimer> WriteBehind::EarliestTimer(
    const std::function<bool(std::string_view)>& is_hidden) {
  const std::optional<TimerHeap::Timer> earliest =
      timers_.Earliest([&](const TimerHeap::Timer& timer) {
        const auto found = entries_.find(timer.second);
        if (found == entries_.end() || found->second.due != timer.first) {
          return false;
        }
        if (!is_hidden(timer.second)) {
          return true;
        }
        hidden_timers_.push_back(timer);
        return false;
      });
  if (!earliest.has_value()) {
    return std::nullopt;
  }
  return state::DueTimer{earliest->first, std::string(earliest->second)};
}

void WriteBehind::Unhide() {
  for (const auto& [due, key] : hidden_timers_) {
    timers_.Add(due, key);
  }
  hidden_timers_.clear();
}

std::optional<std::string_view> WriteBehind::NextNewKey(std::string_view prefix,
                                                        std::string_view after) const {
  const auto it = after < prefix ? new_keys_.lower_bound(prefix) : new_keys_.upper_bound(after);
  if (it == new_keys_.end() || !it->starts_with(prefix)) {
    return std::nullopt;
  }
  return *it;
}

Status WriteBehind::WriteOut() {
  if (entries_.empty()) {
    return Status();
  }
  // In order: the store finds the place of a key fastest behind the one before it.
  std::vector<const decltype(entries_)::value_type*> sorted;
  sorted.reserve(entries_.size());
  for (const auto& entry : entries_) {
    sorted.push_back(&entry);
  }
  std::ranges::sort(sorted, {}, [](const auto* entry) { return std::string_view(entry->first); });
  state::WriteBatch batch;
  for (const auto* changed : sorted) {
    const auto& [key, entry] = *changed;
    if (entry.value.has_value()) {
      batch.Put(key, *entry.value, entry.due_in_store);
    } else if (entry.is_in_store) {
      batch.Delete(key, entry.due_in_store);
    }
  }
  FOOTHOLD_TRY(store_->Write(batch));
  timers_.Clear();
  hidden_timers_.clear();
  new_keys_.clear();
  entries_.clear();
  bytes_ = 0;
  return Status();
}

}  // namespace foothold::stream
