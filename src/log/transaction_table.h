#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/fault_injector.h"
#include "src/log/group.h"
#include "src/log/log.h"
#include "src/log/topic_table.h"

namespace foothold::log {

// A producer as the log knows it. A larger epoch of the same id fences the smaller ones.
struct ProducerIdentity {
  std::string transactional_id;
  std::int64_t epoch = 0;
};

// The transactions of a log in memory: one at a time for each transactional id.
//
//   kNone --first record or offsets--> kOpen --End()--> kNone, its markers written or under way
//                                        |
//                                        +-- timeout, or a newer producer: aborted --> kNone
//
// An end is decided at once; each marker is written when its delay (FaultInjector) is over, at the
// latest when the next transaction of the id begins or a newer producer is initialised.
// Not thread-safe: guarded by the log that owns it.
class TransactionTable {
 public:
  using Groups = std::map<std::string, Group>;

  // All must outlive the table; `faults` may be null.
  TransactionTable(TopicTable& topics, Groups& groups, FaultInjector* faults)
      : topics_(topics), groups_(groups), faults_(faults) {}

  // Fences what used the id before, aborts what it left open.
  ProducerIdentity Initialise(const std::string& transactional_id, milliseconds timeout,
                              Instant now);
  // Appends a record to the transaction of `producer`. One of a fenced producer is dropped: it
  // hears of it when it next waits for an answer, as on a network.
  Status Append(const ProducerIdentity& producer, const OutgoingRecord& record, Instant now);
  // kFenced; kAborted if the membership is stale.
  Status AddOffsets(const ProducerIdentity& producer, std::span<const Position> positions,
                    const Membership& membership, Instant now);
  // kFenced: nothing was done.
  Status End(const ProducerIdentity& producer, Outcome outcome, Instant now);

  // Aborts and fences what is open for too long, and writes the markers that are due.
  void Tick(Instant now);

 private:
  struct Transaction {
    std::int64_t epoch = 0;
    milliseconds timeout{0};
    TransactionNumber number = 0;  // 0: none is open.
    Instant opened_at;
    std::vector<TopicPartition> partitions;
    std::map<std::string, std::map<TopicPartition, CommittedPlace>> offsets;  // By group.
  };
  struct Marker {
    std::string transactional_id;
    TransactionNumber number = 0;
    Outcome outcome = Outcome::kAborted;
    Instant due_at;
    TopicPartition partition;  // For a group's offsets: its name and partition 0.
    std::map<TopicPartition, CommittedPlace> offsets{};
  };

  // The transaction of the producer; kFenced if it has been taken over or timed out.
  Result<Transaction*> Current(const ProducerIdentity& producer);
  void OpenUnlessOpen(const ProducerIdentity& producer, Transaction* transaction, Instant now);
  void Decide(const std::string& transactional_id, Transaction* transaction, Outcome outcome,
              Instant now);
  void Write(const Marker& marker);
  void FinishMarkersOf(const std::string& transactional_id);

  TopicTable& topics_;
  Groups& groups_;
  FaultInjector* faults_;
  std::map<std::string, Transaction> transactions_;
  std::vector<Marker> markers_;  // Decided, not written yet.
  TransactionNumber last_number_ = 0;
};

}  // namespace foothold::log
