// The stage that keeps state: what goes into a commit, and when that is a checkpoint.

#include <algorithm>
#include <utility>
#include <vector>

#include "src/stream/keyed_stage.h"
#include "src/stream/store_place.h"

namespace foothold::stream {
namespace {

// How often the store notes its place in the changelog: what a restart reads again at most.
constexpr milliseconds kPlaceInterval{10'000};
// Of decoded subjects, whose encoding takes a third or so.
constexpr std::size_t kSavedBytesOfCommit = 64U << 20U;

// Of a wall clock that may be set back: then it is time.
bool HasPassed(Instant since, milliseconds interval, Instant now) {
  return now < since || now - since >= interval;
}

}  // namespace

bool KeyedStage::owes_checkpoint() const {
  return std::ranges::any_of(running_,
                             [](const auto& entry) { return entry.second->unsaved_bytes() > 0; });
}

bool KeyedStage::IsCheckpointDue(Instant now) const {
  return std::ranges::any_of(running_, [&](const auto& entry) {
    return entry.second->unsaved_bytes() > 0 && IsCheckpointDue(entry.first, *entry.second, now);
  });
}

bool KeyedStage::IsCheckpointDue(PartitionId partition, const KeyedTask& task, Instant now) const {
  return !task.can_fold_again() || task.unsaved_bytes() >= options_.checkpoint_bytes ||
         HasPassed(checkpointed_at_.at(partition), options_.checkpoint_interval, now);
}

Status KeyedStage::Collect(Instant now, Checkpoints checkpoints, StagedWrites* writes) {
  const std::set<PartitionId> to_save = PartitionsToSave(now, checkpoints);
  collected_ = to_save;
  for (const auto& [partition, task] : running_) {
    if (task->staged_entries() > 0) {
      collected_.insert(partition);
    }
  }
  FOOTHOLD_ASSIGN(const auto places, PlacesToNote(now, checkpoints, to_save));
  writes->send_outputs = [this](const StagedWrites::Send& send) { return SendOutputs(send); };
  writes->changelog_topic = options_.changelog;
  for (const PartitionId partition : collected_) {
    KeyedTask* const task = running_.at(partition).get();
    if (!to_save.contains(partition)) {
      FOOTHOLD_TRY(task->Collect(nullptr, writes));
      continue;
    }
    KeyedTask::Checkpoint checkpoint;
    if (const auto place = places.find(partition); place != places.end()) {
      checkpoint.place = place->second;
    }
    FOOTHOLD_TRY(task->Collect(&checkpoint, writes));
    checkpointed_at_[partition] = now;
  }
  return Status();
}

// A transaction must end before it times out, so that it takes as many of them as its bound allows,
// those with the oldest checkpoint first, and the next one the others. Who cannot do without is in
// any case.
std::set<PartitionId> KeyedStage::PartitionsToSave(Instant now, Checkpoints checkpoints) const {
  std::vector<std::pair<Instant, PartitionId>> wanted;
  std::set<PartitionId> to_save;
  std::size_t bytes = 0;
  for (const auto& [partition, task] : running_) {
    const bool has_news = task->staged_entries() > 0 || task->unsaved_bytes() > 0;
    if (has_news && !task->can_fold_again()) {
      to_save.insert(partition);
      bytes += task->unsaved_bytes();
    } else if (task->unsaved_bytes() == 0) {
      continue;
    } else if (checkpoints == Checkpoints::kAll || IsCheckpointDue(partition, *task, now)) {
      wanted.emplace_back(checkpointed_at_.at(partition), partition);
    }
  }
  std::ranges::sort(wanted);
  for (const auto& [checkpointed_at, partition] : wanted) {
    const std::size_t more = running_.at(partition)->unsaved_bytes();
    if (bytes > 0 && bytes + more > kSavedBytesOfCommit) {
      break;
    }
    to_save.insert(partition);
    bytes += more;
  }
  return to_save;
}

// A place is asked for before a checkpoint and noted with it: that its commit succeeds proves that
// nobody else wrote to the changelog in between, so that all before the place is in the store.
Result<std::map<PartitionId, std::string>> KeyedStage::PlacesToNote(
    Instant now, Checkpoints checkpoints, const std::set<PartitionId>& partitions) {
  std::map<PartitionId, std::string> places;
  for (const PartitionId partition : partitions) {
    const auto noted_at = places_noted_at_.find(partition);
    const bool is_recent =
        noted_at != places_noted_at_.end() && !HasPassed(noted_at->second, kPlaceInterval, now);
    if (is_recent && checkpoints == Checkpoints::kDue) {
      continue;
    }
    Result<log::Watermarks> range =
        consumer_->QueryWatermarks({options_.changelog, partition}, kCallTimeout);
    if (!range.has_value() && range.error().code() == Code::kRetry) {
      // Whoever does not answer now is not asked for each partition in turn: that would take
      // minutes. What is left out is noted another time.
      break;
    }
    if (!range.has_value()) {
      return Failure(range.error());
    }
    places[partition] = EncodeStorePlace({NextOffset{range->high}, now});
    places_noted_at_[partition] = now;
  }
  return places;
}

Status KeyedStage::SendOutputs(const StagedWrites::Send& send) {
  for (const PartitionId partition : collected_) {
    FOOTHOLD_TRY(running_.at(partition)->SendOutputs(send));
  }
  return Status();
}

void KeyedStage::Apply() {
  for (const PartitionId partition : collected_) {
    running_.at(partition)->Apply();
  }
  collected_.clear();
}

}  // namespace foothold::stream
