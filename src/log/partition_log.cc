#include "src/log/partition_log.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "src/base/check.h"

namespace foothold::log {

void PartitionLog::Append(std::int64_t offset, TransactionNumber transaction, std::int64_t sequence,
                          std::shared_ptr<const StoredRecord> record) {
  FOOTHOLD_CHECK(offset >= end_, "offsets only grow");
  entries_.push_back({offset, transaction, sequence, std::move(record)});
  end_ = offset + 1;
  if (transaction != 0) {
    open_.try_emplace(transaction, offset);
  }
}

void PartitionLog::Settle(TransactionNumber transaction, Outcome outcome) {
  FOOTHOLD_CHECK(open_.erase(transaction) == 1, "a transaction ends once in each partition");
  if (outcome == Outcome::kAborted) {
    aborted_.emplace(transaction, end_);
  }
  ++end_;
}

std::int64_t PartitionLog::Read(std::int64_t from, Isolation isolation, std::size_t count_max,
                                std::vector<Entry>* out) const {
  const std::int64_t limit = isolation == Isolation::kCommitted ? last_stable() : end_;
  std::size_t count = 0;
  for (auto entry = At(from); entry != entries_.end() && entry->offset < limit; ++entry) {
    if (isolation == Isolation::kCommitted && IsAborted(*entry)) {
      continue;
    }
    if (count == count_max) {
      return entry->offset;
    }
    out->push_back(*entry);
    ++count;
  }
  return std::max(from, limit);
}

PartitionLog::Head PartitionLog::HeadAt(std::int64_t from) const {
  const std::int64_t stable = last_stable();
  for (auto entry = At(from); entry != entries_.end(); ++entry) {
    if (entry->offset >= stable) {
      return {Head::Kind::kUndecided, &*entry};
    }
    if (!IsAborted(*entry)) {
      return {Head::Kind::kRecord, &*entry};
    }
  }
  return {};
}

std::int64_t PartitionLog::OffsetForTime(Instant at) const {
  const auto found = std::ranges::find_if(
      entries_, [at](const Entry& entry) { return entry.record->timestamp() >= at; });
  return found == entries_.end() ? end_ : found->offset;
}

void PartitionLog::DeleteBefore(std::int64_t offset) {
  FOOTHOLD_CHECK(offset <= end_, "only what was written can be deleted");
  if (offset <= low_) {
    return;
  }
  while (!entries_.empty() && entries_.front().offset < offset) {
    entries_.pop_front();
  }
  low_ = offset;
  ForgetAbortedBefore(offset);
}

void PartitionLog::Compact(Instant tombstones_from) {
  const std::int64_t stable = last_stable();
  std::unordered_set<std::string_view> later_keys;
  std::deque<Entry> kept;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    const StoredRecord& record = *entry->record;
    if (entry->offset < stable) {
      if (IsAborted(*entry) || !later_keys.insert(record.key().value_or("")).second) {
        continue;
      }
      if (!record.value() && record.timestamp() < tombstones_from) {
        continue;
      }
    }
    kept.push_front(*entry);
  }
  entries_ = std::move(kept);
  ForgetAbortedBefore(stable);
}

std::int64_t PartitionLog::last_stable() const {
  std::int64_t stable = end_;
  for (const auto& [transaction, first_offset] : open_) {
    stable = std::min(stable, first_offset);
  }
  return stable;
}

std::deque<PartitionLog::Entry>::const_iterator PartitionLog::At(std::int64_t offset) const {
  return std::ranges::lower_bound(entries_, offset, {}, &Entry::offset);
}

bool PartitionLog::IsAborted(const Entry& entry) const {
  return entry.transaction != 0 && aborted_.contains(entry.transaction);
}

void PartitionLog::ForgetAbortedBefore(std::int64_t offset) {
  // All records of a transaction lie before its marker.
  std::erase_if(aborted_, [offset](const auto& aborted) { return aborted.second < offset; });
}

}  // namespace foothold::log
