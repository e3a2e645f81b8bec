#pragma once

// Ports and stages that pass everything on: what a mutant changes it overrides.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/log/log.h"
#include "src/stream/stage.h"
#include "src/stream/store_shelf.h"

namespace foothold::sim {

class PassConsumer : public log::Consumer {
 public:
  explicit PassConsumer(std::unique_ptr<log::Consumer> inner) : inner_(std::move(inner)) {}
  Status Subscribe(std::span<const std::string> topics) override {
    return inner_->Subscribe(topics);
  }
  Status Assign(std::span<const log::Position> positions) override {
    return inner_->Assign(positions);
  }
  Result<log::Batch> Poll(milliseconds timeout) override { return inner_->Poll(timeout); }
  Status AcceptAssigned(std::span<const log::Position> starts) override {
    return inner_->AcceptAssigned(starts);
  }
  Status AcceptRevoked(std::span<const log::TopicPartition> partitions) override {
    return inner_->AcceptRevoked(partitions);
  }
  bool IsAssignmentLost() override { return inner_->IsAssignmentLost(); }
  Result<std::vector<std::optional<NextOffset>>> Committed(
      std::span<const log::TopicPartition> partitions, milliseconds timeout) override {
    return inner_->Committed(partitions, timeout);
  }
  Result<std::vector<std::string>> CommittedNotes(std::span<const log::TopicPartition> partitions,
                                                  milliseconds timeout) override {
    return inner_->CommittedNotes(partitions, timeout);
  }
  Status Seek(std::span<const log::Position> positions) override { return inner_->Seek(positions); }
  Status Pause(std::span<const log::TopicPartition> partitions) override {
    return inner_->Pause(partitions);
  }
  Status Resume(std::span<const log::TopicPartition> partitions) override {
    return inner_->Resume(partitions);
  }
  Result<log::Watermarks> QueryWatermarks(const log::TopicPartition& source,
                                          milliseconds timeout) override {
    return inner_->QueryWatermarks(source, timeout);
  }
  Result<NextOffset> OffsetForTime(const log::TopicPartition& source, Instant at,
                                   milliseconds timeout) override {
    return inner_->OffsetForTime(source, at, timeout);
  }
  std::optional<NextOffset> PositionOf(const log::TopicPartition& source) override {
    return inner_->PositionOf(source);
  }
  log::GroupToken group() override { return inner_->group(); }
  void Close() override { inner_->Close(); }

 protected:
  std::unique_ptr<log::Consumer> inner_;
};

class PassProducer : public log::TransactionalProducer {
 public:
  explicit PassProducer(std::unique_ptr<log::TransactionalProducer> inner)
      : inner_(std::move(inner)) {}
  Status Init(milliseconds timeout) override { return inner_->Init(timeout); }
  Status Begin() override { return inner_->Begin(); }
  Status Send(const log::OutgoingRecord& record) override { return inner_->Send(record); }
  Status SendOffsets(std::span<const log::Position> positions, const log::GroupToken& group,
                     milliseconds timeout) override {
    return inner_->SendOffsets(positions, group, timeout);
  }
  Status Commit(milliseconds timeout) override { return inner_->Commit(timeout); }
  Status Abort(milliseconds timeout) override { return inner_->Abort(timeout); }

 protected:
  std::unique_ptr<log::TransactionalProducer> inner_;
};

class PassLog : public log::Log {
 public:
  explicit PassLog(log::Log* inner) : inner_(inner) {}
  Result<std::unique_ptr<log::Consumer>> NewConsumer(const log::ConsumerOptions& options) override {
    return inner_->NewConsumer(options);
  }
  Result<std::unique_ptr<log::TransactionalProducer>> NewProducer(
      const log::ProducerOptions& options) override {
    return inner_->NewProducer(options);
  }
  Result<std::unique_ptr<log::Admin>> NewAdmin() override { return inner_->NewAdmin(); }

 protected:
  log::Log* inner_;
};

class PassStage : public stream::Stage {
 public:
  explicit PassStage(std::unique_ptr<stream::Stage> inner) : inner_(std::move(inner)) {}
  void Attach(log::Consumer* consumer) override { inner_->Attach(consumer); }
  Result<std::vector<log::Position>> Assign(
      std::span<const log::TopicPartition> partitions) override {
    return inner_->Assign(partitions);
  }
  void Release(std::span<const log::TopicPartition> partitions) override {
    inner_->Release(partitions);
  }
  std::vector<log::TopicPartition> assigned() const override { return inner_->assigned(); }
  std::vector<log::TopicPartition> readable() const override { return inner_->readable(); }
  Status Take(const log::RecordView& record) override { return inner_->Take(record); }
  Status ObserveIdle() override { return inner_->ObserveIdle(); }
  Result<bool> Work(std::size_t entries_max, Instant now) override {
    return inner_->Work(entries_max, now);
  }
  bool has_backlog() const override { return inner_->has_backlog(); }
  bool is_full() const override { return inner_->is_full(); }
  std::size_t staged_entries() const override { return inner_->staged_entries(); }
  Status Collect(Instant now, stream::Checkpoints checkpoints,
                 stream::StagedWrites* writes) override {
    return inner_->Collect(now, checkpoints, writes);
  }
  void Apply() override { inner_->Apply(); }
  Result<std::vector<log::Position>> Rewind() override { return inner_->Rewind(); }
  Result<std::vector<log::Position>> Repair() override { return inner_->Repair(); }

 protected:
  std::unique_ptr<stream::Stage> inner_;
};

class PassStore : public state::Store {
 public:
  explicit PassStore(std::unique_ptr<state::Store> inner) : inner_(std::move(inner)) {}
  Result<std::optional<std::string>> Get(std::string_view key) const override {
    return inner_->Get(key);
  }
  Result<std::vector<std::optional<std::string>>> MultiGet(
      const std::vector<std::string>& keys) const override {
    return inner_->MultiGet(keys);
  }
  Status Write(const state::WriteBatch& batch) override { return inner_->Write(batch); }
  Result<std::vector<state::DueTimer>> TimersUntil(Instant until,
                                                   const std::optional<state::DueTimer>& after,
                                                   std::size_t count_max) const override {
    return inner_->TimersUntil(until, after, count_max);
  }
  Status Scan(std::string_view prefix, std::string_view after,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return inner_->Scan(prefix, after, visit);
  }
  Status Flush() override { return inner_->Flush(); }
  Status Verify() const override { return inner_->Verify(); }
  std::uint64_t bytes_on_disk() const override { return inner_->bytes_on_disk(); }
  std::uint64_t keys_estimate() const override { return inner_->keys_estimate(); }

 protected:
  std::unique_ptr<state::Store> inner_;
};

class PassShelf : public stream::StoreShelf {
 public:
  explicit PassShelf(stream::StoreShelf* inner) : inner_(inner) {}
  Result<std::unique_ptr<state::Store>> Open(PartitionId partition) override {
    return inner_->Open(partition);
  }
  Status Destroy(PartitionId partition) override { return inner_->Destroy(partition); }
  std::size_t memory_bytes() const override { return inner_->memory_bytes(); }

 protected:
  stream::StoreShelf* inner_;
};

}  // namespace foothold::sim
