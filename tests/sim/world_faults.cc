// The simulator's world: what goes wrong between turns, and what people say.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/codec/state.h"
#include "src/journey/erased_ids.h"
#include "src/journey/person.h"
#include "src/stream/control_writer.h"
#include "src/stream/fold_place.h"
#include "state/schema.h"
#include "tests/sim/process.h"

namespace foothold::sim {

void World::Kill(int number) {
  Process& process = *processes_[static_cast<std::size_t>(number)];
  trace_(process.site.name + " is killed");
  process.site.is_dead = true;
  EndProcess(&process);
}

void World::Stop(int number) {
  Process& process = *processes_[static_cast<std::size_t>(number)];
  trace_(process.site.name + " stops");
  for (const StageId stage : kStages) {
    const Status closed = process.workers[At(stage)]->Close();
    if (!closed.ok()) {
      Fail(&process, stage, closed);
      return;
    }
  }
  EndProcess(&process);
  process.site.is_dead = true;
}

void World::ExpireSessions(int number) {
  const Process& process = *processes_[static_cast<std::size_t>(number)];
  for (const Spot& spot : process.spots) {
    log_.ExpireSession(spot.group, spot.instance_id);
  }
}

void World::KeepVolumes(int number) {
  Process& process = *processes_[static_cast<std::size_t>(number)];
  for (std::int32_t i = 0; i < settings_.journal_partitions; ++i) {
    if (auto content = process.shelves[At(StageId::kJourney)]->Read(PartitionId{i})) {
      old_volumes_[{number, PartitionId{i}}] = *std::move(content);
    }
  }
}

bool World::Spoil(int number, Fault fault) {
  Process& process = *processes_[static_cast<std::size_t>(number)];
  FOOTHOLD_CHECK(!process.is_up, "the volume of a process that is down");
  const StageId stage = random_.Chance(0.7) ? StageId::kJourney : StageId::kPeople;
  SimShelf& shelf = *process.shelves[At(stage)];
  const PartitionId partition{static_cast<std::int32_t>(random_.Below(2))};
  if (fault == Fault::kStoreLost) {
    shelf.Lose(partition);
    return true;
  }
  if (fault == Fault::kStoreFlipped) {
    if (!settings_.folder.empty()) {
      return shelf.FlipBits(partition, &random_);
    }
    shelf.damaged().insert(partition);  // Nothing is on a disk: the checksums say so themselves.
    return true;
  }
  if (fault == Fault::kStoreOld) {
    const auto old = old_volumes_.find({number, partition});
    if (old == old_volumes_.end()) {
      return false;
    }
    process.shelves[At(StageId::kJourney)]->Replace(partition, old->second);
    return true;
  }
  std::optional<SimShelf::Content> content = shelf.Read(partition);
  if (!content.has_value()) {
    return false;
  }
  for (auto& [key, value] : *content) {
    if (key == state::MetaKey()) {
      codec::Meta meta = codec::DecodeMeta(state::ParseValue(value).value().payload).value();
      meta.journal_next.value += random_.Between(1, 1'000);
      value = state::MakeValue(codec::EncodeMeta(meta), std::nullopt);
      shelf.Replace(partition, *content);
      return true;
    }
  }
  return false;
}

void World::Compact() {
  collector_->Collect();
  for (const std::string& topic : {topics_.changelog, topics_.people_changelog}) {
    const Status compacted = log_.Compact(topic);
    FOOTHOLD_CHECK(compacted.ok(), compacted.ToString());
  }
}

void World::MoveStarts() {
  collector_->Collect();
  for (const StageId stage : {StageId::kIntake, StageId::kPeople}) {
    log_.TrimConsumed(fmt::format("{}-{}", kApp, NameOf(stage)));
  }
  // The journal is retained for longer than checkpoints are apart.
  for (std::int32_t i = 0; i < settings_.journal_partitions; ++i) {
    const log::TopicPartition source{topics_.journal, PartitionId{i}};
    const auto notes = watchers_[At(StageId::kJourney)]->CommittedNotes({&source, 1}, {});
    const std::optional<stream::CommitNote> note =
        notes.has_value() ? stream::DecodeCommitNote(notes->front()) : std::nullopt;
    if (note.has_value()) {
      FOOTHOLD_CHECK(log_.DeleteRecordsBefore(source, note->checkpoint).ok(),
                     log::ToString(source));
    }
  }
}

void World::Say(const codec::ControlAction& action) {
  stream::ControlWriter control(&log_, {.app = kApp,
                                        .instance = "one",
                                        .topics = topics_,
                                        .journal_partitions = settings_.journal_partitions,
                                        .people_partitions = settings_.people_partitions,
                                        .retry = {.retries_max = 3}});
  const Status said = StatusOf(control.Say(action, std::nullopt));
  FOOTHOLD_CHECK(said.ok(), said.ToString());
}

void World::Erase(const std::string& tenant, const std::string& user, Instant at) {
  collector_->Collect();
  std::set<std::string> ids{user, EmailUserId(fmt::format("{}@x.example", user))};
  std::map<std::string, journey::Person> persons;
  for (std::int32_t i = 0; i < settings_.people_partitions; ++i) {
    for (const Kept& record : collector_->of(topics_.people_changelog, i)) {
      const std::string key = record.key.value_or("");
      if (!key.starts_with(static_cast<char>(state::KeyKind::kPerson))) {
        continue;
      }
      persons.erase(key);
      if (record.value.has_value()) {
        persons[key] =
            codec::DecodePerson(state::ParseValue(*record.value).value().payload).value();
      }
    }
  }
  for (std::size_t size = 0; size != ids.size();) {
    size = ids.size();
    for (const auto& [key, person] : persons) {
      const bool belongs =
          person.accounts.empty() || std::ranges::count(person.accounts, tenant) > 0;
      if (belongs && ids.contains(person.successor)) {
        ids.insert(person.id);
      }
    }
  }
  Tell(fmt::format("{} of {} is erased, with {} more ids, until {}", user, tenant, ids.size() - 1,
                   FormatRfc3339(at + journey::kErasedFor)));
  Say(codec::EraseWord{
      .tenant = tenant, .at = at, .users = {ids.begin(), ids.end()}, .hashes = {}});
}

void World::Recall(const codec::Recollection& recollection) {
  const std::unique_ptr<log::TransactionalProducer> producer =
      log_.NewProducer({.transactional_id = "preparer", .topics = {topics_.journal}}).value();
  codec::JournalBatchWriter batch;
  batch.Append(recollection);
  const std::string bytes = batch.Take();
  Status said = producer->Init(milliseconds{0});
  FOOTHOLD_CHECK(said.ok() && producer->Begin().ok(), said.ToString());
  said = producer->Send(
      {.topic = topics_.journal,
       .partition = PartitionId{PartitionOfKey(recollection.tenant, settings_.journal_partitions)},
       .key = std::nullopt,
       .value = bytes});
  FOOTHOLD_CHECK(said.ok(), said.ToString());
  said = producer->Commit(milliseconds{0});
  FOOTHOLD_CHECK(said.ok(), said.ToString());
}

void World::SayOutOfTurn(const codec::ControlAction& action, std::uint64_t number) {
  const std::unique_ptr<log::TransactionalProducer> producer =
      log_.NewProducer({.transactional_id = "somebody", .topics = {topics_.journal}}).value();
  codec::JournalBatchWriter batch;
  batch.Append(codec::Control{.number = number, .follows = number - 1, .action = action});
  const std::string bytes = batch.Take();
  Status said = producer->Init(milliseconds{0});
  FOOTHOLD_CHECK(said.ok() && producer->Begin().ok(), said.ToString());
  for (std::int32_t i = 0; i < settings_.journal_partitions; ++i) {
    said = producer->Send({.topic = topics_.journal,
                           .partition = PartitionId{i},
                           .key = std::nullopt,
                           .value = bytes});
    FOOTHOLD_CHECK(said.ok(), said.ToString());
  }
  said = producer->Commit(milliseconds{0});
  FOOTHOLD_CHECK(said.ok(), said.ToString());
}

void World::RequestFinish(Instant final_clock) {
  finish_at_ = final_clock;
  for (const std::unique_ptr<Process>& process : processes_) {
    if (process->intake != nullptr) {
      process->intake->RequestFinish(final_clock);
      return;  // One tells it for all.
    }
  }
}

bool World::is_finished() const {
  return std::ranges::any_of(processes_, [](const std::unique_ptr<Process>& process) {
    return process->intake != nullptr && process->intake->outlook().is_finished;
  });
}

}  // namespace foothold::sim
