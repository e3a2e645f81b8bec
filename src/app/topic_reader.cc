#include "src/app/topic_reader.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "src/app/kafka_client.h"
#include "src/base/time.h"

namespace foothold::app {
Result<std::vector<Stretch>> StretchesOf(log::Log* log, const std::string& topic) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, log->NewAdmin());
  FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info, admin->DescribeTopic(topic));
  if (!info.has_value()) {
    return Error(Code::kInvalid, fmt::format("topic {} does not exist: is `app` right, and did "
                                             "`foothold run` ever start?",
                                             topic));
  }
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> asker,
                  log->NewConsumer({.reads_uncommitted = true}));
  std::vector<Stretch> stretches;
  for (std::int32_t i = 0; i < info->partitions; ++i) {
    const log::TopicPartition source{topic, PartitionId{i}};
    FOOTHOLD_ASSIGN(const log::Watermarks range, asker->QueryWatermarks(source, kCallTimeout));
    stretches.push_back({.source = source, .from = range.low, .until = range.high});
  }
  return stretches;
}

Status ReadStretches(log::Log* log, const std::vector<Stretch>& stretches, const TakeRecord& take) {
  std::map<std::pair<std::string_view, std::int32_t>, const Stretch*> open;
  std::vector<log::Position> starts;
  for (const Stretch& stretch : stretches) {
    if (stretch.from < stretch.until) {
      open[{stretch.source.topic, stretch.source.partition.value}] = &stretch;
      starts.push_back({stretch.source, NextOffset{stretch.from}});
    }
  }
  if (open.empty()) {
    return Status();
  }
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> reader, log->NewConsumer({}));
  FOOTHOLD_TRY(reader->Assign(starts));
  const SystemWallClock clock;
  Instant moved_at = clock.Now();
  while (!open.empty()) {
    Result<log::Batch> batch = reader->Poll(kPollTimeout);
    if (!batch.has_value() && batch.error().code() != Code::kRetry) {
      return batch.error();
    }
    const bool has_records = batch.has_value() && !batch->records.empty();
    for (std::size_t i = 0; has_records && i < batch->records.size(); ++i) {
      const log::RecordView& record = batch->records[i];
      const auto found = open.find({record.topic, record.partition.value});
      if (found == open.end() || record.offset >= found->second->until) {
        continue;  // Written since.
      }
      FOOTHOLD_ASSIGN(const bool goes_on, take(record));
      if (!goes_on) {
        return Status();
      }
    }
    std::erase_if(open, [&](const auto& entry) {
      const Stretch& stretch = *entry.second;
      return reader->PositionOf(stretch.source).value_or(NextOffset{stretch.from}).value >=
             stretch.until;
    });
    const Instant now = clock.Now();
    if (has_records) {
      moved_at = now;
    } else if (now - moved_at > kTransactionStuckAfter && !open.empty()) {
      const Stretch& stuck = *open.begin()->second;
      return Error(Code::kFatal,
                   fmt::format("{} cannot be read to offset {}: a transaction hangs, or no broker "
                               "answers. Find it with kafka-transactions.sh find-hanging",
                               log::ToString(stuck.source), stuck.until));
    }
  }
  return Status();
}

}  // namespace foothold::app
