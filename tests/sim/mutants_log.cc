// Mutants of what the product does with the log.

#include <algorithm>
#include <deque>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/codec/journal.h"
#include "tests/sim/log_mutation.h"
#include "tests/sim/pass.h"

namespace foothold::sim {
namespace {

template <class Kind>
std::unique_ptr<Mutation> Make(log::MemoryLog* log) {
  return std::make_unique<Kind>(log);
}

// The input's positions are committed by themselves, before the rest.
class OffsetsOutside final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Producer final : public PassProducer {
   public:
    Producer(std::unique_ptr<log::TransactionalProducer> inner, log::MemoryLog* log, std::string id)
        : PassProducer(std::move(inner)), log_(log), id_(std::move(id)) {}
    Status SendOffsets(std::span<const log::Position> positions, const log::GroupToken& group,
                       milliseconds timeout) override {
      FOOTHOLD_ASSIGN(const auto aside, log_->NewProducer({.transactional_id = id_ + "-aside"}));
      FOOTHOLD_TRY(aside->Init(timeout));
      FOOTHOLD_TRY(aside->Begin());
      FOOTHOLD_TRY(aside->SendOffsets(positions, group, timeout));
      return aside->Commit(timeout);
    }

   private:
    log::MemoryLog* log_;
    std::string id_;
  };
  std::unique_ptr<log::TransactionalProducer> WrapProducer(
      std::unique_ptr<log::TransactionalProducer> producer, log::Log* /*port*/,
      const log::ProducerOptions& /*options*/, const Spot& spot) override {
    return std::make_unique<Producer>(std::move(producer), log_, spot.instance_id);
  }
};

// Changelog records are there at once, whatever becomes of the transaction.
class ChangelogOutside final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Producer final : public PassProducer {
   public:
    Producer(std::unique_ptr<log::TransactionalProducer> inner, log::MemoryLog* log)
        : PassProducer(std::move(inner)), log_(log) {}
    Status Send(const log::OutgoingRecord& record) override {
      return record.topic.ends_with("changelog") ? StatusOf(log_->AppendInput(record))
                                                 : inner_->Send(record);
    }

   private:
    log::MemoryLog* log_;
  };
  std::unique_ptr<log::TransactionalProducer> WrapProducer(
      std::unique_ptr<log::TransactionalProducer> producer, log::Log* /*port*/,
      const log::ProducerOptions& /*options*/, const Spot& /*spot*/) override {
    return std::make_unique<Producer>(std::move(producer), log_);
  }
};

// A commit that does not answer is taken for done, or for void; the next transaction is begun by a
// new producer with the same id.
enum class Assumption { kCommitted, kAborted };
template <Assumption kAssumed>
class Assumed final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Producer final : public PassProducer {
   public:
    Producer(std::unique_ptr<log::TransactionalProducer> inner, log::Log* port,
             log::ProducerOptions options)
        : PassProducer(std::move(inner)), port_(port), options_(std::move(options)) {}
    Status Commit(milliseconds timeout) override {
      const Status status = inner_->Commit(timeout);
      if (status.ok() || status.code() != Code::kRetry) {
        return status;
      }
      FOOTHOLD_ASSIGN(inner_, port_->NewProducer(options_));
      FOOTHOLD_TRY(inner_->Init(timeout));
      is_void_ = kAssumed == Assumption::kAborted;
      return is_void_ ? Status(Code::kAborted, "no answer to the commit") : Status();
    }
    Status Abort(milliseconds timeout) override {
      if (is_void_) {
        is_void_ = false;
        return Status();
      }
      return inner_->Abort(timeout);
    }

   private:
    log::Log* port_;
    log::ProducerOptions options_;
    bool is_void_ = false;
  };
  std::unique_ptr<log::TransactionalProducer> WrapProducer(
      std::unique_ptr<log::TransactionalProducer> producer, log::Log* port,
      const log::ProducerOptions& options, const Spot& /*spot*/) override {
    return std::make_unique<Producer>(std::move(producer), port, options);
  }
};

