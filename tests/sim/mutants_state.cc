// Mutants of what the product does with its stores, and in what order it writes.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "src/codec/journal.h"
#include "state/schema.h"
#include "tests/sim/mutants.h"
#include "tests/sim/pass.h"

namespace foothold::sim {
namespace {

template <class Kind>
std::unique_ptr<Mutation> Make(log::MemoryLog* /*log*/) {
  return std::make_unique<Kind>();
}

bool IsSubject(std::string_view key) {
  return key.starts_with("u") || key.starts_with("a") || key.starts_with("p");
}

// What a mutant knows of the store of one partition of one stage.
struct Memory {
  state::Store* store = nullptr;
  std::map<std::string, std::string, std::less<>> staged;  // Collected, not committed yet.
  std::map<std::string, std::string, std::less<>> dirty;   // What reads find instead.
  std::map<std::string, Instant, std::less<>> stale;       // Timers that fired and are there still.
  std::set<std::pair<Instant, std::string>> hidden;        // Timers that are not in the index.
  bool is_restoring = true;
};

// A mutation with stores that remember, and a stage that tells them what it collects.
class StateMutation : public Mutation {
 public:
  using Memories = std::map<PartitionId, Memory>;

  std::unique_ptr<stream::Stage> WrapStage(std::unique_ptr<stream::Stage> stage,
                                           StageId id) override {
    if (id == StageId::kIntake) {
      return stage;
    }
    return std::make_unique<Watched>(std::move(stage), this, &memories_[id]);
  }
  std::unique_ptr<stream::StoreShelf> WrapShelf(stream::StoreShelf* shelf, StageId id) override {
    return std::make_unique<Shelf>(shelf, &memories_[id]);
  }

 protected:
  virtual Status Collected(const stream::StagedWrites& /*writes*/, Memories* /*all*/) {
    return Status();
  }
  virtual void Applied(Memory* /*memory*/) {}
  virtual void Rewound(Memory* /*memory*/) {}
  virtual void Restored(Memory* /*memory*/) {}

 private:
  class Watched final : public PassStage {
   public:
    Watched(std::unique_ptr<stream::Stage> inner, StateMutation* mutation, Memories* memories)
        : PassStage(std::move(inner)), mutation_(mutation), memories_(memories) {}
    Result<bool> Work(std::size_t entries_max, Instant now) override {
      Result<bool> worked = inner_->Work(entries_max, now);
      for (const log::TopicPartition& source : inner_->readable()) {
        Memory& memory = (*memories_)[source.partition];
        if (memory.is_restoring && memory.store != nullptr) {
          memory.is_restoring = false;
          mutation_->Restored(&memory);
        }
      }
      return worked;
    }
    Status Collect(Instant now, stream::Checkpoints checkpoints,
                   stream::StagedWrites* writes) override {
      FOOTHOLD_TRY(inner_->Collect(now, checkpoints, writes));
      for (const stream::StagedChange& change : writes->changelog) {
        if (IsSubject(change.key) && change.value.has_value()) {
          (*memories_)[change.partition].staged[std::string(change.key)] = *change.value;
        }
      }
      return mutation_->Collected(*writes, memories_);
    }
    void Apply() override {
      inner_->Apply();
      for (auto& [partition, memory] : *memories_) {
        mutation_->Applied(&memory);
        memory.staged.clear();
      }
    }
    Result<std::vector<log::Position>> Rewind() override {
      for (auto& [partition, memory] : *memories_) {
        mutation_->Rewound(&memory);
        memory.staged.clear();
      }
      return inner_->Rewind();
    }

   private:
    StateMutation* mutation_;
    Memories* memories_;
  };

  class Store final : public PassStore {
   public:
    Store(std::unique_ptr<state::Store> inner, Memory* memory)
        : PassStore(std::move(inner)), memory_(memory) {
      *memory_ = Memory{};
      memory_->store = inner_.get();
    }
    ~Store() override { memory_->store = nullptr; }
    Result<std::optional<std::string>> Get(std::string_view key) const override {
      if (const auto dirty = memory_->dirty.find(key); dirty != memory_->dirty.end()) {
        return std::optional(dirty->second);
      }
      FOOTHOLD_ASSIGN(std::optional<std::string> value, inner_->Get(key));
      const auto stale = memory_->stale.find(key);
      if (value.has_value() && stale != memory_->stale.end()) {
        FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
        return std::optional(state::MakeValue(parsed.payload, stale->second));
      }
      return value;
    }
    Result<std::vector<state::DueTimer>> TimersUntil(Instant until,
                                                     const std::optional<state::DueTimer>& after,
                                                     std::size_t count_max) const override {
      FOOTHOLD_ASSIGN(std::vector<state::DueTimer> timers,
                      inner_->TimersUntil(until, after, count_max));
      std::erase_if(timers, [this](const state::DueTimer& timer) {
        return memory_->hidden.contains({timer.due, timer.key});
      });
      for (const auto& [key, due] : memory_->stale) {
        const state::DueTimer timer{due, key};
        if (due <= until && (!after.has_value() || *after < timer)) {
          timers.push_back(timer);
        }
      }
      std::ranges::sort(timers);
      return timers;
    }

