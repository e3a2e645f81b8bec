#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/codec/journal.h"
#include "src/codec/state.h"
#include "src/log/log.h"

namespace foothold::stream {

// The records of one partition of the journal (or of a topic of the same form) that wait for their
// task, read entry by entry. The task keeps the position in its Meta, which this moves.
//
// Not thread-safe.
class EntryQueue {
 public:
  EntryQueue(std::string topic, PartitionId partition) : source_{std::move(topic), partition} {}
  EntryQueue(const EntryQueue&) = delete;
  EntryQueue& operator=(const EntryQueue&) = delete;

  // Forgets all; what comes next is the record at `meta`.
  void Begin(const codec::Meta& meta);
  // Queues one record. kFatal if the topic is not what `meta` says.
  Status Take(const log::RecordView& record, const codec::Meta& meta);

  // Makes the entry at `*meta` current, going to the next record where one is done; false if the
  // queue has no more. kFatal: it cannot be read.
  Result<bool> Open(codec::Meta* meta);
  // The current entry; views lie in the queue. REQUIRES: Open() said true, no Finish() since.
  const codec::JournalEntry& entry() const { return *entry_; }
  bool has_entry() const { return entry_.has_value(); }
  // The current entry is done.
  void Finish(codec::Meta* meta);

  bool is_empty() const { return records_.empty(); }
  void Clear();

 private:
  struct Queued {
    std::int64_t offset = 0;
    std::string value;
  };

  log::TopicPartition source_;
  NextOffset taken_;  // One past the last record queued.
  // The first is the current one once `reader_` is set.
  std::deque<Queued> records_;
  std::optional<codec::JournalBatchReader> reader_;
  std::optional<codec::JournalEntry> entry_;
};

}  // namespace foothold::stream