// After a commit whose outcome is unknown the producer is told to abort, and used again.
class ProducerReused final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Producer final : public PassProducer {
   public:
    Producer(std::unique_ptr<log::TransactionalProducer> inner, ProducerReused* owner,
             std::string id)
        : PassProducer(std::move(inner)), owner_(owner), id_(std::move(id)) {}
    ~Producer() override {
      if (is_unknown_) {
        owner_->kept_[id_] = std::move(inner_);
      }
    }
    Status Init(milliseconds timeout) override {
      const auto kept = owner_->kept_.find(id_);
      if (kept == owner_->kept_.end()) {
        return inner_->Init(timeout);
      }
      inner_ = std::move(kept->second);
      owner_->kept_.erase(kept);
      return inner_->Abort(timeout);
    }
    Status Commit(milliseconds timeout) override {
      const Status status = inner_->Commit(timeout);
      is_unknown_ = !status.ok() && status.code() == Code::kRetry;
      return status;
    }

   private:
    ProducerReused* owner_;
    std::string id_;
    bool is_unknown_ = false;
  };
  std::unique_ptr<log::TransactionalProducer> WrapProducer(
      std::unique_ptr<log::TransactionalProducer> producer, log::Log* /*port*/,
      const log::ProducerOptions& /*options*/, const Spot& spot) override {
    return std::make_unique<Producer>(std::move(producer), this, spot.instance_id);
  }

 private:
  std::map<std::string, std::unique_ptr<log::TransactionalProducer>> kept_;
};

// Start places that were found out are not committed before the first event is.
class StartResolvedTwice final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Producer final : public PassProducer {
   public:
    using PassProducer::PassProducer;
    Status Begin() override {
      has_sent_ = false;
      return inner_->Begin();
    }
    Status Send(const log::OutgoingRecord& record) override {
      has_sent_ = true;
      return inner_->Send(record);
    }
    Status SendOffsets(std::span<const log::Position> positions, const log::GroupToken& group,
                       milliseconds timeout) override {
      return has_sent_ ? inner_->SendOffsets(positions, group, timeout) : Status();
    }

   private:
    bool has_sent_ = false;
  };
  std::unique_ptr<log::TransactionalProducer> WrapProducer(
      std::unique_ptr<log::TransactionalProducer> producer, log::Log* /*port*/,
      const log::ProducerOptions& /*options*/, const Spot& spot) override {
    if (spot.stage != StageId::kIntake) {
      return producer;
    }
    return std::make_unique<Producer>(std::move(producer));
  }
};

// After an abort nothing, or only one partition, is read again.
template <std::size_t kSought>
class FewSeeks final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Consumer final : public PassConsumer {
   public:
    using PassConsumer::PassConsumer;
    Status Seek(std::span<const log::Position> positions) override {
      return inner_->Seek(positions.first(std::min(kSought, positions.size())));
    }
  };
  std::unique_ptr<log::Consumer> WrapConsumer(std::unique_ptr<log::Consumer> consumer,
                                              const log::ConsumerOptions& /*options*/,
                                              const Spot& /*spot*/) override {
    return std::make_unique<Consumer>(std::move(consumer));
  }
};

class ReaderUncommitted final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  log::ConsumerOptions Change(log::ConsumerOptions options) override {
    options.reads_uncommitted = true;
    return options;
  }
};

class GroupByName final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Consumer final : public PassConsumer {
   public:
    Consumer(std::unique_ptr<log::Consumer> inner, std::string group)
        : PassConsumer(std::move(inner)), group_(std::move(group)) {}
    log::GroupToken group() override { return {.bytes = "0 0 " + group_}; }

   private:
    std::string group_;
  };
  std::unique_ptr<log::Consumer> WrapConsumer(std::unique_ptr<log::Consumer> consumer,
                                              const log::ConsumerOptions& /*options*/,
                                              const Spot& spot) override {
    return std::make_unique<Consumer>(std::move(consumer), spot.group);
  }
};

