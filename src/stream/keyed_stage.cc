#include "src/stream/keyed_stage.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/codec/state.h"
#include "src/metrics/keyed_metrics.h"
#include "src/stream/store_place.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

constexpr milliseconds kMeasureInterval{5'000};
constexpr milliseconds kHungSlack{20'000};
// Of a tail: fewer are read again sooner than a store is flushed.
constexpr std::uint64_t kRecordsWorthSaving = 5'000;
// Checkpoints of partitions with the same remainder come together.
constexpr int kCheckpointTurns = 8;
// A state that was rebuilt and is damaged again before it was of any use: the disk is at fault.
constexpr int kRepairsMax = 2;

}  // namespace

KeyedStage::KeyedStage(Options options, std::unique_ptr<KeyedTasks> tasks,
                       Surroundings surroundings)
    : options_(std::move(options)),
      around_(std::move(surroundings)),
      tasks_(std::move(tasks)),
      restorer_(around_.log,
                Restorer::Options{.input = options_.input,
                                  .changelog = options_.changelog,
                                  .hung_after = options_.transaction_timeout + kHungSlack,
                                  .call_timeout = kCallTimeout}) {}

void KeyedStage::Attach(log::Consumer* consumer) {
  FOOTHOLD_CHECK(running_.empty() && restoring_.empty(),
                 "partitions belong to the consumer before");
  consumer_ = consumer;
}

log::TopicPartition KeyedStage::InputOf(PartitionId partition) const {
  return {options_.input, partition};
}

Result<std::vector<log::Position>> KeyedStage::Assign(
    std::span<const log::TopicPartition> partitions) {
  FOOTHOLD_ASSIGN(const std::vector<Start> starts, QueryStarts(partitions));
  std::vector<log::Position> positions;
  for (const Start& start : starts) {
    Status begun = BeginRestore(start, Trust::kAsItIs);
    if (!begun.ok() && begun.code() == Code::kCorrupt) {
      LogDistrust(start.partition, begun);
      begun = BeginRestore(start, Trust::kNone);
    }
    FOOTHOLD_TRY(begun);
    positions.push_back({InputOf(start.partition), start.checkpoint().value_or(NextOffset{0})});
  }
  MeasureRestores(around_.clock->Now());
  LogRestoresBegun(around_.clock->Now());
  return positions;
}

// Everything that is asked of the log before anything is begun: the group's places first.
Result<std::vector<KeyedStage::Start>> KeyedStage::QueryStarts(
    std::span<const log::TopicPartition> partitions) {
  FOOTHOLD_ASSIGN(const std::vector<std::optional<NextOffset>> committed,
                  consumer_->Committed(partitions, kCallTimeout));
  FOOTHOLD_ASSIGN(const std::vector<std::string> notes,
                  consumer_->CommittedNotes(partitions, kCallTimeout));
  std::vector<Start> starts;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    Start start{.partition = partitions[i].partition,
                .committed = committed[i],
                .note = DecodeCommitNote(notes[i]),
                .input = {},
                .changelog = {}};
    FOOTHOLD_ASSIGN(start.input, consumer_->QueryWatermarks(partitions[i], kCallTimeout));
    FOOTHOLD_ASSIGN(start.changelog, restorer_.Range(start.partition));
    if (start.note.has_value() && start.note->reached.next != start.committed) {
      return Error(Code::kRetry, fmt::format("the position of {} has moved while it was asked for",
                                             log::ToString(partitions[i])));
    }
    const std::int64_t next = start.checkpoint().value_or(NextOffset{0}).value;
    if (next < start.input.low || next > start.input.high) {
      return Error(
          Code::kFatal,
          fmt::format("{} retains offsets {} to {}, its reader stands at {}: what lies "
                      "between is lost, or the topic was made anew. Restore the topic, or "
                      "begin with a new app id",
                      log::ToString(partitions[i]), start.input.low, start.input.high, next));
    }
    // Before anything is taken off the disk: the store may be all that is left of the state.
    if (start.committed.has_value() && start.changelog.low >= start.changelog.high) {
      return Error(
          Code::kFatal,
          fmt::format(
              "partition {} cannot go on: {} is empty, though offset {} of {} was reached: the "
              "topic was made anew, or its records were deleted. What is on this disk was "
              "left as it is. Restore the topic, or begin with a new app id",
              start.partition.value,
              log::ToString(log::TopicPartition{options_.changelog, start.partition}), next,
              options_.input));
    }
    starts.push_back(start);
  }
  return starts;
}

