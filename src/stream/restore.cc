#include "src/stream/restore.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/codec/state.h"
#include "src/stream/fold_place.h"
#include "state/schema.h"
#include "state/timer_index.h"

namespace foothold::stream {
namespace {

// Polls of one slice: the worker's own membership must not wait for longer.
constexpr int kPollsMax = 25;

}  // namespace

Restorer::Restorer(log::Log* log, Options options) : log_(log), options_(std::move(options)) {}

Status Restorer::EnsureConsumer() {
  if (consumer_ != nullptr) {
    return Status();
  }
  log::ConsumerOptions reader;
  reader.batch_records_max = options_.slice_records_max;
  FOOTHOLD_ASSIGN(consumer_, log_->NewConsumer(reader));
  return Status();
}

Result<log::Watermarks> Restorer::Range(PartitionId partition) {
  FOOTHOLD_TRY(EnsureConsumer());
  return consumer_->QueryWatermarks(Source(partition), options_.call_timeout);
}

Status Restorer::Add(const Request& request, Instant now) {
  FOOTHOLD_TRY(EnsureConsumer());
  running_[request.partition] = Running{.store = request.store,
                                        .is_full = request.is_full,
                                        .checkpoint = request.checkpoint,
                                        .number = request.number,
                                        .begin = request.from,
                                        .next = request.from,
                                        .target = request.until,
                                        .begun_at = now,
                                        .moved_at = now};
  return Reassign();
}

void Restorer::Remove(PartitionId partition) {
  if (running_.erase(partition) == 0) {
    return;
  }
  // A consumer that reads nothing is not kept: it costs threads and connections on a real log.
  if (running_.empty()) {
    consumer_.reset();
  }
}

Status Restorer::Reassign() {
  std::vector<log::Position> positions;
  positions.reserve(running_.size());
  for (const auto& [partition, running] : running_) {
    positions.push_back({Source(partition), running.next});
  }
  return consumer_->Assign(positions);
}

std::optional<milliseconds> Restorer::Progress::remaining() const {
  if (done >= total) {
    return milliseconds{0};
  }
  if (done <= 0 || took <= milliseconds{0}) {
    return std::nullopt;
  }
  const double pace = static_cast<double>(took.count()) / static_cast<double>(done);
  return milliseconds{static_cast<std::int64_t>(pace * static_cast<double>(total - done))};
}

std::vector<Restorer::Progress> Restorer::progress(Instant now) const {
  std::vector<Progress> all;
  for (const auto& [partition, running] : running_) {
    all.push_back({.partition = partition,
                   .done = running.next.value - running.begin.value,
                   .total = std::max<std::int64_t>(0, running.target - running.begin.value),
                   .took = std::max(milliseconds{0}, now - running.begun_at)});
  }
  return all;
}

Result<std::vector<PartitionId>> Restorer::RunSlice(Instant now) {
  failed_partition_.reset();
  if (running_.empty()) {
    return std::vector<PartitionId>{};
  }
  for (int poll = 0; poll < kPollsMax; ++poll) {
    FOOTHOLD_ASSIGN(const log::Batch batch, consumer_->Poll(milliseconds{0}));
    if (batch.records.empty()) {
      break;
    }
    FOOTHOLD_TRY(ApplyRecords(batch));
  }

  std::vector<PartitionId> whole;
  for (auto& [partition, running] : running_) {
    const std::optional<NextOffset> position = consumer_->PositionOf(Source(partition));
    if (position.has_value() && *position > running.next) {
      running.next = *position;
      running.moved_at = now;
    }
    if (running.next.value >= running.target) {
      if (Status finished = Finish(partition, running); !finished.ok()) {
        failed_partition_ = partition;
        return Failure(std::move(finished));
      }
      whole.push_back(partition);
    } else if (now - running.moved_at > options_.hung_after) {
      return Error(Code::kFatal,
                   fmt::format("a transaction hangs: {} could not be read beyond offset {} (of {}) "
                               "for {}. Find it with kafka-transactions.sh find-hanging",
                               log::ToString(Source(partition)), running.next.value, running.target,
                               FormatDuration(options_.hung_after)));
    }
  }
  for (const PartitionId partition : whole) {
    running_.erase(partition);
  }
  if (running_.empty()) {
    consumer_.reset();
  } else if (!whole.empty()) {
    FOOTHOLD_TRY(Reassign());
  }
  return whole;
}

Status Restorer::ApplyRecords(const log::Batch& batch) {
  std::map<PartitionId, Records> records_by_partition;
  Records* records = nullptr;
  const log::RecordView* previous = nullptr;
  for (const log::RecordView& record : batch.records) {
    // They come in runs of one partition.
    if (previous == nullptr || previous->partition != record.partition) {
      records = &records_by_partition[record.partition];
    }
    previous = &record;
    if (record.key.has_value()) {
      records->push_back(&record);
    }
  }
  for (auto& [partition, of_partition] : records_by_partition) {
    const auto running = running_.find(partition);
    if (running == running_.end()) {
      continue;
    }
    Status applied = Apply(running->second, std::move(of_partition));
    if (!applied.ok()) {
      failed_partition_ = partition;
      return applied;
    }
  }
  return Status();
}

Status Restorer::Apply(const Running& running, Records records) const {
  // In the order of their keys: the store finds the place of one fastest behind the one before it.
  std::ranges::stable_sort(records, {}, [](const log::RecordView* record) { return *record->key; });
  state::WriteBatch batch;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const log::RecordView& record = *records[i];
    FOOTHOLD_TRY(CheckRecord(record));
    if (i + 1 < records.size() && records[i + 1]->key == record.key) {
      continue;  // The last record of a key is the one that counts.
    }
    if (running.is_full) {
      // The store knows nothing yet; what is due is indexed at the end.
      if (record.value.has_value()) {
        batch.PutUnindexed(*record.key, *record.value);
      } else {
        batch.DeleteUnindexed(*record.key);
      }
      continue;
    }
    // The timer index is kept in step with what the store had.
    FOOTHOLD_ASSIGN(const std::optional<std::string> before, running.store->Get(*record.key));
    std::optional<Instant> due_before;
    if (before.has_value()) {
      FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*before));
      due_before = parsed.due;
    }
    if (record.value.has_value()) {
      batch.Put(*record.key, *record.value, due_before);
    } else {
      batch.Delete(*record.key, due_before);
    }
  }
  return running.store->Write(batch);
}

