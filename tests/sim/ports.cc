#include "tests/sim/ports.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "src/base/check.h"
#include "state/schema.h"

namespace foothold::sim {
namespace {

using When = Storm::When;

class SimConsumer final : public log::Consumer {
 public:
  SimConsumer(std::unique_ptr<log::Consumer> inner, Storm* storm, SimPort* port, bool has_group)
      : inner_(std::move(inner)), storm_(storm), port_(port), has_group_(has_group) {}

  Status Subscribe(std::span<const std::string> topics) override {
    FOOTHOLD_TRY(Alive());
    return inner_->Subscribe(topics);
  }
  Status Assign(std::span<const log::Position> positions) override {
    FOOTHOLD_TRY(Alive());
    return inner_->Assign(positions);
  }
  Result<log::Batch> Poll(milliseconds timeout) override {
    const Step step = has_group_ ? Step::kRead : Step::kRestore;
    FOOTHOLD_TRY(storm_->Strike(port_->spot(), step, When::kBefore));
    Result<log::Batch> batch = inner_->Poll(timeout);
    storm_->EndCall();
    FOOTHOLD_TRY(storm_->Strike(port_->spot(), step, When::kAfter));
    return batch;
  }
  Status AcceptAssigned(std::span<const log::Position> starts) override {
    FOOTHOLD_TRY(Alive());
    for (const log::Position& start : starts) {
      port_->accepted_starts()[start.source] = start.next;
    }
    return inner_->AcceptAssigned(starts);
  }
  Status AcceptRevoked(std::span<const log::TopicPartition> partitions) override {
    FOOTHOLD_TRY(Alive());
    for (const log::TopicPartition& partition : partitions) {
      port_->accepted_starts().erase(partition);
    }
    return inner_->AcceptRevoked(partitions);
  }
  bool IsAssignmentLost() override { return inner_->IsAssignmentLost(); }
  Result<std::vector<std::optional<NextOffset>>> Committed(
      std::span<const log::TopicPartition> partitions, milliseconds /*timeout*/) override {
    FOOTHOLD_TRY(Alive());
    return inner_->Committed(partitions, milliseconds{0});
  }
  Result<std::vector<std::string>> CommittedNotes(std::span<const log::TopicPartition> partitions,
                                                  milliseconds /*timeout*/) override {
    FOOTHOLD_TRY(Alive());
    return inner_->CommittedNotes(partitions, milliseconds{0});
  }
  Status Seek(std::span<const log::Position> positions) override {
    FOOTHOLD_TRY(Alive());
    return inner_->Seek(positions);
  }
  Status Pause(std::span<const log::TopicPartition> partitions) override {
    FOOTHOLD_TRY(Alive());
    return inner_->Pause(partitions);
  }
  Status Resume(std::span<const log::TopicPartition> partitions) override {
    FOOTHOLD_TRY(Alive());
    return inner_->Resume(partitions);
  }
  Result<log::Watermarks> QueryWatermarks(const log::TopicPartition& source,
                                          milliseconds timeout) override {
    FOOTHOLD_TRY(Alive());
    return inner_->QueryWatermarks(source, timeout);
  }
  Result<NextOffset> OffsetForTime(const log::TopicPartition& source, Instant at,
                                   milliseconds timeout) override {
    FOOTHOLD_TRY(Alive());
    return inner_->OffsetForTime(source, at, timeout);
  }
  std::optional<NextOffset> PositionOf(const log::TopicPartition& source) override {
    return inner_->PositionOf(source);
  }
  log::GroupToken group() override { return inner_->group(); }
  void Close() override {
    if (!port_->spot().site->is_dead) {  // The dead leave no group.
      inner_->Close();
    }
  }

 private:
  Status Alive() const {
    return port_->spot().site->is_dead ? Status(Code::kFatal, "killed") : Status();
  }

  std::unique_ptr<log::Consumer> inner_;
  Storm* storm_;
  SimPort* port_;
  bool has_group_;
};

class SimProducer final : public log::TransactionalProducer {
 public:
  SimProducer(std::unique_ptr<log::TransactionalProducer> inner, Storm* storm, const SimPort* port)
      : inner_(std::move(inner)), storm_(storm), port_(port) {}

