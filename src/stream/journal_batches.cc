#include "src/stream/journal_batches.h"

#include <utility>
#include <variant>

#include "src/base/hash.h"
#include "src/metrics/intake_metrics.h"

namespace foothold::stream {

JournalBatches::JournalBatches(std::string topic, std::int32_t partitions,
                               metrics::IntakeMetrics* metrics)
    : topic_(std::move(topic)), writers_(static_cast<std::size_t>(partitions)), metrics_(metrics) {}

codec::JournalBatchWriter& JournalBatches::WriterOf(std::string_view key) {
  return writers_[static_cast<std::size_t>(
      PartitionOfKey(key, static_cast<std::int32_t>(writers_.size())))];
}

void JournalBatches::Append(const journey::Event& event) {
  codec::JournalBatchWriter& writer = WriterOf(event.tenant);
  if (!writer.HasRoomFor(event)) {
    Close(&writer);
  }
  writer.Append(event);
}

void JournalBatches::Append(const codec::DeadLetterNote& note) {
  codec::JournalBatchWriter& writer = WriterOf(note.tenant);
  if (writer.is_full()) {
    Close(&writer);
  }
  writer.Append(note);
}

void JournalBatches::Append(const codec::PersonRecord& record) {
  codec::JournalBatchWriter& writer =
      WriterOf(record.is_for_previous ? record.event.previous_user : record.event.user);
  if (!writer.HasRoomFor(record)) {
    Close(&writer);
  }
  writer.Append(record);
}

void JournalBatches::Append(const codec::PersonFact& fact) {
  codec::JournalBatchWriter& writer = WriterOf(fact.user);
  if (writer.is_full()) {
    Close(&writer);
  }
  writer.Append(fact);
}

void JournalBatches::AppendToAll(const codec::JournalEntry& entry) {
  for (codec::JournalBatchWriter& writer : writers_) {
    if (writer.is_full()) {
      Close(&writer);
    }
    std::visit([&writer](const auto& kind) { writer.Append(kind); }, entry);
  }
}

void JournalBatches::Take(std::vector<StagedRecord>* records) {
  for (codec::JournalBatchWriter& writer : writers_) {
    if (!writer.is_empty()) {
      Close(&writer);
    }
  }
  for (StagedRecord& record : records_) {
    records->push_back(std::move(record));
  }
  records_.clear();
}

void JournalBatches::Clear() {
  for (codec::JournalBatchWriter& writer : writers_) {
    writer.Clear();
  }
  records_.clear();
}

void JournalBatches::Close(codec::JournalBatchWriter* writer) {
  const PartitionId partition{static_cast<std::int32_t>(writer - writers_.data())};
  const std::size_t entries = writer->count();
  records_.push_back({topic_, partition, std::nullopt, writer->Take(), {}});
  if (metrics_ != nullptr) {
    metrics_->JournalWritten(entries, records_.back().value->size());
  }
}

}  // namespace foothold::stream