   private:
    Memory* memory_;
  };

  class Shelf final : public PassShelf {
   public:
    Shelf(stream::StoreShelf* inner, Memories* memories) : PassShelf(inner), memories_(memories) {}
    Result<std::unique_ptr<state::Store>> Open(PartitionId partition) override {
      FOOTHOLD_ASSIGN(std::unique_ptr<state::Store> store, inner_->Open(partition));
      return std::make_unique<Store>(std::move(store), &(*memories_)[partition]);
    }

   private:
    Memories* memories_;
  };

  std::map<StageId, Memories> memories_;
};

class StoreBeforeCommit final : public StateMutation {
 protected:
  Status Collected(const stream::StagedWrites& writes, Memories* all) override {
    for (auto& [partition, memory] : *all) {
      if (memory.store == nullptr) {
        continue;
      }
      state::WriteBatch batch;
      for (const stream::StagedChange& change : writes.changelog) {
        if (change.partition != partition) {
          continue;
        }
        std::optional<Instant> due;
        FOOTHOLD_ASSIGN(const std::optional<std::string> before, memory.store->Get(change.key));
        if (before.has_value()) {
          FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*before));
          due = parsed.due;
        }
        if (change.value.has_value()) {
          batch.Put(change.key, *change.value, due);
        } else {
          batch.Delete(change.key, due);
        }
      }
      FOOTHOLD_TRY(memory.store->Write(batch));
    }
    return Status();
  }
};

class CacheNotEvicted final : public StateMutation {
 protected:
  void Applied(Memory* memory) override {
    for (const auto& [key, value] : memory->staged) {
      memory->dirty.erase(key);
    }
  }
  void Rewound(Memory* memory) override {
    for (const auto& [key, value] : memory->staged) {
      memory->dirty[key] = value;
    }
  }
};

class TimerNotRemoved final : public StateMutation {
 protected:
  void Applied(Memory* memory) override {
    for (const auto& [key, value] : memory->staged) {
      const Result<std::optional<std::string>> before = memory->store->Get(key);
      if (!before.has_value() || !before->has_value()) {
        continue;
      }
      const std::optional<Instant> was = state::ParseValue(**before).value().due;
      const std::optional<Instant> is = state::ParseValue(value).value().due;
      if (was.has_value() && (!is.has_value() || *was < *is)) {
        memory->stale[key] = *was;
      }
    }
  }
};

class TimersNotRebuilt final : public StateMutation {
 protected:
  void Restored(Memory* memory) override {
    const auto timers = memory->store->TimersUntil(
        InstantFromMs(static_cast<std::int64_t>(state::kDueMsMax)), std::nullopt, 10'000);
    for (const state::DueTimer& timer : timers.value_or(std::vector<state::DueTimer>{})) {
      memory->hidden.insert({timer.due, timer.key});
    }
  }
};

// In each batch that intake writes into the journal, progress stands first.
class ProgressFirst final : public Mutation {
 public:
  std::unique_ptr<stream::Stage> WrapStage(std::unique_ptr<stream::Stage> stage,
                                           StageId id) override {
    if (id != StageId::kIntake) {
      return stage;
    }
    return std::make_unique<Reordered>(std::move(stage));
  }

 private:
  class Reordered final : public PassStage {
   public:
    using PassStage::PassStage;
    Status Collect(Instant now, stream::Checkpoints checkpoints,
                   stream::StagedWrites* writes) override {
      FOOTHOLD_TRY(inner_->Collect(now, checkpoints, writes));
      for (stream::StagedRecord& record : writes->outputs) {
        if (record.topic.ends_with("-journal")) {
          record.value = Reorder(*record.value);
        }
      }
      return Status();
    }

   private:
    static std::string Reorder(const std::string& bytes) {
      const auto reader = codec::JournalBatchReader::Open(bytes).value();
      codec::JournalBatchWriter writer;
      for (const bool is_first : {true, false}) {
        for (std::size_t i = 0; i < reader.count(); ++i) {
          const codec::JournalEntry entry = reader.entry(i).value();
          if (std::holds_alternative<journey::Progress>(entry) == is_first) {
            std::visit([&writer](const auto& kind) { writer.Append(kind); }, entry);
          }
        }
      }
      return writer.Take();
    }
  };
};

}  // namespace

std::vector<Mutant> StateMutants() {
  return {{"store_written_before_the_commit", Make<StoreBeforeCommit>},
          {"cache_not_evicted", Make<CacheNotEvicted>},
          {"timer_not_removed", Make<TimerNotRemoved>},
          {"timer_index_not_rebuilt", Make<TimersNotRebuilt>},
          {"progress_before_its_events", Make<ProgressFirst>}};
}

}  // namespace foothold::sim