Status KeyedStage::BeginRestore(const Start& start, Trust trust) {
  // An attempt that ended in kRetry may have begun.
  restorer_.Remove(start.partition);
  restoring_.erase(start.partition);
  std::unique_ptr<state::Store> store;
  std::optional<NextOffset> tail;
  if (trust == Trust::kAsItIs) {
    FOOTHOLD_ASSIGN(store, around_.shelf->Open(start.partition));
    FOOTHOLD_ASSIGN(tail, TailOf(*store, start));
  }
  if (!tail.has_value()) {
    store.reset();
    FOOTHOLD_TRY(around_.shelf->Destroy(start.partition));
    FOOTHOLD_ASSIGN(store, around_.shelf->Open(start.partition));
  }
  FOOTHOLD_TRY(restorer_.Add({.partition = start.partition,
                              .store = store.get(),
                              .from = tail.value_or(NextOffset{start.changelog.low}),
                              .is_full = !tail.has_value(),
                              .until = start.changelog.high,
                              .checkpoint = start.checkpoint(),
                              .number = start.note.has_value() ? start.note->number : 0},
                             around_.clock->Now()));
  const std::int64_t from = tail.value_or(NextOffset{start.changelog.low}).value;
  restoring_[start.partition] = {
      .store = std::move(store),
      .input_next = start.checkpoint().value_or(NextOffset{0}),
      .committed = start.note,
      .changelog_end = NextOffset{start.changelog.high},
      .records = static_cast<std::uint64_t>(std::max<std::int64_t>(0, start.changelog.high - from)),
      .is_full = !tail.has_value()};
  return Status();
}

Result<std::optional<NextOffset>> KeyedStage::TailOf(const state::Store& store,
                                                     const Start& start) const {
  if (!start.checkpoint().has_value()) {
    return std::nullopt;
  }
  FOOTHOLD_ASSIGN(const std::optional<std::string> noted, ReadPayload(store, StorePlaceKey()));
  FOOTHOLD_ASSIGN(const std::optional<std::string> meta, ReadPayload(store, state::MetaKey()));
  if (!noted.has_value() || !meta.has_value()) {
    return std::nullopt;
  }
  const std::optional<StorePlace> place = DecodeStorePlace(*noted);
  if (!place.has_value()) {
    return Error(Code::kCorrupt, "the store's place cannot be read");
  }
  FOOTHOLD_ASSIGN(const codec::Meta decoded, codec::DecodeMeta(*meta));

  const bool is_ahead =
      decoded.journal_next > *start.checkpoint() ||
      (start.note.has_value() && CheckpointNumber(decoded) > start.note->number) ||
      place->next.value > start.changelog.high;
  const bool is_within = place->next.value >= start.changelog.low;
  const bool is_fresh = around_.clock->Now() - place->saved_at < options_.store_age_max;
  if (is_ahead || !is_within || !is_fresh) {
    return std::nullopt;
  }
  return place->next;
}

Status KeyedStage::BeginRunning(PartitionId partition) {
  const auto restored = restoring_.find(partition);
  FOOTHOLD_TRY(Blame(partition, SaveRestored(restored->second)));
  std::unique_ptr<KeyedTask> task = tasks_->Make(partition, std::move(restored->second.store));
  around_.metrics->RestoreProgress(partition, {.restored = restored->second.records,
                                               .total = restored->second.records,
                                               .remaining = milliseconds{0}});
  restored_records_ += restored->second.records;
  const std::optional<CommitNote> committed = restored->second.committed;
  restoring_.erase(restored);
  KeyedTask* raw = task.get();
  running_[partition] = std::move(task);
  places_noted_at_.erase(partition);
  // Not all at once: a checkpoint makes a commit longer.
  const int turn = partition.value % kCheckpointTurns;
  checkpointed_at_[partition] =
      around_.clock->Now() - options_.checkpoint_interval * turn / kCheckpointTurns;
  FOOTHOLD_TRY(Blame(partition, raw->Load()));
  if (committed.has_value()) {
    raw->FoldAgain(*committed);
  }
  return Status();
}

