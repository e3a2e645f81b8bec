#include "src/stream/partition_state.h"

#include <algorithm>
#include <utility>

#include "state/schema.h"

namespace foothold::stream {
namespace {

constexpr std::size_t kTimersAheadMax = 256;
constexpr std::size_t kKeysAheadMax = 256;

}  // namespace

PartitionState::PartitionState(std::unique_ptr<state::Store> store, std::size_t cache_bytes_max)
    : store_(std::move(store)), subjects_(store_.get(), cache_bytes_max) {}

Result<std::optional<std::string>> PartitionState::Read(const std::string& key) const {
  if (const auto found = staged_.find(key); found != staged_.end()) {
    return found->second;
  }
  if (const auto found = staged_local_.find(key); found != staged_local_.end()) {
    return found->second;
  }
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, store_->Get(key));
  if (!value.has_value()) {
    return std::nullopt;
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
  return std::string(parsed.payload);
}

void PartitionState::Write(const std::string& key, std::string payload) {
  staged_[key] = std::move(payload);
}

void PartitionState::WriteLocal(const std::string& key, std::string payload) {
  staged_local_[key] = std::move(payload);
}

Result<std::optional<state::DueTimer>> PartitionState::NextTimer(Instant until) {
  std::optional<state::DueTimer> staged = subjects_.EarliestStagedTimer();
  if (staged.has_value() && staged->due > until) {
    staged.reset();
  }

  FOOTHOLD_TRY(FetchTimers(until));
  while (timers_used_ < timers_.size()) {
    const state::DueTimer& stored = timers_[timers_used_];
    if (stored.due > until) {
      break;
    }
    // What is staged has left its place in the index; anything else that does not match is a stale
    // hint.
    bool is_valid = !subjects_.IsStaged(stored.key);
    if (is_valid) {
      FOOTHOLD_ASSIGN(const std::optional<Instant> due, subjects_.DueOf(stored.key));
      is_valid = due == stored.due;
    }
    if (is_valid) {
      return staged.has_value() ? std::min(*staged, stored) : stored;
    }
    ++timers_used_;
    if (timers_used_ == timers_.size()) {
      FOOTHOLD_TRY(FetchTimers(until));
    }
  }
  return staged;
}

Status PartitionState::FetchTimers(Instant until) {
  const bool is_covered = timers_until_.has_value() && until <= *timers_until_ &&
                          (timers_used_ < timers_.size() || !may_have_more_timers_);
  if (is_covered) {
    return Status();
  }
  // Go on behind the last one fetched: before it, everything was used or lies in `timers_` still.
  std::optional<state::DueTimer> after;
  if (timers_until_.has_value() && !timers_.empty()) {
    after = timers_.back();
  }
  FOOTHOLD_ASSIGN(std::vector<state::DueTimer> more,
                  store_->TimersUntil(until, after, kTimersAheadMax));
  may_have_more_timers_ = more.size() == kTimersAheadMax;
  timers_until_ = until;
  if (more.empty()) {
    return Status();
  }
  if (timers_used_ == timers_.size()) {
    timers_ = std::move(more);
    timers_used_ = 0;
  } else {
    timers_.insert(timers_.end(), more.begin(), more.end());
  }
  return Status();
}

Result<std::optional<std::string>> PartitionState::NextKey(std::string_view prefix,
                                                           std::string_view after) {
  if (keys_prefix_ != prefix || after < keys_after_) {
    keys_.clear();
    keys_used_ = 0;
    keys_prefix_ = prefix;
  }
  keys_after_ = after;
  std::optional<std::string_view> staged = subjects_.NextStagedKey(prefix, after);
  while (true) {
    while (keys_used_ < keys_.size() && keys_[keys_used_] <= after) {
      ++keys_used_;
    }
    if (keys_used_ == keys_.size()) {
      std::vector<std::string> more;
      const std::string_view from =
          keys_.empty() ? after : std::max<std::string_view>(after, keys_.back());
      FOOTHOLD_TRY(store_->Scan(prefix, from < prefix ? std::string_view() : from,
                                [&more](std::string_view key, std::string_view) {
                                  more.emplace_back(key);
                                  return more.size() < kKeysAheadMax;
                                }));
      if (more.empty()) {
        break;
      }
      keys_ = std::move(more);
      keys_used_ = 0;
      continue;
    }
    const std::string& stored = keys_[keys_used_];
    if (staged.has_value() && *staged <= stored) {
      break;
    }
    if (!subjects_.IsStaged(stored)) {
      return stored;
    }
    ++keys_used_;  // Staged and not the next staged one: it is gone.
  }
  if (!staged.has_value()) {
    return std::nullopt;
  }
  return std::string(*staged);
}

void PartitionState::Collect(const std::string& topic, PartitionId partition,
                             std::vector<StagedRecord>* changelog) {
  batch_.Clear();
  const auto add = [&](std::string_view key, std::optional<std::string> value,
                       std::optional<Instant> due_before) {
    AddToBatch(key, value, due_before);
    changelog->push_back({topic, partition, std::string(key), std::move(value), {}});
  };
  for (SubjectTable::Change& change : subjects_.Encode()) {
    add(change.key, std::move(change.value), change.due_before);
  }
  for (const auto& [key, payload] : staged_) {
    add(key, state::MakeValue(payload, std::nullopt), std::nullopt);
  }
  for (const auto& [key, payload] : staged_local_) {
    AddToBatch(key, state::MakeValue(payload, std::nullopt), std::nullopt);
  }
}

void PartitionState::AddToBatch(std::string_view key, const std::optional<std::string>& value,
                                std::optional<Instant> due_before) {
  if (value.has_value()) {
    batch_.Put(key, *value, due_before);
  } else {
    batch_.Delete(key, due_before);
  }
}

Status PartitionState::Apply() {
  FOOTHOLD_TRY(store_->Write(batch_));
  batch_.Clear();
  subjects_.Applied();
  staged_.clear();
  staged_local_.clear();
  ForgetLookahead();
  return Status();
}

void PartitionState::Drop() {
  batch_.Clear();
  subjects_.Drop();
  staged_.clear();
  staged_local_.clear();
  ForgetLookahead();
}

void PartitionState::ForgetLookahead() {
  timers_.clear();
  timers_used_ = 0;
  timers_until_.reset();
  may_have_more_timers_ = false;
  keys_.clear();
  keys_used_ = 0;
  keys_prefix_.clear();
  keys_after_.clear();
}

}  // namespace foothold::stream
