#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/stream/timer_heap.h"
#include "state/store.h"

namespace foothold::stream {

// What is committed and not yet in the store, in front of the store: several commits become one
// write, in which a key that each of them changed stands once. The store so lags behind its
// changelog and is never ahead of it; after a crash the changelog's tail makes up for what was
// here.
//
// Not thread-safe.
class WriteBehind {
 public:
  explicit WriteBehind(std::unique_ptr<state::Store> store);
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  state::Store& store() const { return *store_; }

  // The value with its header, as of the last commit.
  Result<std::optional<std::string>> Get(std::string_view key) const;

  // A committed change. `due`: of the value's header.
  struct Change {
    std::string_view key;
    std::optional<std::string> value;  // With its header; nullopt: deleted.
    std::optional<Instant> due;
    // As of the commit before: whether the key was there, and its due.
    bool was_there = false;
    std::optional<Instant> due_before;
  };
  void Put(Change change);

  bool Holds(std::string_view key) const { return entries_.find(key) != entries_.end(); }
  bool HasDeleted(std::string_view key) const;
  // The earliest timer among the keys held here, without those of which `is_hidden` is true: those
  // stay, and are looked at again after Unhide().
  std::optional<state::DueTimer> EarliestTimer(
      const std::function<bool(std::string_view)>& is_hidden);
  void Unhide();
  // The first key after `after` with `prefix` that the store does not know yet.
  std::optional<std::string_view> NextNewKey(std::string_view prefix, std::string_view after) const;

  // Everything held here, in no order; nullopt: deleted.
  void ForEach(
      const std::function<void(std::string_view, const std::optional<std::string>&)>& visit) const;

  // Writes all of it to the store, in one batch. On a failure it stays: the store is behind.
  Status WriteOut();
  bool is_empty() const { return entries_.empty(); }
  // An estimate of what is held in memory.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::optional<std::string> value;
    std::optional<Instant> due;
    bool is_in_store = false;
    std::optional<Instant> due_in_store;
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };

  std::unique_ptr<state::Store> store_;
  std::unordered_map<std::string, Entry, KeyHash, std::equal_to<>> entries_;
  std::set<std::string_view> new_keys_;  // Of `entries_`.
  TimerHeap timers_;
  std::vector<TimerHeap::Timer> hidden_timers_;
  std::size_t bytes_ = 0;
};

}  // namespace foothold::stream