Status KeyedStage::SaveRestored(const Restoring& restored) const {
  if (restored.records < (restored.is_full ? 1 : kRecordsWorthSaving)) {
    return Status();
  }
  const std::string place = EncodeStorePlace({restored.changelog_end, around_.clock->Now()});
  state::WriteBatch batch;
  batch.Put(StorePlaceKey(), state::MakeValue(place, std::nullopt), std::nullopt);
  FOOTHOLD_TRY(restored.store->Write(batch));
  return restored.store->Flush();
}

void KeyedStage::Release(std::span<const log::TopicPartition> partitions) {
  for (const log::TopicPartition& source : partitions) {
    const PartitionId partition = source.partition;
    if (const auto found = running_.find(partition); found != running_.end()) {
      // Only a shorter tail for whoever comes next here: a store that cannot be written is behind.
      if (!corrupt_.contains(partition) && found->second->WriteOut().ok()) {
        static_cast<void>(found->second->store().Flush());
      }
      running_.erase(found);
    }
    restorer_.Remove(partition);
    restoring_.erase(partition);
    corrupt_.erase(partition);
    repairs_.erase(partition);
    checkpointed_at_.erase(partition);
    places_noted_at_.erase(partition);
    collected_.erase(partition);
    around_.metrics->PartitionDropped(partition);
  }
}

std::vector<log::TopicPartition> KeyedStage::assigned() const {
  std::vector<log::TopicPartition> partitions = readable();
  for (const auto& [partition, restoring] : restoring_) {
    partitions.push_back(InputOf(partition));
  }
  return partitions;
}

std::vector<log::TopicPartition> KeyedStage::readable() const {
  std::vector<log::TopicPartition> partitions;
  for (const auto& [partition, task] : running_) {
    partitions.push_back(InputOf(partition));
  }
  return partitions;
}

Status KeyedStage::Take(const log::RecordView& record) {
  const auto found = running_.find(record.partition);
  if (found == running_.end()) {
    return Error(Code::kFatal, fmt::format("{} delivered a record while it was paused or not ours",
                                           log::ToString(InputOf(record.partition))));
  }
  return Blame(record.partition, found->second->Take(record));
}

Status KeyedStage::ObserveIdle() {
  if (has_backlog() || staged_entries() > 0) {
    return Status();
  }
  const Instant now = around_.clock->Now();
  for (const auto& [partition, task] : running_) {
    task->ObserveEnd(now);
  }
  const MutexLock lock(folded_mutex_);
  for (const auto& [partition, task] : running_) {
    if (const std::optional<NextOffset> next = consumer_->PositionOf(InputOf(partition))) {
      folded_until_[partition] = *next;
    }
  }
  return Status();
}

std::map<PartitionId, NextOffset> KeyedStage::folded_until() const {
  const MutexLock lock(folded_mutex_);
  return folded_until_;
}

Result<bool> KeyedStage::Work(std::size_t entries_max, Instant now) {
  Measure(now);
  FOOTHOLD_TRY(WriteOut(now));
  bool has_worked = !restorer_.is_idle();
  if (has_worked) {
    Beat(Doing::kRestoring);
  }
  Result<std::vector<PartitionId>> whole = restorer_.RunSlice(now);
  if (!whole.has_value()) {
    const std::optional<PartitionId> failed = restorer_.failed_partition();
    return Failure(failed.has_value() ? Blame(*failed, whole.error()) : whole.error());
  }
  for (const PartitionId partition : *whole) {
    FOOTHOLD_TRY(BeginRunning(partition));
  }
  LogRestoresGoOn(now);
  Beat(Doing::kWorking);

  std::size_t done = 0;
  for (const auto& [partition, task] : running_) {
    if (!task->has_backlog()) {
      continue;
    }
    if (done >= entries_max) {
      break;
    }
    Result<std::size_t> ran = task->Run(entries_max - done);
    if (!ran.has_value()) {
      return Failure(Blame(partition, ran.error()));
    }
    done += *ran;
    has_worked = true;
  }
  return has_worked;
}

