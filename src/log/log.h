#pragma once

// The port: what Foothold needs of a log with partitions, groups and transactions. Two forms hold
// the same contract and pass the same conformance suite (tests/log/conformance.h): log::MemoryLog
// in this folder and kafka::KafkaLog in src/kafka.
//
// Errors of every call carry the code that says what the caller must do (src/base/status.h). Calls
// block at most for the time their options or arguments name, unless said otherwise.

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"

namespace foothold::log {

struct TopicPartition {
  std::string topic;
  PartitionId partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// "topic[3]", as it stands in messages.
std::string ToString(const TopicPartition& source);

// A place to read from: the offset of the next record.
struct Position {
  TopicPartition source;
  NextOffset next;
  // What is to be known again with the place once it is committed (Consumer::CommittedNotes()):
  // text, 1 KiB at most. Nothing else looks at it.
  std::string note = {};
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Header {
  std::string_view key;
  std::optional<std::string_view> value;  // nullopt: a null header value, which Kafka allows.
};

// A record as it was read. The views live until the next call of Poll() or Close() of its consumer.
struct RecordView {
  std::string_view topic;
  PartitionId partition;
  std::int64_t offset = 0;
  // The record's: create or append time, as the topic is configured; kEpoch if it has none.
  Instant timestamp;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const Header> headers;
};

// A record to be written. The views need to live only for the call that takes it.
struct OutgoingRecord {
  std::string_view topic;  // One of ProducerOptions::topics.
  PartitionId partition;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nullopt: a tombstone.
  std::span<const Header> headers{};
  std::optional<Instant> timestamp{};  // nullopt: the wall time.
};

// A change of the group's assignment. It takes effect only when the worker has accepted it.
struct AssignmentChange {
  enum class Kind {
    kAssigned,  // Answer with AcceptAssigned() and the places to start from.
    kRevoked,   // Still ours until AcceptRevoked(): commit first.
    kLost,      // No longer ours: commit nothing for it, then AcceptRevoked().
  };
  Kind kind = Kind::kAssigned;
  std::vector<TopicPartition> partitions{};  // May be empty.
};

struct Batch {
  // When set, `records` is empty, and no other call but Accept*, Committed, Watermarks, group(),
  // Close() is made before it is accepted.
  std::optional<AssignmentChange> change{};
  std::vector<RecordView> records{};  // In offset order within each partition.
};

// The consumer's membership as the transaction needs it to fence a stale member. Opaque, and valid
// for one commit: take a fresh one each time.
struct GroupToken {
  std::string bytes;
};

struct Watermarks {
  std::int64_t low = 0;   // The first offset that is retained.
  std::int64_t high = 0;  // One past the last one written, open transactions included.
};

// Reads committed records only, unless opened to read all. Never resets an offset by itself: a
// position outside what is retained is kFatal and names topic, partition and both offsets.
//
// Not thread-safe: owned by one Worker.
class Consumer {
 public:
  virtual ~Consumer() = default;

  // Joins the group for these topics. Once, and not together with Assign().
  virtual Status Subscribe(std::span<const std::string> topics) = 0;
  // Reads these partitions without a group from these places, replacing what was assigned before.
  virtual Status Assign(std::span<const Position> positions) = 0;

  // The next records, at most the options' batch_records_max, or a change of the assignment. Waits
  // up to `timeout` for the first; an empty batch says nothing about the end of a partition. Keeps
  // the membership alive: call it at least every max_poll_interval. kRetry: a passing fault, poll
  // again. kFenced: the membership is gone for good (another member has this instance's name, or
  // the client failed fatally): close and open anew. kFatal: see above; also no permission, topic
  // deleted.
  virtual Result<Batch> Poll(milliseconds timeout) = 0;

  // Starts the newly assigned partitions at these places, one for each of them.
  virtual Status AcceptAssigned(std::span<const Position> starts) = 0;
  // Lets go of the partitions of a kRevoked or kLost change.
  virtual Status AcceptRevoked(std::span<const TopicPartition> partitions) = 0;
  // True once the group has moved on without this member: an assignment then commits nothing more.
  virtual bool IsAssignmentLost() = 0;

