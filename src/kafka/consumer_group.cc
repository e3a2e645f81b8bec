// The consumer as a member of its group: changes of the assignment, committed offsets, leaving.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/kafka/consumer.h"
#include "src/kafka/errors.h"

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kCloseMax{10'000};
constexpr milliseconds kClosePoll{50};
constexpr milliseconds kLeaveMax{30'000};
// A member that was fenced takes any answer to its assignment as one that gives partitions up, and
// before this version went on waiting for the right one: it could be neither closed nor destroyed.
constexpr int kFencedEndsFrom = 0x020400ff;
// Before this version the end of a member that had joined ended the process, by an assertion, if no
// assignment had come yet.
constexpr int kUnassignedEndsFrom = 0x020300ff;

}  // namespace

Status KafkaConsumer::Join() {
  const PartitionListHandle list(
      rd_kafka_topic_partition_list_new(static_cast<int>(topics_.size())));
  for (const std::string& topic : topics_) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  return StatusFrom(fmt::format("subscribing {}", fmt::join(topics_, ", ")),
                    rd_kafka_subscribe(client_->handle(), list.get()));
}

// What is given up comes to the worker as in any rebalance. The group hears of it only when all is
// given up, and a member that joins before that would not have left: its id is gone then.
Status KafkaConsumer::SettleGroup() {
  if (!watch_) {
    return Status();
  }
  const auto now = steady_clock::now();
  if (leaving_since_) {
    if (!MemberIdOf(client_->handle()).empty() && now - *leaving_since_ < kLeaveMax) {
      return Status();
    }
    leaving_since_.reset();
    return Join();
  }
  const std::vector<log::TopicPartition> ownerless = watch_->Look(topics_);
  if (ownerless.empty()) {
    return Status();
  }
  client_->Warn(fmt::format(
      "group {}: {} of its partitions, {} the first of them, belong to no member though it is at "
      "rest; leaving and joining again makes it settle anew",
      options_.group, ownerless.size(), ToString(ownerless.front())));
  leaving_since_ = now;
  return StatusFrom(fmt::format("leaving group {}", options_.group),
                    rd_kafka_unsubscribe(client_->handle()));
}

bool KafkaConsumer::IsCooperative() const {
  const char* const protocol = rd_kafka_rebalance_protocol(client_->handle());
  return protocol != nullptr && std::strcmp(protocol, "COOPERATIVE") == 0;
}

void KafkaConsumer::NoteRebalance(rd_kafka_resp_err_t error,
                                  const rd_kafka_topic_partition_list_t& partitions) {
  // The wait in Fetch() is over: the worker has something to decide.
  rd_kafka_queue_yield(queue_.get());
  const bool is_assigned = error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  was_assigned_ |= is_assigned;
  if (is_closing_) {
    if (!is_assigned) {
      static_cast<void>(Unassign(&partitions));
    }
    return;
  }
  if (!is_assigned && error != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    failure_ = StatusFrom(fmt::format("group {}", options_.group), error);
    rd_kafka_assign(client_->handle(), nullptr);
    readings_.clear();
    return;
  }
  log::AssignmentChange change;
  using enum log::AssignmentChange::Kind;
  if (!is_assigned) {
    change.kind = rd_kafka_assignment_lost(client_->handle()) != 0 ? kLost : kRevoked;
  }
  for (int i = 0; i < partitions.cnt; ++i) {
    change.partitions.push_back(PartitionOf(partitions.elems[i]));
  }
  changes_.push_back(std::move(change));
}

Status KafkaConsumer::AcceptAssigned(std::span<const log::Position> starts) {
  FOOTHOLD_CHECK(offered_ && offered_->kind == log::AssignmentChange::Kind::kAssigned,
                 "no partitions were assigned");
  FOOTHOLD_CHECK(offered_->partitions.size() == starts.size(), "one start for each partition");
  const PartitionListHandle list = ListOf(starts);
  rd_kafka_t* const handle = client_->handle();
  FOOTHOLD_TRY(IsCooperative()
                   ? StatusFrom("taking partitions", handle,
                                ErrorHandle(rd_kafka_incremental_assign(handle, list.get())))
                   : StatusFrom("taking partitions", rd_kafka_assign(handle, list.get())));
  // One that was fenced takes nothing and says that it did: see kFencedEndsFrom.
  FOOTHOLD_TRY(client_->CheckAlive());
  for (const log::Position& start : starts) {
    readings_.insert_or_assign(start.source, Reading{.next = start.next});
  }
  offered_.reset();
  return Status();
}

Status KafkaConsumer::AcceptRevoked(std::span<const log::TopicPartition> partitions) {
  FOOTHOLD_CHECK(offered_ && offered_->kind != log::AssignmentChange::Kind::kAssigned,
                 "no partitions were revoked");
  // A pause would outlive the assignment and silence the partition if it comes back.
  std::vector<log::TopicPartition> stopped;
  for (const log::TopicPartition& partition : partitions) {
    const auto found = readings_.find(partition);
    if (found != readings_.end() && found->second.is_stopped) {
      stopped.push_back(partition);
    }
  }
  if (!stopped.empty()) {
    FOOTHOLD_TRY(Resume(stopped));
  }
  const PartitionListHandle list = ListOf(partitions);
  FOOTHOLD_TRY(Unassign(list.get()));
  for (const log::TopicPartition& partition : partitions) {
    readings_.erase(partition);
  }
  offered_.reset();
  return Status();
}

Status KafkaConsumer::Unassign(const rd_kafka_topic_partition_list_t* partitions) {
  rd_kafka_t* const handle = client_->handle();
  if (IsCooperative()) {
    return StatusFrom("giving up partitions", handle,
                      ErrorHandle(rd_kafka_incremental_unassign(handle, partitions)));
  }
  return StatusFrom("giving up partitions", rd_kafka_assign(handle, nullptr));
}

// Answers an assignment without taking anything of it.
void KafkaConsumer::RefuseAssigned() {
  rd_kafka_t* const handle = client_->handle();
  if (!IsCooperative()) {
    rd_kafka_assign(handle, nullptr);
    return;
  }
  const PartitionListHandle nothing(rd_kafka_topic_partition_list_new(0));
  const ErrorHandle ignored(rd_kafka_incremental_assign(handle, nothing.get()));
}

bool KafkaConsumer::IsAssignmentLost() {
  using enum log::AssignmentChange::Kind;
  const auto is_lost = [](const log::AssignmentChange& change) { return change.kind == kLost; };
  return rd_kafka_assignment_lost(client_->handle()) != 0 || (offered_ && is_lost(*offered_)) ||
         std::ranges::any_of(changes_, is_lost);
}

Result<std::vector<std::optional<NextOffset>>> KafkaConsumer::Committed(
    std::span<const log::TopicPartition> partitions, milliseconds timeout) {
  FOOTHOLD_ASSIGN(const PartitionListHandle list, QueryCommitted(partitions, timeout));
  std::vector<std::optional<NextOffset>> committed;
  for (int i = 0; i < list->cnt; ++i) {
    const std::int64_t offset = list->elems[i].offset;
    committed.push_back(offset < 0 ? std::nullopt : std::optional(NextOffset{offset}));
  }
  return committed;
}

Result<std::vector<std::string>> KafkaConsumer::CommittedNotes(
    std::span<const log::TopicPartition> partitions, milliseconds timeout) {
  FOOTHOLD_ASSIGN(const PartitionListHandle list, QueryCommitted(partitions, timeout));
  std::vector<std::string> notes;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = list->elems[i];
    notes.emplace_back(
        element.metadata_size == 0
            ? std::string()
            : std::string(static_cast<const char*>(element.metadata), element.metadata_size));
  }
  return notes;
}

