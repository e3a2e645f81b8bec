#include "src/app/journal_import.h"

#include <utility>

#include "src/base/hash.h"
#include "src/journey/import_source.h"

namespace foothold::app {
namespace {

// A transaction holds back all readers of the journal while it is open.
constexpr std::int64_t kTransactionBytes = 1LL << 20U;

}  // namespace

JournalImport::JournalImport(const config::Config& config, std::string name, Instant begin)
    : retry_(RetryOf(config)),
      journal_(TopicNamesOf(config).journal),
      partition_count_(config.journal.partitions),
      name_(std::move(name)),
      begin_(begin) {}

Result<std::unique_ptr<JournalImport>> JournalImport::Open(log::Log* log,
                                                           const config::Config& config,
                                                           std::string name, Instant begin) {
  std::unique_ptr<JournalImport> import(new JournalImport(config, std::move(name), begin));
  const stream::ControlWriter::Options limits = ControlOptionsOf(config, TopicNamesOf(config));
  FOOTHOLD_ASSIGN(import->producer_,
                  log->NewProducer({.transactional_id = config.app + "-import",
                                    .topics = {import->journal_},
                                    .transaction_timeout = limits.transaction_timeout,
                                    .message_bytes_max = limits.message_bytes_max}));
  FOOTHOLD_TRY(
      import->retry_.Run([&] { return import->producer_->Init(import->retry_.call_timeout); }));
  return import;
}

Status JournalImport::Add(const journey::Event& event, std::int64_t number) {
  const std::int32_t place = PartitionOfKey(event.tenant, partition_count_);
  Partition& partition = partitions_[place];
  if (!std::exchange(partition.has_begun, true)) {
    // Where the history begins, before the first event of it.
    journey::Progress progress;
    progress.partitions[{std::string(journey::kImportSource), name_, 0}] = {
        .event_time_max = begin_,
        .event_time_min = begin_,
        .is_at_end = true,
        .broker_time_max = std::nullopt};
    partition.writer.Append(progress);
  }
  journey::Event placed = event;
  placed.position = {.source = journey::kImportSource,
                     .topic = name_,
                     .partition = PartitionId{0},
                     .offset = number};
  if (!partition.writer.HasRoomFor(placed)) {
    FOOTHOLD_TRY(Write(place, &partition));
  }
  partition.writer.Append(placed);
  return {};
}

Status JournalImport::Write(std::int32_t number, Partition* partition) {
  if (!std::exchange(is_open_, true)) {
    FOOTHOLD_TRY(producer_->Begin());
  }
  const std::string batch = partition->writer.Take();
  const log::OutgoingRecord record{.topic = journal_,
                                   .partition = PartitionId{number},
                                   .key = std::nullopt,
                                   .value = batch,
                                   .headers = {},
                                   .timestamp = std::nullopt};
  FOOTHOLD_TRY(retry_.Run([&] { return producer_->Send(record); }));
  ++batches_;
  uncommitted_bytes_ += static_cast<std::int64_t>(batch.size());
  return uncommitted_bytes_ < kTransactionBytes ? Status() : Commit();
}

Status JournalImport::Commit() {
  FOOTHOLD_TRY(retry_.Run([&] { return producer_->Commit(retry_.call_timeout); }));
  is_open_ = false;
  uncommitted_bytes_ = 0;
  return {};
}

Status JournalImport::Finish() {
  for (auto& [number, partition] : partitions_) {
    if (!partition.writer.is_empty()) {
      FOOTHOLD_TRY(Write(number, &partition));
    }
  }
  return is_open_ ? Commit() : Status();
}

}  // namespace foothold::app