bool KeyedStage::has_backlog() const {
  return std::ranges::any_of(running_,
                             [](const auto& entry) { return entry.second->has_backlog(); });
}

std::size_t KeyedStage::staged_entries() const {
  std::size_t entries = 0;
  for (const auto& [partition, task] : running_) {
    entries += task->staged_entries();
  }
  return entries;
}

// Writes all stores that lag, when it is time or when too much waits for it.
Status KeyedStage::WriteOut(Instant now) {
  std::size_t unwritten = 0;
  for (const auto& [partition, task] : running_) {
    unwritten += task->unwritten_bytes();
  }
  if (unwritten == 0) {
    written_at_ = now;
    return Status();
  }
  const bool is_due = now < written_at_ || now - written_at_ >= options_.store_write_interval ||
                      unwritten >= options_.store_write_bytes;
  if (!is_due) {
    return Status();
  }
  written_at_ = now;
  Beat(Doing::kWritingStores);
  // What is committed must come into each store, also when one of them fails.
  Status failure;
  for (const auto& [partition, task] : running_) {
    if (task->unwritten_bytes() == 0) {
      continue;
    }
    Status written = Blame(partition, task->WriteOut());
    if (written.ok()) {
      repairs_.erase(partition);
    } else if (failure.ok() || written.code() == Code::kFatal) {
      failure = std::move(written);
    }
  }
  return failure;
}

void KeyedStage::Beat(Doing doing) {
  if (around_.heartbeat != nullptr) {
    around_.heartbeat->Beat(doing);
  }
}

Result<std::vector<log::Position>> KeyedStage::Rewind() {
  collected_.clear();
  std::vector<log::Position> positions;
  for (const auto& [partition, task] : running_) {
    if (corrupt_.contains(partition)) {
      task->DropAll();
    } else {
      FOOTHOLD_TRY(Blame(partition, task->Rewind()));
    }
    positions.push_back({InputOf(partition), task->position()});
  }
  for (const auto& [partition, restoring] : restoring_) {
    positions.push_back({InputOf(partition), restoring.input_next});
  }
  return positions;
}

Result<std::vector<log::Position>> KeyedStage::Repair() {
  std::vector<log::TopicPartition> partitions;
  for (const PartitionId partition : corrupt_) {
    partitions.push_back(InputOf(partition));
  }
  FOOTHOLD_ASSIGN(const std::vector<Start> starts, QueryStarts(partitions));
  std::vector<log::Position> positions;
  for (const Start& start : starts) {
    if (++repairs_[start.partition] > kRepairsMax) {
      return Error(
          Code::kFatal,
          fmt::format("the state of partition {} is damaged again right after it was rebuilt: "
                      "look at the disk",
                      start.partition.value));
    }
    running_.erase(start.partition);
    restorer_.Remove(start.partition);
    restoring_.erase(start.partition);
    FOOTHOLD_TRY(BeginRestore(start, Trust::kNone));
    positions.push_back({InputOf(start.partition), start.checkpoint().value_or(NextOffset{0})});
  }
  corrupt_.clear();
  return positions;
}

Status KeyedStage::Blame(PartitionId partition, Status status) {
  if (!status.ok() && status.code() == Code::kCorrupt) {
    corrupt_.insert(partition);
  }
  return status;
}

const KeyedTask* KeyedStage::task(PartitionId partition) const {
  const auto found = running_.find(partition);
  return found == running_.end() ? nullptr : found->second.get();
}

void KeyedStage::Measure(Instant now) {
  const bool is_due =
      !measured_at_.has_value() || now < *measured_at_ || now - *measured_at_ >= kMeasureInterval;
  if (!is_due) {
    return;
  }
  measured_at_ = now;
  MeasureRestores(now);
  std::size_t cache_bytes = 0;
  for (const auto& [partition, task] : running_) {
    const state::Store& store = task->store();
    around_.metrics->StateSizeIs(partition,
                                 {.bytes = store.bytes_on_disk(), .keys = store.keys_estimate()});
    task->Measure();
    cache_bytes += task->cache_bytes();
  }
  around_.metrics->CacheBytes(cache_bytes, around_.shelf->memory_bytes());
}

}  // namespace foothold::stream