  Status Init(milliseconds timeout) override {
    FOOTHOLD_TRY(Alive());
    return inner_->Init(timeout);
  }
  Status Begin() override {
    FOOTHOLD_TRY(Alive());
    return inner_->Begin();
  }
  Status Send(const log::OutgoingRecord& record) override {
    const Step step = record.topic.ends_with("changelog") ? Step::kChangelog : Step::kOutputs;
    return Around(step, [&] { return inner_->Send(record); });
  }
  Status SendOffsets(std::span<const log::Position> positions, const log::GroupToken& group,
                     milliseconds timeout) override {
    return Around(Step::kOffsets, [&] { return inner_->SendOffsets(positions, group, timeout); });
  }
  Status Commit(milliseconds timeout) override {
    return Around(Step::kCommit, [&] { return inner_->Commit(timeout); });
  }
  Status Abort(milliseconds timeout) override {
    return Around(Step::kAbort, [&] { return inner_->Abort(timeout); });
  }

 private:
  template <class Call>
  Status Around(Step step, const Call& call) {
    FOOTHOLD_TRY(storm_->Strike(port_->spot(), step, When::kBefore));
    Status status = call();
    storm_->EndCall();
    FOOTHOLD_TRY(status);
    return storm_->Strike(port_->spot(), step, When::kAfter);
  }
  Status Alive() const {
    return port_->spot().site->is_dead ? Status(Code::kFatal, "killed") : Status();
  }

  std::unique_ptr<log::TransactionalProducer> inner_;
  Storm* storm_;
  const SimPort* port_;
};

class SimStore final : public state::Store {
 public:
  SimStore(std::unique_ptr<state::Store> inner, SimShelf* shelf, PartitionId partition)
      : inner_(std::move(inner)), shelf_(shelf), partition_(partition) {}

  Result<std::optional<std::string>> Get(std::string_view key) const override {
    FOOTHOLD_TRY(Sound());
    return inner_->Get(key);
  }
  Result<std::vector<std::optional<std::string>>> MultiGet(
      const std::vector<std::string>& keys) const override {
    FOOTHOLD_TRY(Sound());
    return inner_->MultiGet(keys);
  }
  Status Write(const state::WriteBatch& batch) override {
    FOOTHOLD_TRY(Sound());
    if (is_full_) {
      return Error(Code::kFatal, "the disk is full");
    }
    Status struck = shelf_->storm()->Strike(shelf_->spot(), Step::kStore, When::kBefore);
    if (!struck.ok()) {
      is_full_ = struck.code() == Code::kFatal;
      if (struck.code() == Code::kCorrupt) {
        shelf_->damaged().insert(partition_);
      }
      return struck;
    }
    FOOTHOLD_TRY(inner_->Write(batch));
    ++writes_;
    if (shelf_->flush_every() > 0 && writes_ % shelf_->flush_every() == 0) {
      FOOTHOLD_TRY(inner_->Flush());
    }
    if (shelf_->on_written) {
      shelf_->on_written(partition_, *inner_);
    }
    return shelf_->storm()->Strike(shelf_->spot(), Step::kStore, When::kAfter);
  }
  Result<std::vector<state::DueTimer>> TimersUntil(Instant until,
                                                   const std::optional<state::DueTimer>& after,
                                                   std::size_t count_max) const override {
    FOOTHOLD_TRY(Sound());
    return inner_->TimersUntil(until, after, count_max);
  }
  Status Scan(std::string_view prefix, std::string_view after,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    FOOTHOLD_TRY(Sound());
    return inner_->Scan(prefix, after, visit);
  }
  Status Flush() override {
    FOOTHOLD_TRY(Sound());
    return inner_->Flush();
  }
  Status Verify() const override { return inner_->Verify(); }
  std::uint64_t bytes_on_disk() const override { return 0; }
  std::uint64_t keys_estimate() const override { return 0; }

 private:
  Status Sound() const {
    if (shelf_->spot().site->is_dead) {
      return Error(Code::kFatal, "killed");
    }
    return shelf_->damaged().contains(partition_) ? Status(Code::kCorrupt, "a checksum is wrong")
                                                  : Status();
  }