// The end of a partition is taken for all that there is.
class RestoreEndsEarly final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Consumer final : public PassConsumer {
   public:
    Consumer(std::unique_ptr<log::Consumer> inner, log::MemoryLog* log)
        : PassConsumer(std::move(inner)), log_(log) {}
    Result<log::Watermarks> QueryWatermarks(const log::TopicPartition& source,
                                            milliseconds timeout) override {
      FOOTHOLD_ASSIGN(log::Watermarks range, inner_->QueryWatermarks(source, timeout));
      FOOTHOLD_ASSIGN(const auto reader, log_->NewConsumer({}));
      FOOTHOLD_TRY(reader->Assign(std::vector<log::Position>{{source, NextOffset{range.low}}}));
      while (true) {
        FOOTHOLD_ASSIGN(const log::Batch batch, reader->Poll(milliseconds{0}));
        if (batch.records.empty()) {
          break;
        }
      }
      range.high = reader->PositionOf(source)->value;
      return range;
    }

   private:
    log::MemoryLog* log_;
  };
  std::unique_ptr<log::Consumer> WrapConsumer(std::unique_ptr<log::Consumer> consumer,
                                              const log::ConsumerOptions& options,
                                              const Spot& /*spot*/) override {
    if (!options.group.empty()) {
      return consumer;
    }
    return std::make_unique<Consumer>(std::move(consumer), log_);
  }
};

// The last subject that a restore reads is left out.
class RestoreShort final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Consumer final : public PassConsumer {
   public:
    using PassConsumer::PassConsumer;
    Result<log::Batch> Poll(milliseconds timeout) override {
      FOOTHOLD_ASSIGN(log::Batch batch, inner_->Poll(timeout));
      const auto last = std::find_if(
          batch.records.rbegin(), batch.records.rend(), [](const log::RecordView& record) {
            return record.key->starts_with("u") || record.key->starts_with("p");
          });
      if (last != batch.records.rend()) {
        batch.records.erase(std::next(last).base());
      }
      return batch;
    }
  };
  std::unique_ptr<log::Consumer> WrapConsumer(std::unique_ptr<log::Consumer> consumer,
                                              const log::ConsumerOptions& options,
                                              const Spot& /*spot*/) override {
    if (!options.group.empty()) {
      return consumer;
    }
    return std::make_unique<Consumer>(std::move(consumer));
  }
};

// What the journey reads of its journal is another than what is there.
class JournalReader : public PassConsumer {
 public:
  using PassConsumer::PassConsumer;
  Result<log::Batch> Poll(milliseconds timeout) override {
    FOOTHOLD_ASSIGN(log::Batch batch, inner_->Poll(timeout));
    changed_.clear();
    for (log::RecordView& record : batch.records) {
      const auto reader = codec::JournalBatchReader::Open(*record.value).value();
      codec::JournalBatchWriter writer;
      for (std::size_t i = 0; i < reader.count(); ++i) {
        codec::JournalEntry entry = reader.entry(i).value();
        Change(record, &entry);
        std::visit([&writer](const auto& kind) { writer.Append(kind); }, entry);
      }
      record.value = changed_.emplace_back(writer.Take());
    }
    return batch;
  }

 protected:
  virtual void Change(const log::RecordView& record, codec::JournalEntry* entry) = 0;

 private:
  std::deque<std::string> changed_;
};

// A control entry that is out of sequence is applied all the same: numbers are what their order is.
class StaleControlApplied final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Consumer final : public JournalReader {
   public:
    Consumer(std::unique_ptr<log::Consumer> inner, log::MemoryLog* log)
        : JournalReader(std::move(inner)), log_(log) {}
    void Change(const log::RecordView& record, codec::JournalEntry* entry) override {
      auto* control = std::get_if<codec::Control>(entry);
      if (control == nullptr) {
        return;
      }
      control->number = CountUntil({std::string(record.topic), record.partition}, record.offset);
      control->follows = control->number - 1;
    }

