#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/codec/journal.h"
#include "src/journey/clock.h"
#include "src/journey/event.h"
#include "src/stream/staged.h"

namespace foothold::metrics {
class IntakeMetrics;
}

namespace foothold::stream {

// The batches of one transaction under way, one open for each partition of the journal or of the
// people topic.
//
// Entries of one partition keep the order in which they came; a full batch becomes a record at
// once. Not thread-safe.
class JournalBatches {
 public:
  // `metrics` may be null and outlives this.
  JournalBatches(std::string topic, std::int32_t partitions, metrics::IntakeMetrics* metrics);

  // Into the partition of the event's tenant. Nothing of `event` is kept by view.
  void Append(const journey::Event& event);
  void Append(const codec::DeadLetterNote& note);  // Likewise of its tenant.
  // Into the partition of the person: the event's user, or its previous id.
  void Append(const codec::PersonRecord& record);
  void Append(const codec::PersonFact& fact);
  // Into every partition.
  void AppendToAll(const codec::JournalEntry& entry);

  // Moves all records, those of unfinished batches included, to the end of `*records`.
  void Take(std::vector<StagedRecord>* records);
  void Clear();

 private:
  codec::JournalBatchWriter& WriterOf(std::string_view key);
  void Close(codec::JournalBatchWriter* writer);

  std::string topic_;
  std::vector<codec::JournalBatchWriter> writers_;  // By partition.
  std::vector<StagedRecord> records_;
  metrics::IntakeMetrics* metrics_;
};

}  // namespace foothold::stream
