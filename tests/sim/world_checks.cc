// The simulator's world: what is looked at while it goes on, and at the end.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/codec/state.h"
#include "src/stream/fold_place.h"
#include "src/stream/store_place.h"
#include "state/schema.h"
#include "tests/sim/process.h"

namespace foothold::sim {

std::optional<NextOffset> World::PositionOf(StageId stage, const log::TopicPartition& source) {
  const auto committed =
      watchers_[At(stage)]->Committed(std::vector<log::TopicPartition>{source}, milliseconds{0});
  // While a transaction is under way nobody can say.
  return committed.has_value() ? committed->front() : std::nullopt;
}

void World::CheckPositions() {
  for (const StageId stage : kStages) {
    const std::int32_t partitions = stage == StageId::kIntake   ? settings_.source_partitions
                                    : stage == StageId::kPeople ? settings_.people_partitions
                                                                : settings_.journal_partitions;
    for (std::int32_t i = 0; i < partitions; ++i) {
      const log::TopicPartition source{InputOf(stage), PartitionId{i}};
      const std::optional<NextOffset> position = PositionOf(stage, source);
      if (!position.has_value()) {
        continue;
      }
      NextOffset& before = positions_[source];
      if (*position < before) {
        Find(fmt::format("the position in {} went back from {} to {}", log::ToString(source),
                         before.value, position->value));
      }
      before = *position;
      if (stage == StageId::kJourney) {
        CountCut(source);
      }
    }
  }
}

void World::CountCut(const log::TopicPartition& source) {
  const auto notes = watchers_[At(StageId::kJourney)]->CommittedNotes({&source, 1}, {});
  if (!notes.has_value() || notes->front() == notes_[source]) {
    return;
  }
  notes_[source] = notes->front();
  const std::optional<stream::CommitNote> note = stream::DecodeCommitNote(notes->front());
  evidence_.cut_stimuli += note.has_value() && note->reached.steps > 0 ? 1 : 0;
}

void World::CheckStore(StageId stage, PartitionId partition, const state::Store& store) {
  const log::TopicPartition source{InputOf(stage), partition};
  const Result<std::optional<std::string>> meta = stream::ReadPayload(store, state::MetaKey());
  const auto committed =
      watchers_[At(stage)]->Committed(std::vector<log::TopicPartition>{source}, milliseconds{0});
  const auto notes = watchers_[At(stage)]->CommittedNotes(std::vector<log::TopicPartition>{source},
                                                          milliseconds{0});
  if (!meta.has_value() || !meta->has_value() || !committed.has_value() || !notes.has_value()) {
    return;
  }
  const codec::Meta decoded = codec::DecodeMeta(**meta).value();
  const NextOffset stored = decoded.journal_next;
  const std::optional<stream::CommitNote> note = stream::DecodeCommitNote(notes->front());
  if (note.has_value() && stream::CheckpointNumber(decoded) > note->number) {
    Find(fmt::format("the store of {} is ahead: at checkpoint {}, committed is {}",
                     log::ToString(source), stream::CheckpointNumber(decoded), note->number));
  }
  if (stored > committed->front().value_or(NextOffset{0})) {
    Find(fmt::format("the store of {} is ahead: at {}, committed is {}", log::ToString(source),
                     stored.value, committed->front().value_or(NextOffset{0}).value));
  }
}

void World::Find(std::string finding) {
  trace_("FOUND: " + finding);
  if (findings_.size() < 20) {
    findings_.push_back(std::move(finding));
  }
}

void World::ReadVolumes(Process* process, StageId stage, const std::vector<PartitionId>& owned,
                        std::map<std::int32_t, Evidence::Volume>* volumes) {
  for (const PartitionId partition : owned) {
    Evidence::Volume volume{.owner = process->site.name, .content = {}, .timers = {}};
    process->site.is_dead = false;  // To look at it.
    Result<std::unique_ptr<state::Store>> store = process->shelves[At(stage)]->Open(partition);
    if (!store.has_value()) {
      Find(fmt::format("the store of {}[{}] cannot be opened: {}", InputOf(stage), partition.value,
                       store.error().message()));
      continue;
    }
    const Status read = (*store)->Scan("", "", [&](std::string_view key, std::string_view value) {
      volume.content.emplace(key, value);
      return true;
    });
    if (!read.ok()) {
      Find(read.message());
    }
    constexpr std::size_t kTimersMax = 10'000;
    const auto timers = (*store)->TimersUntil(
        InstantFromMs(static_cast<std::int64_t>(state::kDueMsMax)), std::nullopt, kTimersMax);
    for (const state::DueTimer& timer : timers.value_or(std::vector<state::DueTimer>{})) {
      const auto value = volume.content.find(timer.key);
      if (value != volume.content.end() &&
          state::ParseValue(value->second).value().due == timer.due) {
        volume.timers[timer.key] = timer.due;
      }
    }
    (*volumes)[partition.value] = std::move(volume);
  }
}

Evidence World::End() {
  for (const std::unique_ptr<Process>& process : processes_) {
    std::array<std::vector<PartitionId>, kStageCount> owned;
    for (const StageId stage : kStages) {
      if (!process->is_up) {
        continue;
      }
      for (const log::TopicPartition& source : process->stages[At(stage)]->readable()) {
        owned[At(stage)].push_back(source.partition);
      }
    }
    if (process->is_up) {
      Stop(process->number);
    }
    ReadVolumes(process.get(), StageId::kPeople, owned[At(StageId::kPeople)],
                &evidence_.people_stores);
    ReadVolumes(process.get(), StageId::kJourney, owned[At(StageId::kJourney)],
                &evidence_.journey_stores);
    process->site.is_dead = true;
  }
  if (const std::string open = collector_->OpenPartition(); !open.empty()) {
    Find("a transaction stays open in " + open);
  }
  CheckPositions();
  for (const StageId stage : {StageId::kPeople, StageId::kJourney}) {
    for (std::int32_t i = 0; i < 2; ++i) {
      const std::vector<Kept>& records = collector_->of(InputOf(stage), i);
      const NextOffset at = positions_[{InputOf(stage), PartitionId{i}}];
      if (!records.empty() && records.back().offset >= at.value) {
        Find(fmt::format("{}[{}] was read up to {} and goes on to {}", InputOf(stage), i, at.value,
                         records.back().offset));
      }
    }
  }
  evidence_.topics = topics_;
  evidence_.mode = settings_.mode;
  evidence_.journal_partitions = settings_.journal_partitions;
  evidence_.people_partitions = settings_.people_partitions;
  evidence_.waiting_bytes_max = settings_.waiting_bytes_max;
  evidence_.committed = collector_.get();
  return std::move(evidence_);
}

}  // namespace foothold::sim