   private:
    // Control entries of the partition up to and with that offset; each is a record of its own.
    std::uint64_t CountUntil(const log::TopicPartition& source, std::int64_t offset) {
      const auto reader = log_->NewConsumer({}).value();
      const log::Watermarks range = reader->QueryWatermarks(source, milliseconds{0}).value();
      const Status assigned =
          reader->Assign(std::vector<log::Position>{{source, NextOffset{range.low}}});
      FOOTHOLD_CHECK(assigned.ok(), assigned.ToString());
      std::uint64_t count = 0;
      while (true) {
        const log::Batch batch = reader->Poll(milliseconds{0}).value();
        for (const log::RecordView& record : batch.records) {
          if (record.offset > offset) {
            return count;
          }
          const auto entries = codec::JournalBatchReader::Open(*record.value).value();
          count += std::holds_alternative<codec::Control>(entries.entry(0).value()) ? 1U : 0U;
        }
        if (batch.records.empty()) {
          return count;
        }
      }
    }

    log::MemoryLog* log_;
  };
  std::unique_ptr<log::Consumer> WrapConsumer(std::unique_ptr<log::Consumer> consumer,
                                              const log::ConsumerOptions& options,
                                              const Spot& spot) override {
    if (spot.stage != StageId::kJourney || options.group.empty()) {
      return consumer;
    }
    return std::make_unique<Consumer>(std::move(consumer), log_);
  }
};

// A repeat is taken for another event.
class DuplicateCounted final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Consumer final : public JournalReader {
   public:
    using JournalReader::JournalReader;
    void Change(const log::RecordView& record, codec::JournalEntry* entry) override {
      auto* event = std::get_if<journey::Event>(entry);
      if (event == nullptr) {
        return;
      }
      const auto key = std::tuple(std::string(event->tenant), std::string(event->user),
                                  std::string(event->id), event->fingerprint);
      const auto [seen, is_new] = seen_.try_emplace(key, record.offset);
      if (!is_new && seen->second != record.offset) {
        event->id = ids_.emplace_back(fmt::format("{}-{}", event->id, record.offset));
      }
    }

   private:
    std::map<std::tuple<std::string, std::string, std::string, std::uint64_t>, std::int64_t> seen_;
    std::deque<std::string> ids_;
  };
  std::unique_ptr<log::Consumer> WrapConsumer(std::unique_ptr<log::Consumer> consumer,
                                              const log::ConsumerOptions& options,
                                              const Spot& spot) override {
    if (spot.stage != StageId::kJourney || options.group.empty()) {
      return consumer;
    }
    return std::make_unique<Consumer>(std::move(consumer));
  }
};

}  // namespace

std::vector<Mutant> LogMutants() {
  return {{"offsets_outside_the_transaction", Make<OffsetsOutside>},
          {"changelog_outside_the_transaction", Make<ChangelogOutside>},
          {"outcome_assumed_committed", Make<Assumed<Assumption::kCommitted>>},
          {"outcome_assumed_aborted", Make<Assumed<Assumption::kAborted>>},
          {"producer_reused", Make<ProducerReused>},
          {"start_resolved_twice", Make<StartResolvedTwice>},
          {"no_seek_after_an_abort", Make<FewSeeks<0>>},
          {"only_one_task_rolled_back", Make<FewSeeks<1>>},
          {"reader_uncommitted", Make<ReaderUncommitted>},
          {"group_by_name", Make<GroupByName>},
          {"restore_ends_at_end_of_partition", Make<RestoreEndsEarly>},
          {"restore_one_record_short", Make<RestoreShort>},
          {"stale_control_applied", Make<StaleControlApplied>},
          {"duplicate_counted_twice", Make<DuplicateCounted>}};
}

}  // namespace foothold::sim
