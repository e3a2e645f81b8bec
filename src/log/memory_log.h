#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/fault_injector.h"
#include "src/log/log.h"

namespace foothold::log {

struct MemoryState;

// Committed records of some topics in the order in which they were appended to the whole log.
//
// Waits at an undecided record, so that the order holds whatever becomes of it. Not thread-safe.
class CommittedReader {
 public:
  virtual ~CommittedReader() = default;
  // The next records, at most `count_max`; none if there is nothing decided to read yet. Never
  // blocks. The views live until the next call.
  virtual std::span<const RecordView> Read(std::size_t count_max) = 0;
  // Deletes from the log what this reader has passed.
  virtual void DeleteRead() = 0;
};

// A whole log in one process: the port of log.h without a broker, and what only such a log can do.
//
// Transactions, fencing, groups, markers and timeouts behave as on a broker, with time taken from
// the wall clock handed in. A call with a timeout of 0 never blocks, so that one thread can drive
// all handles; with a timeout, calls wait for other threads (in real time, whatever the wall clock
// is). Nothing is ever deleted but by the calls below: long runs call TrimConsumed() now and then.
//
// The end of a handle without Close() is the end of its process: its membership lasts until its
// session ends, and its transaction stays open until it times out or its id is initialised again.
//
// Thread-safe; its handles are not. It must outlive them.
class MemoryLog final : public Log {
 public:
  // `clock` and `faults` (null: nothing goes wrong) must outlive the log.
  explicit MemoryLog(const WallClock& clock, FaultInjector* faults = nullptr);
  ~MemoryLog() override;

  Result<std::unique_ptr<Consumer>> NewConsumer(const ConsumerOptions& options) override;
  Result<std::unique_ptr<TransactionalProducer>> NewProducer(
      const ProducerOptions& options) override;
  Result<std::unique_ptr<Admin>> NewAdmin() override;

  // Makes a topic of one partition under any name, such as a file's path, for records of any size.
  // kInvalid: it is there already.
  Status CreateInputTopic(const std::string& name);
  // Appends a record outside of transactions, committed at once, and returns its offset. An offset
  // can be chosen as long as it is not below the end of the partition: a file's lines keep their
  // numbers. kInvalid, kFatal as for Send().
  Result<std::int64_t> AppendInput(const OutgoingRecord& record,
                                   std::optional<NextOffset> offset = std::nullopt);
  // Reads all partitions of topics that exist, from their beginning.
  Result<std::unique_ptr<CommittedReader>> ReadCommitted(std::span<const std::string> topics);

  // Deletes the records of a partition before `offset`. kInvalid: it lies beyond the end.
  Status DeleteRecordsBefore(const TopicPartition& source, NextOffset offset);
  // Deletes, in every partition that `group` has committed a position of, what lies before it.
  void TrimConsumed(const std::string& group);
  // Compacts what is decided of a topic now: of each key the last record stays; tombstones go once
  // they are older than the topic's delete.retention.ms. kInvalid: its cleanup.policy has no
  // compact.
  Status Compact(const std::string& topic);
  // How many records of a topic are held, decided or not; 0 if there is no such topic.
  std::size_t CountRecords(const std::string& topic) const;

  // A rebalance without a reason: tokens are stale, each member gets the partitions of the next.
  void ForceRebalance(const std::string& group);
  // Throws the static member of that name out of the group; an empty name all dynamic members.
  void ExpireSession(const std::string& group, const std::string& instance_id);

 private:
  std::unique_ptr<MemoryState> state_;
};

}  // namespace foothold::log
