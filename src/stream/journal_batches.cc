#include "src/stream/journal_batches.h"

#include <utility>
#include <variant>

#include "src/base/hash.h"
#include "src/metrics/intake_metrics.h"

namespace foothold::stream {

JournalBatches::JournalBatches(std::string topic, std::int32_t partitions,
                               metrics::IntakeMetrics* metrics)
    : topic_(std::move(topic)), writers_(static_cast<std::size_t>(partitions)), metrics_(metrics) {}

void JournalBatches::Append(const journey::Event& event) {
  const auto partition = static_cast<std::size_t>(
      PartitionOfKey(event.tenant, static_cast<std::int32_t>(writers_.size())));
  codec::JournalBatchWriter& writer = writers_[partition];
  if (!writer.HasRoomFor(event)) {
    Close(partition);
  }
  writer.Append(event);
}

void JournalBatches::AppendToAll(const codec::JournalEntry& entry) {
  for (std::size_t partition = 0; partition < writers_.size(); ++partition) {
    codec::JournalBatchWriter& writer = writers_[partition];
    const bool is_full = writer.count() >= codec::kJournalBatchEntriesMax ||
                         writer.bytes() >= codec::kJournalBatchBytesMax;
    if (is_full) {
      Close(partition);
    }
    std::visit([&writer](const auto& kind) { writer.Append(kind); }, entry);
  }
}

void JournalBatches::Take(std::vector<StagedRecord>* records) {
  for (std::size_t partition = 0; partition < writers_.size(); ++partition) {
    if (!writers_[partition].is_empty()) {
      Close(partition);
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

void JournalBatches::Close(std::size_t partition) {
  codec::JournalBatchWriter& writer = writers_[partition];
  const std::size_t entries = writer.count();
  records_.push_back(
      {topic_, PartitionId{static_cast<std::int32_t>(partition)}, std::nullopt, writer.Take(), {}});
  if (metrics_ != nullptr) {
    metrics_->JournalWritten(entries, records_.back().value->size());
  }
}

}  // namespace foothold::stream
