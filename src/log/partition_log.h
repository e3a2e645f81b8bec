#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "src/base/time.h"
#include "src/log/stored_record.h"

namespace foothold::log {

// How a transaction ended.
enum class Outcome { kCommitted, kAborted };

// Who reads: only what was committed, or everything that was written.
enum class Isolation { kCommitted, kUncommitted };

// Names one transaction of the whole log; 0 is none.
using TransactionNumber = std::int64_t;

// One partition: records in offset order, and what is known of the transactions they belong to.
//
// A transaction that ends takes one more offset for its control marker, as on a broker: offsets
// have holes. Markers are not kept, only their offsets are used up. Not thread-safe: guarded by the
// log that owns it.
class PartitionLog {
 public:
  struct Entry {
    std::int64_t offset = 0;
    TransactionNumber transaction = 0;
    std::int64_t sequence = 0;  // The place in the order of appending to the whole log.
    // Shared, because a reader holds what it was handed while the log trims or compacts it away.
    std::shared_ptr<const StoredRecord> record;
  };

  // What a reader who follows the order of appending meets next.
  struct Head {
    enum class Kind { kRecord, kUndecided, kNone };
    Kind kind = Kind::kNone;
    const Entry* entry = nullptr;  // Null for kNone; lives until the next change.
  };

  // Appends a record at `offset`. REQUIRES: offset >= end().
  void Append(std::int64_t offset, TransactionNumber transaction, std::int64_t sequence,
              std::shared_ptr<const StoredRecord> record);
  // Writes the control marker of a transaction. REQUIRES: IsOpen(transaction).
  void Settle(TransactionNumber transaction, Outcome outcome);
  bool IsOpen(TransactionNumber transaction) const { return open_.contains(transaction); }

  // Appends at most `count_max` visible entries from `from` on to `*out`. Returns the offset to go
  // on from: aborted records and markers that were met are passed over.
  std::int64_t Read(std::int64_t from, Isolation isolation, std::size_t count_max,
                    std::vector<Entry>* out) const;
  // The first committed record at or after `from`, unless an undecided one comes before it.
  Head HeadAt(std::int64_t from) const;
  // The first offset with a timestamp at or after `at`, or end().
  std::int64_t OffsetForTime(Instant at) const;

  // Deletes what lies before `offset`. REQUIRES: offset <= end().
  void DeleteBefore(std::int64_t offset);
  // Keeps of every key the last committed record, and of those no tombstone from before
  // `tombstones_from`; drops aborted records. What is not decided stays.
  void Compact(Instant tombstones_from);

  // Of records that are held, decided or not.
  std::size_t count() const { return entries_.size(); }
  std::int64_t low() const { return low_; }
  std::int64_t end() const { return end_; }
  // Everything before it is decided.
  std::int64_t last_stable() const;

 private:
  std::deque<Entry>::const_iterator At(std::int64_t offset) const;
  bool IsAborted(const Entry& entry) const;
  void ForgetAbortedBefore(std::int64_t offset);

  std::deque<Entry> entries_;
  std::int64_t low_ = 0;
  std::int64_t end_ = 0;
  std::map<TransactionNumber, std::int64_t> open_;     // With the offset of its first record.
  std::map<TransactionNumber, std::int64_t> aborted_;  // With the offset of its marker.
};

}  // namespace foothold::log