Result<PartitionListHandle> KafkaConsumer::QueryCommitted(
    std::span<const log::TopicPartition> partitions, milliseconds timeout) {
  PartitionListHandle list = ListOf(partitions);
  const std::string what = fmt::format("committed offsets of group {}", options_.group);
  FOOTHOLD_TRY(client_->Explain(StatusFrom(
      what, rd_kafka_committed(client_->handle(), list.get(), static_cast<int>(timeout.count())))));
  FOOTHOLD_TRY(StatusFrom(what, *list));
  return list;
}

log::GroupToken KafkaConsumer::group() {
  const GroupMetadataHandle metadata(rd_kafka_consumer_group_metadata(client_->handle()));
  FOOTHOLD_CHECK(metadata != nullptr, "a consumer always has a group's metadata");
  void* bytes = nullptr;
  std::size_t size = 0;
  const ErrorHandle error(rd_kafka_consumer_group_metadata_write(metadata.get(), &bytes, &size));
  FOOTHOLD_CHECK(error == nullptr, "a group's metadata can always be written");
  log::GroupToken token{.bytes = std::string(static_cast<const char*>(bytes), size)};
  rd_kafka_mem_free(client_->handle(), bytes);
  return token;
}

bool KafkaConsumer::NeverEnds() const {
  const auto is_assigned = [](const log::AssignmentChange& change) {
    return change.kind == log::AssignmentChange::Kind::kAssigned;
  };
  return rd_kafka_version() < kFencedEndsFrom && !client_->CheckAlive().ok() &&
         ((offered_ && is_assigned(*offered_)) || std::ranges::any_of(changes_, is_assigned));
}

bool KafkaConsumer::MayNotBeDestroyed() const {
  return rd_kafka_version() < kUnassignedEndsFrom && !was_assigned_ && IsCooperative();
}

void KafkaConsumer::Close() {
  if (is_closing_ || client_ == nullptr) {
    return;
  }
  is_closing_ = true;
  DropMessages();
  for (auto& [source, reading] : readings_) {
    DropHeld(&reading);
  }
  if (NeverEnds()) {
    queue_.reset();
    readings_.clear();
    Client::Abandon(std::move(client_));
    return;
  }
  rd_kafka_t* const handle = client_->handle();
  // A change nobody accepted still holds the group back: it is settled here.
  if (offered_) {
    changes_.push_front(*std::exchange(offered_, std::nullopt));
  }
  for (const log::AssignmentChange& change : changes_) {
    if (change.kind == log::AssignmentChange::Kind::kAssigned) {
      RefuseAssigned();
    } else {
      const PartitionListHandle list = ListOf(change.partitions);
      static_cast<void>(Unassign(list.get()));
    }
  }
  changes_.clear();
  const bool may_not_be_destroyed = MayNotBeDestroyed();  // A client that was closed cannot tell.
  // The blocking call has no bound of its own; a member that cannot leave times out at the broker.
  const QueueHandle leaving(rd_kafka_queue_new(handle));
  const ErrorHandle error(rd_kafka_consumer_close_queue(handle, leaving.get()));
  const auto deadline = steady_clock::now() + kCloseMax;
  while (error == nullptr && rd_kafka_consumer_closed(handle) == 0 &&
         steady_clock::now() < deadline) {
    // Records that were on their way come here too.
    Take(leaving.get(), kClosePoll, fetched_.size());
    DropMessages();
  }
  queue_.reset();
  readings_.clear();
  if (may_not_be_destroyed && !was_assigned_) {
    Client::Abandon(std::move(client_));
  }
}

}  // namespace foothold::kafka
