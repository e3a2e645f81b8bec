// Mutants of how people are erased.

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "src/codec/journal.h"
#include "src/journey/erased_ids.h"
#include "state/schema.h"
#include "tests/sim/mutants.h"
#include "tests/sim/pass.h"

namespace foothold::sim {
namespace {

template <class Kind>
std::unique_ptr<Mutation> Make(log::MemoryLog* /*log*/) {
  return std::make_unique<Kind>();
}

// A mutation of what one stage reads of words that erase.
class WordMutation : public Mutation {
 public:
  explicit WordMutation(StageId id) : id_(id) {}
  std::unique_ptr<stream::Stage> WrapStage(std::unique_ptr<stream::Stage> stage,
                                           StageId id) override {
    if (id != id_) {
      return stage;
    }
    return std::make_unique<Reading>(std::move(stage), this);
  }

 protected:
  virtual void Change(codec::EraseWord* word) const = 0;

 private:
  class Reading final : public PassStage {
   public:
    Reading(std::unique_ptr<stream::Stage> inner, const WordMutation* mutation)
        : PassStage(std::move(inner)), mutation_(mutation) {}
    Status Take(const log::RecordView& record) override {
      const auto reader = codec::JournalBatchReader::Open(*record.value).value();
      codec::JournalBatchWriter writer;
      bool is_changed = false;
      for (std::size_t i = 0; i < reader.count(); ++i) {
        codec::JournalEntry entry = reader.entry(i).value();
        auto* control = std::get_if<codec::Control>(&entry);
        if (control != nullptr && std::holds_alternative<codec::EraseWord>(control->action)) {
          mutation_->Change(&std::get<codec::EraseWord>(control->action));
          is_changed = true;
        }
        std::visit([&writer](const auto& kind) { writer.Append(kind); }, entry);
      }
      if (!is_changed) {
        return inner_->Take(record);
      }
      bytes_ = writer.Take();
      log::RecordView changed = record;
      changed.value = bytes_;
      return inner_->Take(changed);
    }

   private:
    const WordMutation* mutation_;
    std::string bytes_;
  };

  StageId id_;
};

// The person goes; what comes late of them is taken all the same.
class ListNotApplied final : public WordMutation {
 public:
  ListNotApplied() : WordMutation(StageId::kJourney) {}

 protected:
  void Change(codec::EraseWord* word) const override { word->at -= 2 * journey::kErasedFor; }
};

// The people stage goes on knowing the person.
class PeopleNotTold final : public WordMutation {
 public:
  PeopleNotTold() : WordMutation(StageId::kPeople) {}

 protected:
  void Change(codec::EraseWord* word) const override { word->users.clear(); }
};

// Who was erased is kept, and not read again.
class ListNotRead final : public Mutation {
 public:
  std::unique_ptr<stream::StoreShelf> WrapShelf(stream::StoreShelf* shelf,
                                                StageId /*id*/) override {
    return std::make_unique<Shelf>(shelf);
  }

 private:
  class Store final : public PassStore {
   public:
    using PassStore::PassStore;
    Result<std::optional<std::string>> Get(std::string_view key) const override {
      return key == state::FactKey("erased") ? std::optional<std::string>() : inner_->Get(key);
    }
  };
  class Shelf final : public PassShelf {
   public:
    using PassShelf::PassShelf;
    Result<std::unique_ptr<state::Store>> Open(PartitionId partition) override {
      FOOTHOLD_ASSIGN(std::unique_ptr<state::Store> store, inner_->Open(partition));
      return std::make_unique<Store>(std::move(store));
    }
  };
};

// What is gone from the state stays in the changelog.
class NoTombstones final : public Mutation {
 public:
  std::unique_ptr<stream::Stage> WrapStage(std::unique_ptr<stream::Stage> stage,
                                           StageId /*id*/) override {
    return std::make_unique<Silent>(std::move(stage));
  }

 private:
  class Silent final : public PassStage {
   public:
    using PassStage::PassStage;
    Status Collect(Instant now, stream::Checkpoints checkpoints,
                   stream::StagedWrites* writes) override {
      FOOTHOLD_TRY(inner_->Collect(now, checkpoints, writes));
      std::erase_if(writes->changelog,
                    [](const stream::StagedChange& change) { return !change.value.has_value(); });
      return Status();
    }
  };
};

}  // namespace

std::vector<Mutant> ErasureMutants() {
  return {{"erased_list_not_applied", Make<ListNotApplied>},
          {"erased_list_not_read_again", Make<ListNotRead>},
          {"erased_but_in_the_people_stage", Make<PeopleNotTold>},
          {"tombstones_not_in_the_changelog", Make<NoTombstones>}};
}

}  // namespace foothold::sim
