#include "src/log/committed_reader.h"

#include <algorithm>

namespace foothold::log {

std::span<const RecordView> OrderedReader::Read(std::size_t count_max) {
  views_.clear();
  handed_out_.clear();
  MutexLock lock(state_.mutex);
  state_.Tick();
  while (views_.size() < count_max && ReadOne()) {
  }
  return views_;
}

void OrderedReader::DeleteRead() {
  MutexLock lock(state_.mutex);
  for (const Source& source : sources_) {
    source.log->DeleteBefore(source.next);
  }
}

bool OrderedReader::ReadOne() {
  Source* first = nullptr;
  PartitionLog::Head first_head;
  for (Source& source : sources_) {
    const PartitionLog::Head head = source.log->HeadAt(source.next);
    if (head.kind != PartitionLog::Head::Kind::kNone &&
        (first == nullptr || head.entry->sequence < first_head.entry->sequence)) {
      first = &source;
      first_head = head;
    }
  }
  if (first == nullptr || first_head.kind == PartitionLog::Head::Kind::kUndecided) {
    return false;
  }
  const PartitionLog::Entry& entry = *first_head.entry;
  first->next = entry.offset + 1;
  handed_out_.push_back(entry.record);
  views_.push_back(entry.record->ViewAt(first->topic, first->partition, entry.offset));
  return true;
}

}  // namespace foothold::log
