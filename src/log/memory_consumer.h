#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/log/memory_state.h"

namespace foothold::log {

// The consumer of a MemoryLog.
class MemoryConsumer final : public Consumer {
 public:
  MemoryConsumer(MemoryState& state, const ConsumerOptions& options);
  // As if its process had died: see MemoryLog.
  ~MemoryConsumer() override;

  Status Subscribe(std::span<const std::string> topics) override;
  Status Assign(std::span<const Position> positions) override;
  Result<Batch> Poll(milliseconds timeout) override;
  Status AcceptAssigned(std::span<const Position> starts) override;
  Status AcceptRevoked(std::span<const TopicPartition> partitions) override;
  bool IsAssignmentLost() override;
  Result<std::vector<std::optional<NextOffset>>> Committed(
      std::span<const TopicPartition> partitions, milliseconds timeout) override;
  Result<std::vector<std::string>> CommittedNotes(std::span<const TopicPartition> partitions,
                                                  milliseconds timeout) override;
  Status Seek(std::span<const Position> positions) override;
  Status Pause(std::span<const TopicPartition> partitions) override;
  Status Resume(std::span<const TopicPartition> partitions) override;
  Result<Watermarks> QueryWatermarks(const TopicPartition& source, milliseconds timeout) override;
  Result<NextOffset> OffsetForTime(const TopicPartition& source, Instant at,
                                   milliseconds timeout) override;
  std::optional<NextOffset> PositionOf(const TopicPartition& source) override;
  GroupToken group() override;
  void Close() override;

 private:
  struct Cursor {
    NextOffset next;
    bool is_paused = false;
  };

  // One look at the log; an empty batch if there is nothing.
  Result<Batch> PollOnce() REQUIRES_MUTEX(state_.mutex);
  // What the group has to say: nothing if all is as it was. Joins again after a loss.
  Result<std::optional<AssignmentChange>> CheckMembership() REQUIRES_MUTEX(state_.mutex);
  Status CheckTopicsExist(Instant now) REQUIRES_MUTEX(state_.mutex);
  // Appends to `out` what `source` has to read, and moves the cursor.
  Status ReadPartition(const TopicPartition& source, Cursor* cursor, std::vector<RecordView>* out)
      REQUIRES_MUTEX(state_.mutex);
  // What the group has committed for each partition, once that is stable.
  Result<std::vector<std::optional<CommittedPlace>>> QueryCommitted(
      std::span<const TopicPartition> partitions, milliseconds timeout);
  bool IsUnstable(std::span<const TopicPartition> partitions) REQUIRES_MUTEX(state_.mutex);
  // kFatal if it is not assigned.
  Result<Cursor*> CursorOf(const TopicPartition& source);
  // Keeps what a failure means for later calls, and returns it.
  Status Remember(Status failure);
  Call CallOf(Call::Kind kind) const;

  MemoryState& state_;
  const ConsumerOptions options_;
  Group::MemberOptions membership_;  // Topics are empty unless subscribed.
  MemberId member_ = 0;
  Instant subscribed_at_;
  std::map<TopicPartition, Cursor> cursors_;
  std::size_t turn_ = 0;  // Polls take turns in which partition they look at first.
  std::optional<AssignmentChange> unanswered_;
  std::vector<PartitionLog::Entry> handed_out_;
  std::optional<Status> dead_;
  bool is_closed_ = false;
};

}  // namespace foothold::log