  // The group's committed position of each partition, nullopt where there is none. Stable: waits
  // for transactions that are under way; kRetry when that takes longer than `timeout`.
  virtual Result<std::vector<std::optional<NextOffset>>> Committed(
      std::span<const TopicPartition> partitions, milliseconds timeout) = 0;
  // The note of each committed position, "" where there is none; likewise stable.
  virtual Result<std::vector<std::string>> CommittedNotes(
      std::span<const TopicPartition> partitions, milliseconds timeout) = 0;
  // Continues at these places. Records already handed out for them by Poll() are void.
  virtual Status Seek(std::span<const Position> positions) = 0;
  // A paused partition stays assigned and delivers nothing. Seeking does not resume it.
  virtual Status Pause(std::span<const TopicPartition> partitions) = 0;
  virtual Status Resume(std::span<const TopicPartition> partitions) = 0;

  virtual Result<Watermarks> QueryWatermarks(const TopicPartition& source,
                                             milliseconds timeout) = 0;
  // The first offset with a timestamp at or after `at`, or the end of the partition.
  virtual Result<NextOffset> OffsetForTime(const TopicPartition& source, Instant at,
                                           milliseconds timeout) = 0;
  // The next offset Poll() would deliver: markers and aborted records passed over count. nullopt if
  // nothing was delivered or sought yet.
  virtual std::optional<NextOffset> PositionOf(const TopicPartition& source) = 0;

  virtual GroupToken group() = 0;

  // Leaves the group (a static member stays a member until its session ends). Idempotent.
  virtual void Close() = 0;
};

// Writes records in transactions; the input positions are part of them.
//
// Not thread-safe: owned by one Worker. Order: Init() once; then Begin(), Send()*, SendOffsets()*,
// Commit() or Abort(), again and again. After kFenced or kFatal only the destructor is left.
class TransactionalProducer {
 public:
  virtual ~TransactionalProducer() = default;

  // Fences earlier producers of the same transactional id and finishes what they left open.
  // kRetry: call again.
  virtual Status Init(milliseconds timeout) = 0;
  virtual Status Begin() = 0;
  // Queues one record; what fails on its way fails Commit(). kRetry: the queue is full even after
  // waiting. kInvalid: the record can never be written (larger than the topic takes).
  virtual Status Send(const OutgoingRecord& record) = 0;
  // Makes `positions` part of the transaction. kAborted: the generation is stale, or the
  // transaction is void. kRetry: nothing happened, call again.
  virtual Status SendOffsets(std::span<const Position> positions, const GroupToken& group,
                             milliseconds timeout) = 0;
  // kRetry: the outcome is still open and calling again finishes it. kAborted: nothing was
  // committed; call Abort(). kFenced, kFatal: the outcome is unknown: open a new producer with the
  // same id, Init() it, and read the committed positions.
  virtual Status Commit(milliseconds timeout) = 0;
  // Voids the transaction. kRetry: call again.
  virtual Status Abort(milliseconds timeout) = 0;
};

struct TopicSpec {
  std::string name;
  std::int32_t partitions = 1;
  std::int16_t replication = -1;                 // -1: the broker's default.
  std::map<std::string, std::string> configs{};  // Kafka's names: cleanup.policy, retention.ms, ...
};

struct TopicInfo {
  std::int32_t partitions = 0;
  std::map<std::string, std::string> configs;
};

// Not thread-safe.
class Admin {
 public:
  virtual ~Admin() = default;
  // nullopt: there is no such topic.
  virtual Result<std::optional<TopicInfo>> DescribeTopic(const std::string& topic) = 0;
  // Creates what is missing and waits until all partitions have a leader. A topic that exists is
  // left as it is. kFatal names the topic and the permission or setting that is missing.
  virtual Status CreateTopics(std::span<const TopicSpec> topics) = 0;
};

struct ConsumerOptions {
  std::string group{};        // Empty: a reader without a group (Assign only).
  std::string instance_id{};  // Stable name of this member; empty: a dynamic one.
  bool reads_uncommitted = false;
  int batch_records_max = 500;  // [1, 10000]
  milliseconds session_timeout{45'000};
  milliseconds max_poll_interval{300'000};
};

struct ProducerOptions {
  std::string transactional_id;
  std::vector<std::string> topics{};  // All it will ever write to: their handles are made at once.
  milliseconds transaction_timeout{10'000};
  std::int64_t message_bytes_max = 1'100'000;
};

// The factory, handed to whatever opens handles. Thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  virtual Result<std::unique_ptr<Consumer>> NewConsumer(const ConsumerOptions& options) = 0;
  virtual Result<std::unique_ptr<TransactionalProducer>> NewProducer(
      const ProducerOptions& options) = 0;
  virtual Result<std::unique_ptr<Admin>> NewAdmin() = 0;
};

}  // namespace foothold::log
