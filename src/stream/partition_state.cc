#include "src/stream/partition_state.h"

#include <algorithm>
#include <span>
#include <utility>

#include "state/schema.h"

namespace foothold::stream {
namespace {

constexpr std::size_t kTimersAheadMax = 256;
constexpr std::size_t kKeysAheadMax = 256;

}  // namespace

PartitionState::PartitionState(std::unique_ptr<state::Store> store, std::size_t cache_bytes_max)
    : committed_(std::move(store)), subjects_(&committed_, cache_bytes_max) {}

Result<std::optional<std::string>> PartitionState::Read(const std::string& key) const {
  if (const auto found = staged_.find(key); found != staged_.end()) {
    return found->second;
  }
  if (const auto found = staged_local_.find(key); found != staged_local_.end()) {
    return found->second;
  }
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, committed_.Get(key));
  if (!value.has_value()) {
    return std::nullopt;
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
  return std::string(parsed.payload);
}

Result<std::map<std::string, std::string>> PartitionState::ReadAll(std::string_view prefix) const {
  std::map<std::string, std::optional<std::string>> values;
  FOOTHOLD_TRY(store().Scan(prefix, "", [&](std::string_view key, std::string_view value) {
    values.emplace(key, value);
    return true;
  }));
  committed_.ForEach([&](std::string_view key, const std::optional<std::string>& value) {
    if (key.starts_with(prefix)) {
      values[std::string(key)] = value;
    }
  });
  std::map<std::string, std::string> payloads;
  for (const auto& [key, value] : values) {
    if (value.has_value()) {
      FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
      payloads.emplace(key, parsed.payload);
    }
  }
  for (auto staged = staged_.lower_bound(std::string(prefix));
       staged != staged_.end() && staged->first.starts_with(prefix); ++staged) {
    if (staged->second.has_value()) {
      payloads[staged->first] = *staged->second;
    } else {
      payloads.erase(staged->first);
    }
  }
  return payloads;
}

void PartitionState::Write(const std::string& key, std::string payload) {
  staged_[key] = std::move(payload);
}

void PartitionState::Erase(const std::string& key) { staged_[key].reset(); }

void PartitionState::WriteLocal(const std::string& key, std::string payload) {
  staged_local_[key] = std::move(payload);
}

Result<std::optional<state::DueTimer>> PartitionState::NextTimer(Instant until) {
  std::optional<state::DueTimer> earliest = subjects_.EarliestStagedTimer();
  const auto consider = [&](std::optional<state::DueTimer> timer) {
    if (timer.has_value() && (!earliest.has_value() || *timer < *earliest)) {
      earliest = std::move(timer);
    }
  };
  consider(
      committed_.EarliestTimer([this](std::string_view key) { return subjects_.IsStaged(key); }));
  if (earliest.has_value() && earliest->due > until) {
    earliest.reset();
  }
  FOOTHOLD_ASSIGN(const state::DueTimer* const stored, NextStoredTimer(until));
  if (stored != nullptr) {
    consider(*stored);
  }
  return earliest;
}

Result<const state::DueTimer*> PartitionState::NextStoredTimer(Instant until) {
  while (true) {
    if (timers_used_ == timers_.size()) {
      if (!may_have_more_timers_) {
        return nullptr;
      }
      FOOTHOLD_TRY(FetchTimers());
      continue;
    }
    const state::DueTimer& stored = timers_[timers_used_];
    if (stored.due > until) {
      return nullptr;
    }
    // What lies above the store has left its place in the index; anything else that does not match
    // is a stale hint.
    bool is_valid = !subjects_.IsStaged(stored.key) && !committed_.Holds(stored.key);
    if (is_valid) {
      FOOTHOLD_ASSIGN(const std::optional<Instant> due, subjects_.DueOf(stored.key));
      is_valid = due == stored.due;
    }
    if (is_valid) {
      return &stored;
    }
    ++timers_used_;
  }
}

// Whether they are due yet or not: the clock moves on far more often than the store changes, and a
// look at what was fetched costs nothing beside one into the store.
Status PartitionState::FetchTimers() {
  std::optional<state::DueTimer> after;
  if (!timers_.empty()) {
    after = std::move(timers_.back());
    were_timers_dropped_ = true;
  }
  FOOTHOLD_ASSIGN(timers_, store().TimersUntil(Instant::max(), after, kTimersAheadMax));
  timers_used_ = 0;
  may_have_more_timers_ = timers_.size() == kTimersAheadMax;
  return Status();
}

Result<std::optional<std::string>> PartitionState::NextKey(std::string_view prefix,
                                                           std::string_view after) {
  FOOTHOLD_ASSIGN(std::optional<std::string_view> next, NextStoredKey(prefix, after));
  const auto consider = [&](std::optional<std::string_view> key) {
    if (key.has_value() && (!next.has_value() || *key < *next)) {
      next = key;
    }
  };
  consider(subjects_.NextNewKey(prefix, after));
  std::optional<std::string_view> unwritten = committed_.NextNewKey(prefix, after);
  while (unwritten.has_value() && subjects_.IsGone(*unwritten)) {
    unwritten = committed_.NextNewKey(prefix, *unwritten);
  }
  consider(unwritten);
  if (!next.has_value()) {
    return std::nullopt;
  }
  return std::string(*next);
}

// The first key of the store that was not deleted meanwhile.
Result<std::optional<std::string_view>> PartitionState::NextStoredKey(std::string_view prefix,
                                                                      std::string_view after) {
  if (keys_prefix_ != prefix || after < keys_after_) {
    keys_.clear();
    keys_used_ = 0;
    keys_prefix_ = prefix;
  }
  keys_after_ = after;
  while (true) {
    while (keys_used_ < keys_.size() && keys_[keys_used_] <= after) {
      ++keys_used_;
    }
    if (keys_used_ == keys_.size()) {
      std::vector<std::string> more;
      const std::string_view from =
          keys_.empty() ? after : std::max<std::string_view>(after, keys_.back());
      FOOTHOLD_TRY(store().Scan(prefix, from < prefix ? std::string_view() : from,
                                [&more](std::string_view key, std::string_view) {
                                  more.emplace_back(key);
                                  return more.size() < kKeysAheadMax;
                                }));
      if (more.empty()) {
        return std::nullopt;
      }
      keys_ = std::move(more);
      keys_used_ = 0;
    }
    const std::string& stored = keys_[keys_used_];
    const bool is_deleted =
        subjects_.IsStaged(stored) ? subjects_.IsGone(stored) : committed_.HasDeleted(stored);
    if (!is_deleted) {
      return stored;
    }
    ++keys_used_;
  }
}

void PartitionState::Collect(PartitionId partition, std::vector<StagedChange>* changelog) {
  changes_.clear();
  subjects_.Encode(&changes_);
  const auto add = [this](const std::string& key, const std::optional<std::string>& payload) {
    changes_.push_back({.key = key,
                        .value = payload.has_value()
                                     ? std::optional(state::MakeValue(*payload, std::nullopt))
                                     : std::nullopt,
                        .due = std::nullopt,
                        .was_there = true,  // Nothing walks over them, so it does not matter.
                        .due_before = std::nullopt});
  };
  for (const auto& [key, payload] : staged_) {
    add(key, payload);
  }
  const std::size_t shared = changes_.size();
  for (const auto& [key, payload] : staged_local_) {
    add(key, payload);
  }
  // Views are taken once the changes lie where they stay.
  for (const WriteBehind::Change& change : std::span(changes_).first(shared)) {
    changelog->push_back({.partition = partition, .key = change.key, .value = change.value});
  }
}

void PartitionState::Apply() {
  committed_.Unhide();
  for (WriteBehind::Change& change : changes_) {
    committed_.Put(std::move(change));
  }
  changes_.clear();
  subjects_.Applied();
  staged_.clear();
  staged_local_.clear();
  LookAgainAtTimers();
  ForgetKeys();
}

// What was passed over because it was staged counts again if it was left as it was.
void PartitionState::LookAgainAtTimers() {
  if (were_timers_dropped_) {
    ForgetTimers();
    return;
  }
  const auto used_end = timers_.begin() + static_cast<std::ptrdiff_t>(timers_used_);
  timers_.erase(
      std::remove_if(timers_.begin(), used_end,
                     [this](const state::DueTimer& timer) { return committed_.Holds(timer.key); }),
      used_end);
  timers_used_ = 0;
}

Status PartitionState::WriteOut() {
  FOOTHOLD_TRY(committed_.WriteOut());
  ForgetLookahead();
  return Status();
}

void PartitionState::Drop() {
  changes_.clear();
  subjects_.Drop();
  staged_.clear();
  staged_local_.clear();
  committed_.Unhide();
  ForgetLookahead();
}

void PartitionState::ForgetLookahead() {
  ForgetTimers();
  ForgetKeys();
}

void PartitionState::ForgetTimers() {
  timers_.clear();
  timers_used_ = 0;
  may_have_more_timers_ = true;
  were_timers_dropped_ = false;
}

void PartitionState::ForgetKeys() {
  keys_.clear();
  keys_used_ = 0;
  keys_prefix_.clear();
  keys_after_.clear();
}

}  // namespace foothold::stream
