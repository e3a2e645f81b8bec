#include "src/stream/entry_queue.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace foothold::stream {

void EntryQueue::Begin(const codec::Meta& meta) {
  Clear();
  taken_ = meta.journal_next;
}

Status EntryQueue::Take(const log::RecordView& record, const codec::Meta& meta) {
  if (record.offset < taken_.value) {
    return Error(Code::kFatal, fmt::format("{} delivered offset {} where {} was to come next",
                                           log::ToString(source_), record.offset, taken_.value));
  }
  const bool is_cut = records_.empty() && (meta.next_entry > 0 || !meta.walks.empty());
  if (is_cut && record.offset != meta.journal_next.value) {
    return Error(Code::kFatal,
                 fmt::format("{} has lost offset {}, of which {} entries were done",
                             log::ToString(source_), meta.journal_next.value, meta.next_entry));
  }
  records_.push_back({record.offset, std::string(record.value.value_or(std::string_view()))});
  taken_ = NextOffset{record.offset + 1};
  return Status();
}

Result<bool> EntryQueue::Open(codec::Meta* meta) {
  while (!entry_.has_value()) {
    if (records_.empty()) {
      return false;
    }
    const Queued& record = records_.front();
    if (!reader_.has_value()) {
      Result<codec::JournalBatchReader> reader = codec::JournalBatchReader::Open(record.value);
      if (!reader.has_value()) {
        // Not the state's fault: building it anew would end here again.
        return Error(Code::kFatal,
                     fmt::format("{} at offset {} cannot be read: {}", log::ToString(source_),
                                 record.offset, reader.error().message()));
      }
      reader_.emplace(std::move(*reader));
      if (record.offset != meta->journal_next.value) {
        // Offsets have holes: transaction markers and aborted records.
        meta->journal_next = NextOffset{record.offset};
        meta->next_entry = 0;
      }
    }
    if (meta->next_entry >= reader_->count()) {
      meta->journal_next = NextOffset{record.offset + 1};
      meta->next_entry = 0;
      reader_.reset();
      records_.pop_front();
      continue;
    }
    Result<codec::JournalEntry> entry = reader_->entry(meta->next_entry);
    if (!entry.has_value()) {
      return Error(Code::kFatal, fmt::format("{} at offset {}, entry {} cannot be read: {}",
                                             log::ToString(source_), record.offset,
                                             meta->next_entry, entry.error().message()));
    }
    entry_.emplace(std::move(*entry));
  }
  return true;
}

void EntryQueue::Finish(codec::Meta* meta) {
  entry_.reset();
  ++meta->next_entry;
  if (meta->next_entry < reader_->count()) {
    return;
  }
  meta->journal_next = NextOffset{records_.front().offset + 1};
  meta->next_entry = 0;
  reader_.reset();
  records_.pop_front();
}

void EntryQueue::Clear() {
  entry_.reset();
  reader_.reset();
  records_.clear();
}

}  // namespace foothold::stream