  std::unique_ptr<state::Store> inner_;
  SimShelf* shelf_;
  PartitionId partition_;
  int writes_ = 0;
  bool is_full_ = false;
};

}  // namespace

Result<std::unique_ptr<log::Consumer>> SimPort::NewConsumer(const log::ConsumerOptions& options) {
  if (spot_.site->is_dead) {
    return Error(Code::kFatal, "killed");
  }
  FOOTHOLD_ASSIGN(std::unique_ptr<log::Consumer> inner, inner_->NewConsumer(options));
  return std::make_unique<SimConsumer>(std::move(inner), storm_, this, !options.group.empty());
}

Result<std::unique_ptr<log::TransactionalProducer>> SimPort::NewProducer(
    const log::ProducerOptions& options) {
  if (spot_.site->is_dead) {
    return Error(Code::kFatal, "killed");
  }
  FOOTHOLD_ASSIGN(std::unique_ptr<log::TransactionalProducer> inner, inner_->NewProducer(options));
  return std::make_unique<SimProducer>(std::move(inner), storm_, this);
}

SimShelf::SimShelf(Options options, Storm* storm, Spot spot)
    : options_(std::move(options)),
      storm_(storm),
      spot_(std::move(spot)),
      shelf_({.root = options_.root,
              .app = "shop",
              .memory = options_.memory,
              .in_memory = options_.in_memory}) {}

Result<std::unique_ptr<state::Store>> SimShelf::Open(PartitionId partition) {
  if (spot_.site->is_dead) {
    return Error(Code::kFatal, "killed");
  }
  FOOTHOLD_ASSIGN(std::unique_ptr<state::Store> inner, shelf_.Open(partition));
  return std::make_unique<SimStore>(std::move(inner), this, partition);
}

Status SimShelf::Destroy(PartitionId partition) {
  if (spot_.site->is_dead) {
    return Error(Code::kFatal, "killed");
  }
  damaged_.erase(partition);
  return shelf_.Destroy(partition);
}

std::optional<SimShelf::Content> SimShelf::Read(PartitionId partition) {
  Result<std::unique_ptr<state::Store>> store = shelf_.Open(partition);
  if (!store.has_value()) {
    return std::nullopt;  // Damaged before.
  }
  Content content;
  const Status read = (*store)->Scan("", "", [&](std::string_view key, std::string_view value) {
    content.emplace_back(key, value);
    return true;
  });
  if (!read.ok()) {
    return std::nullopt;
  }
  return content;
}

void SimShelf::Replace(PartitionId partition, const Content& content) {
  Lose(partition);
  const std::unique_ptr<state::Store> store = shelf_.Open(partition).value();
  state::WriteBatch batch;
  for (const auto& [key, value] : content) {
    batch.Put(key, value, std::nullopt);
  }
  Status written = store->Write(batch);
  FOOTHOLD_CHECK(written.ok(), written.ToString());
  written = store->Flush();
  FOOTHOLD_CHECK(written.ok(), written.ToString());
}

void SimShelf::Lose(PartitionId partition) {
  damaged_.erase(partition);
  const Status gone = shelf_.Destroy(partition);
  FOOTHOLD_CHECK(gone.ok(), gone.ToString());
}

bool SimShelf::FlipBits(PartitionId partition, Random* random) {
  const std::filesystem::path folder =
      std::filesystem::path(options_.root) / std::to_string(partition.value);
  if (options_.in_memory || !std::filesystem::exists(folder)) {
    return false;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".sst" && entry.file_size() > 0) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    return false;
  }
  const std::filesystem::path& file = files[random->Below(files.size())];
  const auto size = static_cast<std::uint64_t>(std::filesystem::file_size(file));
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  for (int i = 0; i < 3; ++i) {
    const auto at = static_cast<std::streamoff>(random->Below(size));
    bytes.seekg(at);
    char byte = 0;
    bytes.get(byte);
    bytes.seekp(at);
    bytes.put(static_cast<char>(byte ^ (1 << random->Below(8))));
  }
  return true;
}

}  // namespace foothold::sim
