#include "src/app/journal_feed.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/app/kafka_client.h"

namespace foothold::app {
Result<std::unique_ptr<JournalFeed>> JournalFeed::Open(const config::Config& config,
                                                       const std::string& journal,
                                                       log::MemoryLog* into, const Logger* logger) {
  auto feed = std::make_unique<JournalFeed>();
  feed->journal_ = journal;
  feed->into_ = into;
  FOOTHOLD_ASSIGN(feed->kafka_, OpenKafka(config, logger));
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, feed->kafka_->NewAdmin());
  FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info, admin->DescribeTopic(journal));
  if (!info.has_value() || info->partitions != config.journal.partitions) {
    return Error(
        Code::kFatal,
        fmt::format("the journal '{}' {}: check `app` and `journal.partitions`", journal,
                    info.has_value() ? fmt::format("has {} partitions and not {}", info->partitions,
                                                   config.journal.partitions)
                                     : std::string("does not exist")));
  }
  FOOTHOLD_ASSIGN(feed->reader_, feed->kafka_->NewConsumer({.batch_records_max = 500}));
  FOOTHOLD_ASSIGN(feed->asker_, feed->kafka_->NewConsumer({.reads_uncommitted = true}));
  std::vector<log::Position> starts;
  for (std::int32_t i = 0; i < info->partitions; ++i) {
    const log::TopicPartition source{journal, PartitionId{i}};
    FOOTHOLD_ASSIGN(const log::Watermarks range,
                    feed->asker_->QueryWatermarks(source, kCallTimeout));
    if (range.low > 0) {
      return Error(Code::kFatal,
                   fmt::format("{} begins at offset {}: what came before is no longer retained, "
                               "and without it the fold is another one",
                               log::ToString(source), range.low));
    }
    feed->ends_.push_back(range.high);
    starts.push_back({source, NextOffset{range.low}});
  }
  FOOTHOLD_TRY(feed->reader_->Assign(starts));
  feed->moved_at_ = SystemWallClock().Now();
  return feed;
}

Status JournalFeed::Extend() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const log::TopicPartition source{journal_, PartitionId{static_cast<std::int32_t>(i)}};
    FOOTHOLD_ASSIGN(const log::Watermarks range, asker_->QueryWatermarks(source, kCallTimeout));
    ends_[i] = range.high;
  }
  moved_at_ = SystemWallClock().Now();
  return Status();
}

double JournalFeed::share_read() const {
  double read = 0;
  double all = 0;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const log::TopicPartition source{journal_, PartitionId{static_cast<std::int32_t>(i)}};
    const std::int64_t next = reader_->PositionOf(source).value_or(NextOffset{0}).value;
    read += static_cast<double>(std::min(next, ends_[i]));
    all += static_cast<double>(ends_[i]);
  }
  return all > 0 ? read / all : 1;
}

Result<bool> JournalFeed::Copy() {
  FOOTHOLD_ASSIGN(const log::Batch batch, reader_->Poll(kPollTimeout));
  for (const log::RecordView& record : batch.records) {
    std::optional<std::string> edited;
    if (edit_ != nullptr && record.value.has_value()) {
      FOOTHOLD_ASSIGN(edited, edit_->Rewrite(record.partition, *record.value));
    }
    FOOTHOLD_TRY(StatusOf(into_->AppendInput({.topic = journal_,
                                              .partition = record.partition,
                                              .key = record.key,
                                              .value = edited.has_value() ? *edited : record.value,
                                              .headers = {},
                                              .timestamp = record.timestamp},
                                             NextOffset{record.offset})));
  }
  // In a running system there is always more: where it ended then is enough.
  const Instant now = SystemWallClock().Now();
  if (!batch.records.empty()) {
    moved_at_ = now;
  }
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const log::TopicPartition source{journal_, PartitionId{static_cast<std::int32_t>(i)}};
    const std::optional<NextOffset> next = reader_->PositionOf(source);
    if (ends_[i] > 0 && (!next.has_value() || next->value < ends_[i])) {
      if (now - moved_at_ > kTransactionStuckAfter) {
        return Error(Code::kFatal, fmt::format("{} cannot be read beyond {} of {}: a transaction "
                                               "does not end",
                                               log::ToString(source),
                                               next.has_value() ? next->value : 0, ends_[i]));
      }
      return false;
    }
  }
  return true;
}

}  // namespace foothold::app