Status Restorer::CheckRecord(const log::RecordView& record) const {
  const auto refused = [&](std::string_view what, const Status& why) -> Status {
    return Error(Code::kFatal, fmt::format("{} holds at offset {} a {}: {}",
                                           log::ToString(Source(record.partition)), record.offset,
                                           what, why.message()));
  };
  if (Result<state::ParsedKey> parsed = state::ParseKey(*record.key); !parsed.has_value()) {
    return refused("key that is not ours", parsed.error());
  }
  if (!record.value.has_value()) {
    return Status();
  }
  Result<state::ParsedValue> parsed = state::ParseValue(*record.value);
  return parsed.has_value() ? Status() : refused("value that cannot be read", parsed.error());
}

// All that there was is in the store.
Status Restorer::Finish(PartitionId partition, const Running& running) const {
  if (running.is_full) {
    FOOTHOLD_TRY(state::BuildTimerIndex(running.store));
  }
  return CheckAgreement(partition, running);
}

Status Restorer::CheckAgreement(PartitionId partition, const Running& running) const {
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, running.store->Get(state::MetaKey()));
  std::optional<NextOffset> restored;
  std::uint64_t number = 0;
  if (value.has_value()) {
    FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
    FOOTHOLD_ASSIGN(const codec::Meta meta, codec::DecodeMeta(parsed.payload));
    restored = meta.journal_next;
    number = CheckpointNumber(meta);
  }
  if (restored == running.checkpoint && (running.number == 0 || running.number == number)) {
    return Status();
  }
  const auto text = [](const std::optional<NextOffset>& offset, std::uint64_t checkpoint) {
    return !offset.has_value() ? std::string("none")
           : checkpoint == 0   ? fmt::format("offset {}", offset->value)
                             : fmt::format("offset {} (checkpoint {})", offset->value, checkpoint);
  };
  return Error(
      running.is_full ? Code::kFatal : Code::kCorrupt,
      fmt::format(
          "partition {} cannot go on: the state in {} belongs to {} of {}, the group's committed "
          "place is {}{}. If the group's offsets were reset or have expired, set them to the "
          "former; if one of these topics was deleted, begin with a new app id",
          partition.value, log::ToString(Source(partition)), text(restored, number), options_.input,
          running.number == 0 ? "" : "at or behind ", text(running.checkpoint, running.number)));
}

}  // namespace foothold::stream
