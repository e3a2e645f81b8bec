#include "src/log/memory_consumer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::log {

namespace {

// A subscribed topic may come into being this much later before that is an error.
constexpr milliseconds kTopicGrace{30'000};

// The end of a wait in real time: what a call's timeout means.
class Deadline {
 public:
  explicit Deadline(milliseconds timeout) : at_(std::chrono::steady_clock::now() + timeout) {}
  // Zero when it is over.
  milliseconds Remaining() const {
    const auto left = std::chrono::ceil<milliseconds>(at_ - std::chrono::steady_clock::now());
    return std::max(left, milliseconds{0});
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace

MemoryConsumer::MemoryConsumer(MemoryState& state, const ConsumerOptions& options)
    : state_(state),
      options_(options),
      membership_{.instance_id = options.instance_id,
                  .topics = {},
                  .session_timeout = options.session_timeout,
                  .max_poll_interval = options.max_poll_interval} {
  FOOTHOLD_CHECK(options.batch_records_max >= 1 && options.batch_records_max <= 10'000,
                 "batch_records_max lies in [1, 10000]");
}

MemoryConsumer::~MemoryConsumer() {
  if (!is_closed_ && !membership_.topics.empty()) {
    MutexLock lock(state_.mutex);
    state_.GroupOf(options_.group).Vanish(member_, state_.clock.Now());
  }
}

Status MemoryConsumer::Subscribe(std::span<const std::string> topics) {
  FOOTHOLD_CHECK(!options_.group.empty(), "subscribing needs a group");
  FOOTHOLD_CHECK(membership_.topics.empty() && cursors_.empty(),
                 "Subscribe() once, and not together with Assign()");
  FOOTHOLD_CHECK(!topics.empty(), "subscribing to nothing");
  membership_.topics.assign(topics.begin(), topics.end());
  std::ranges::sort(membership_.topics);
  MutexLock lock(state_.mutex);
  state_.Tick();
  subscribed_at_ = state_.clock.Now();
  member_ = state_.GroupOf(options_.group).Join(membership_, subscribed_at_);
  state_.changed.NotifyAll();
  return {};
}

Status MemoryConsumer::Assign(std::span<const Position> positions) {
  FOOTHOLD_CHECK(membership_.topics.empty(), "not together with Subscribe()");
  cursors_.clear();
  for (const Position& position : positions) {
    cursors_[position.source] = {.next = position.next};
  }
  return {};
}

Result<Batch> MemoryConsumer::Poll(milliseconds timeout) {
  if (dead_) {
    return tl::unexpected(*dead_);
  }
  FOOTHOLD_CHECK(!is_closed_, "a closed consumer is not polled");
  FOOTHOLD_CHECK(!unanswered_, "a change of the assignment is accepted before the next Poll()");
  if (Status fault = state_.Before(CallOf(Call::Kind::kPoll)); !fault.ok()) {
    return tl::unexpected(Remember(std::move(fault)));
  }
  handed_out_.clear();
  const Deadline deadline(timeout);
  MutexLock lock(state_.mutex);
  while (true) {
    Result<Batch> batch = PollOnce();
    if (!batch || batch->change || !batch->records.empty()) {
      return batch;
    }
    const milliseconds remaining = deadline.Remaining();
    if (remaining == milliseconds{0}) {
      return batch;
    }
    state_.changed.WaitFor(state_.mutex, std::min(remaining, kWaitSlice));
  }
}

Result<Batch> MemoryConsumer::PollOnce() {
  state_.Tick();
  FOOTHOLD_ASSIGN(unanswered_, CheckMembership());
  Batch batch{.change = unanswered_};
  if (batch.change || cursors_.empty()) {
    return batch;
  }
  const std::size_t first = turn_ % cursors_.size();
  auto cursor = std::next(cursors_.begin(), static_cast<std::ptrdiff_t>(first));
  for (std::size_t i = 0; i < cursors_.size(); ++i) {
    FOOTHOLD_TRY(ReadPartition(cursor->first, &cursor->second, &batch.records));
    if (++cursor == cursors_.end()) {
      cursor = cursors_.begin();
    }
  }
  if (!batch.records.empty()) {
    ++turn_;
  }
  return batch;
}

Result<std::optional<AssignmentChange>> MemoryConsumer::CheckMembership() {
  if (membership_.topics.empty()) {
    return std::nullopt;
  }
  const Instant now = state_.clock.Now();
  FOOTHOLD_TRY(CheckTopicsExist(now));
  Group& group = state_.GroupOf(options_.group);
  switch (group.StandingOf(member_, options_.instance_id)) {
    case Group::Standing::kMember:
      break;
    case Group::Standing::kReplaced:
      return tl::unexpected(Remember(
          Error(Code::kFenced, fmt::format("group {}: another consumer has the instance id {}",
                                           options_.group, options_.instance_id))));
    case Group::Standing::kRemoved:
      if (!cursors_.empty()) {
        AssignmentChange lost{.kind = AssignmentChange::Kind::kLost, .partitions = {}};
        std::ranges::transform(cursors_, std::back_inserter(lost.partitions),
                               [](const auto& cursor) { return cursor.first; });
        return lost;
      }
      member_ = group.Join(membership_, now);
      state_.changed.NotifyAll();
      break;
  }
  return group.NextChange(member_, now);
}

Status MemoryConsumer::CheckTopicsExist(Instant now) {
  for (const std::string& topic : membership_.topics) {
    if (state_.topics.Find(topic) == nullptr && now - subscribed_at_ >= kTopicGrace) {
      return Error(Code::kFatal,
                   fmt::format("group {}: topic {} does not exist", options_.group, topic));
    }
  }
  return {};
}

Status MemoryConsumer::ReadPartition(const TopicPartition& source, Cursor* cursor,
                                     std::vector<RecordView>* out) {
  FOOTHOLD_ASSIGN(const Topic* topic, state_.topics.TopicOf(source.topic));
  FOOTHOLD_ASSIGN(const PartitionLog* log,
                  state_.topics.PartitionOf(source.topic, source.partition));
  const std::int64_t next = cursor->next.value;
  if (next < log->low() || next > log->end()) {
    return Error(Code::kFatal,
                 fmt::format("{}: position {} lies outside of what is retained, {} to {}",
                             ToString(source), next, log->low(), log->end()));
  }
  const std::size_t room = static_cast<std::size_t>(options_.batch_records_max) - out->size();
  if (cursor->is_paused || room == 0) {
    return {};
  }
  const Isolation isolation =
      options_.reads_uncommitted ? Isolation::kUncommitted : Isolation::kCommitted;
  const std::size_t begin = handed_out_.size();
  cursor->next.value = log->Read(next, isolation, room, &handed_out_);
  for (std::size_t i = begin; i < handed_out_.size(); ++i) {
    const PartitionLog::Entry& entry = handed_out_[i];
    out->push_back(entry.record->ViewAt(topic->name, source.partition, entry.offset));
  }
  return {};
}

Status MemoryConsumer::AcceptAssigned(std::span<const Position> starts) {
  FOOTHOLD_CHECK(unanswered_ && unanswered_->kind == AssignmentChange::Kind::kAssigned,
                 "only an assignment is accepted as one");
  FOOTHOLD_CHECK(starts.size() == unanswered_->partitions.size(), "one start for each partition");
  for (const Position& start : starts) {
    FOOTHOLD_CHECK(std::ranges::count(unanswered_->partitions, start.source) == 1,
                   "a start for a partition of the change");
    cursors_[start.source] = {.next = start.next};
  }
  unanswered_.reset();
  return {};
}

Status MemoryConsumer::AcceptRevoked(std::span<const TopicPartition> partitions) {
  FOOTHOLD_CHECK(unanswered_ && unanswered_->kind != AssignmentChange::Kind::kAssigned,
                 "only a revocation or a loss is accepted as one");
  FOOTHOLD_CHECK(partitions.size() == unanswered_->partitions.size(),
                 "all partitions of the change");
  for (const TopicPartition& source : partitions) {
    FOOTHOLD_CHECK(std::ranges::count(unanswered_->partitions, source) == 1,
                   "a partition of the change");
    cursors_.erase(source);
  }
  MutexLock lock(state_.mutex);
  state_.GroupOf(options_.group).AcceptRevoked(member_, unanswered_->partitions);
  state_.changed.NotifyAll();
  unanswered_.reset();
  return {};
}

bool MemoryConsumer::IsAssignmentLost() {
  if (is_closed_ || membership_.topics.empty()) {
    return false;
  }
  MutexLock lock(state_.mutex);
  state_.Tick();
  return state_.GroupOf(options_.group).StandingOf(member_, options_.instance_id) !=
         Group::Standing::kMember;
}

Result<std::vector<std::optional<NextOffset>>> MemoryConsumer::Committed(
    std::span<const TopicPartition> partitions, milliseconds timeout) {
  FOOTHOLD_ASSIGN(const auto places, QueryCommitted(partitions, timeout));
  std::vector<std::optional<NextOffset>> positions;
  for (const std::optional<CommittedPlace>& place : places) {
    positions.push_back(place.has_value() ? std::optional(place->next) : std::nullopt);
  }
  return positions;
}

Result<std::vector<std::string>> MemoryConsumer::CommittedNotes(
    std::span<const TopicPartition> partitions, milliseconds timeout) {
  FOOTHOLD_ASSIGN(const auto places, QueryCommitted(partitions, timeout));
  std::vector<std::string> notes;
  for (const std::optional<CommittedPlace>& place : places) {
    notes.push_back(place.has_value() ? place->note : std::string());
  }
  return notes;
}

Result<std::vector<std::optional<CommittedPlace>>> MemoryConsumer::QueryCommitted(
    std::span<const TopicPartition> partitions, milliseconds timeout) {
  FOOTHOLD_CHECK(!options_.group.empty(), "committed positions belong to a group");
  if (Status fault = state_.Before(CallOf(Call::Kind::kCommitted)); !fault.ok()) {
    return tl::unexpected(Remember(std::move(fault)));
  }
  const Deadline deadline(timeout);
  MutexLock lock(state_.mutex);
  state_.Tick();
  while (IsUnstable(partitions)) {
    const milliseconds remaining = deadline.Remaining();
    if (remaining == milliseconds{0}) {
      return Error(
          Code::kRetry,
          fmt::format("group {}: a transaction that holds offsets is still open", options_.group));
    }
    state_.changed.WaitFor(state_.mutex, std::min(remaining, kWaitSlice));
    state_.Tick();
  }
  const Group& group = state_.GroupOf(options_.group);
  std::vector<std::optional<CommittedPlace>> places;
  std::ranges::transform(
      partitions, std::back_inserter(places),
      [&group](const TopicPartition& source) { return group.Committed(source); });
  return places;
}

bool MemoryConsumer::IsUnstable(std::span<const TopicPartition> partitions) {
  const Group& group = state_.GroupOf(options_.group);
  return std::ranges::any_of(
      partitions, [&group](const TopicPartition& source) { return group.IsOffsetHeld(source); });
}

Status MemoryConsumer::Seek(std::span<const Position> positions) {
  for (const Position& position : positions) {
    FOOTHOLD_ASSIGN(Cursor * cursor, CursorOf(position.source));
    cursor->next = position.next;
  }
  return {};
}

Status MemoryConsumer::Pause(std::span<const TopicPartition> partitions) {
  for (const TopicPartition& source : partitions) {
    FOOTHOLD_ASSIGN(Cursor * cursor, CursorOf(source));
    cursor->is_paused = true;
  }
  return {};
}

Status MemoryConsumer::Resume(std::span<const TopicPartition> partitions) {
  for (const TopicPartition& source : partitions) {
    FOOTHOLD_ASSIGN(Cursor * cursor, CursorOf(source));
    cursor->is_paused = false;
  }
  return {};
}

Result<Watermarks> MemoryConsumer::QueryWatermarks(const TopicPartition& source,
                                                   milliseconds /*timeout*/) {
  if (Status fault = state_.Before(CallOf(Call::Kind::kQueryWatermarks)); !fault.ok()) {
    return tl::unexpected(Remember(std::move(fault)));
  }
  MutexLock lock(state_.mutex);
  state_.Tick();
  FOOTHOLD_ASSIGN(const PartitionLog* log,
                  state_.topics.PartitionOf(source.topic, source.partition));
  return Watermarks{.low = log->low(), .high = log->end()};
}

Result<NextOffset> MemoryConsumer::OffsetForTime(const TopicPartition& source, Instant at,
                                                 milliseconds /*timeout*/) {
  if (Status fault = state_.Before(CallOf(Call::Kind::kOffsetForTime)); !fault.ok()) {
    return tl::unexpected(Remember(std::move(fault)));
  }
  MutexLock lock(state_.mutex);
  FOOTHOLD_ASSIGN(const PartitionLog* log,
                  state_.topics.PartitionOf(source.topic, source.partition));
  return NextOffset{log->OffsetForTime(at)};
}

std::optional<NextOffset> MemoryConsumer::PositionOf(const TopicPartition& source) {
  const auto cursor = cursors_.find(source);
  return cursor == cursors_.end() ? std::nullopt : std::optional(cursor->second.next);
}

GroupToken MemoryConsumer::group() {
  FOOTHOLD_CHECK(!options_.group.empty(), "a token names a group");
  MutexLock lock(state_.mutex);
  return {.bytes = state_.GroupOf(options_.group).TokenOf(member_)};
}

void MemoryConsumer::Close() {
  if (is_closed_) {
    return;
  }
  is_closed_ = true;
  unanswered_.reset();
  cursors_.clear();
  handed_out_.clear();
  if (!membership_.topics.empty()) {
    MutexLock lock(state_.mutex);
    state_.GroupOf(options_.group).Leave(member_, state_.clock.Now());
    state_.changed.NotifyAll();
  }
}

Result<MemoryConsumer::Cursor*> MemoryConsumer::CursorOf(const TopicPartition& source) {
  const auto cursor = cursors_.find(source);
  if (cursor == cursors_.end()) {
    return Error(Code::kFatal,
                 fmt::format("{} is not assigned to this consumer", ToString(source)));
  }
  return &cursor->second;
}

Status MemoryConsumer::Remember(Status failure) {
  if (failure.code() == Code::kFenced || failure.code() == Code::kFatal) {
    dead_ = failure;
  }
  return failure;
}

Call MemoryConsumer::CallOf(Call::Kind kind) const {
  return {.kind = kind,
          .who = options_.instance_id.empty() ? options_.group : options_.instance_id};
}

}  // namespace foothold::log
