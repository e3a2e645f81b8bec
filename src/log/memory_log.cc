#include "src/log/memory_log.h"

#include <utility>

#include <fmt/format.h>

#include "src/log/committed_reader.h"
#include "src/log/memory_consumer.h"
#include "src/log/memory_producer.h"
#include "src/log/memory_state.h"

namespace foothold::log {

namespace {

class MemoryAdmin final : public Admin {
 public:
  explicit MemoryAdmin(MemoryState& state) : state_(state) {}

  Result<std::optional<TopicInfo>> DescribeTopic(const std::string& topic) override {
    MutexLock lock(state_.mutex);
    const Topic* const found = state_.topics.Find(topic);
    if (found == nullptr) {
      return std::nullopt;
    }
    return TopicInfo{.partitions = static_cast<std::int32_t>(found->partitions.size()),
                     .configs = found->configs};
  }

  Status CreateTopics(std::span<const TopicSpec> topics) override {
    MutexLock lock(state_.mutex);
    for (const TopicSpec& spec : topics) {
      if (state_.topics.Find(spec.name) != nullptr) {
        continue;
      }
      FOOTHOLD_TRY(state_.topics.Create(spec));
      for (auto& [name, group] : state_.groups) {
        group.AddTopic(spec.name, spec.partitions);
      }
    }
    state_.changed.NotifyAll();
    return {};
  }

 private:
  MemoryState& state_;
};

}  // namespace

void MemoryState::Tick() {
  const Instant now = clock.Now();
  transactions.Tick(now);
  for (auto& [name, group] : groups) {
    group.ExpireMembers(now);
  }
}

Group& MemoryState::GroupOf(const std::string& name) {
  const auto [group, is_new] = groups.try_emplace(name, name);
  if (is_new) {
    for (const auto& [topic, found] : topics.topics()) {
      group->second.AddTopic(topic, static_cast<std::int32_t>(found.partitions.size()));
    }
  }
  return group->second;
}

Status MemoryState::Before(const Call& call) {
  return faults == nullptr ? Status() : faults->Before(call);
}

Status MemoryState::After(const Call& call) {
  return faults == nullptr ? Status() : faults->After(call);
}

MemoryLog::MemoryLog(const WallClock& clock, FaultInjector* faults)
    : state_(std::make_unique<MemoryState>(clock, faults)) {}

MemoryLog::~MemoryLog() = default;

Result<std::unique_ptr<Consumer>> MemoryLog::NewConsumer(const ConsumerOptions& options) {
  return std::make_unique<MemoryConsumer>(*state_, options);
}

Result<std::unique_ptr<TransactionalProducer>> MemoryLog::NewProducer(
    const ProducerOptions& options) {
  return std::make_unique<MemoryProducer>(*state_, options);
}

Result<std::unique_ptr<Admin>> MemoryLog::NewAdmin() {
  return std::make_unique<MemoryAdmin>(*state_);
}

Status MemoryLog::CreateInputTopic(const std::string& name) {
  MutexLock lock(state_->mutex);
  if (state_->topics.Find(name) != nullptr) {
    return Error(Code::kInvalid, fmt::format("{} is given twice", name));
  }
  return state_->topics.CreateNamedFreely(
      {.name = name, .partitions = 1, .configs = {{"max.message.bytes", "2147483647"}}});
}

Result<std::int64_t> MemoryLog::AppendInput(const OutgoingRecord& record,
                                            std::optional<NextOffset> offset) {
  MutexLock lock(state_->mutex);
  FOOTHOLD_ASSIGN(const std::int64_t at,
                  state_->topics.Append(record, 0, state_->clock.Now(), offset));
  state_->changed.NotifyAll();
  return at;
}

Result<std::unique_ptr<CommittedReader>> MemoryLog::ReadCommitted(
    std::span<const std::string> topics) {
  MutexLock lock(state_->mutex);
  std::vector<OrderedReader::Source> sources;
  for (const std::string& name : topics) {
    FOOTHOLD_ASSIGN(Topic * topic, state_->topics.TopicOf(name));
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
      sources.push_back({.topic = topic->name,
                         .partition = PartitionId{static_cast<std::int32_t>(i)},
                         .log = &topic->partitions[i]});
    }
  }
  return std::make_unique<OrderedReader>(*state_, std::move(sources));
}

Status MemoryLog::DeleteRecordsBefore(const TopicPartition& source, NextOffset offset) {
  MutexLock lock(state_->mutex);
  FOOTHOLD_ASSIGN(PartitionLog * partition,
                  state_->topics.PartitionOf(source.topic, source.partition));
  if (offset.value > partition->end()) {
    return Error(Code::kInvalid, fmt::format("{}: cannot delete before {}, it ends at {}",
                                             ToString(source), offset.value, partition->end()));
  }
  partition->DeleteBefore(offset.value);
  return {};
}

void MemoryLog::TrimConsumed(const std::string& group) {
  MutexLock lock(state_->mutex);
  for (const auto& [source, place] : state_->GroupOf(group).offsets()) {
    const Result<PartitionLog*> partition =
        state_->topics.PartitionOf(source.topic, source.partition);
    if (partition && place.next.value <= (*partition)->end()) {
      (*partition)->DeleteBefore(place.next.value);
    }
  }
}

Status MemoryLog::Compact(const std::string& topic) {
  MutexLock lock(state_->mutex);
  FOOTHOLD_ASSIGN(Topic * found, state_->topics.TopicOf(topic));
  if (!found->is_compacted) {
    return Error(Code::kInvalid, fmt::format("topic {} has cleanup.policy={}", topic,
                                             found->configs.at("cleanup.policy")));
  }
  const milliseconds retention{std::stoll(found->configs.at("delete.retention.ms"))};
  for (PartitionLog& partition : found->partitions) {
    partition.Compact(state_->clock.Now() - retention);
  }
  return {};
}

std::size_t MemoryLog::CountRecords(const std::string& topic) const {
  MutexLock lock(state_->mutex);
  const Result<Topic*> found = state_->topics.TopicOf(topic);
  if (!found.has_value()) {
    return 0;
  }
  std::size_t count = 0;
  for (const PartitionLog& partition : (*found)->partitions) {
    count += partition.count();
  }
  return count;
}

void MemoryLog::ForceRebalance(const std::string& group) {
  MutexLock lock(state_->mutex);
  state_->GroupOf(group).ForceRebalance();
  state_->changed.NotifyAll();
}

void MemoryLog::ExpireSession(const std::string& group, const std::string& instance_id) {
  MutexLock lock(state_->mutex);
  state_->GroupOf(group).EndSessions(instance_id);
  state_->changed.NotifyAll();
}

}  // namespace foothold::log
