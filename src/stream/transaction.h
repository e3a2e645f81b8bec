#pragma once

#include <functional>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"
#include "src/stream/stage.h"
#include "src/stream/staged.h"

namespace foothold::stream {

// A call that says kRetry is made again, this often at most, with `wait` between.
struct RetryPolicy {
  int retries_max = 30;
  milliseconds backoff{100};
  milliseconds call_timeout{10'000};
  std::function<void(milliseconds)> wait = nullptr;  // None: at once.

  Status Run(const std::function<Status()>& call) const;
};

// The only commit order there is:
//
//   1 outputs   2 changelog   3 input positions   4 commit in the log   5 the stores
//
// The first change of each partition goes ahead of 1. Before 4 nothing happened. 5 serves several
// commits at once: until then a store is behind its changelog and catches up at the next start. It
// is never ahead.
//
// Not thread-safe: owned by one Worker.
class Transaction {
 public:
  // `producer` is initialised and outlives the transaction.
  Transaction(log::TransactionalProducer* producer, RetryPolicy retry);

  // Runs the five steps for what `stage` has staged. `group`: fresh from the consumer.
  // kAborted: call Abort(), then rewind. kFenced: the outcome is unknown, open a new producer with
  // the same id.
  Status Commit(const StagedWrites& writes, const log::GroupToken& group, Stage* stage);

  // Voids what is open, if anything is.
  Status Abort();

  // Begun, and neither committed nor voided yet, as far as the log has said: whoever reads what it
  // wrote to waits for it.
  bool is_open() const { return is_open_; }
  // The partitions that the last commit wrote to.
  std::size_t partitions() const { return partitions_.size(); }

 private:
  Status Send(const StagedRecord& record);
  Status Send(const log::OutgoingRecord& record);
  Status SendFirstChanges(const StagedWrites& writes);
  Status SendChange(const StagedWrites& writes, std::size_t i);
  void NotePartition(const log::OutgoingRecord& record);

  log::TransactionalProducer* producer_;
  RetryPolicy retry_;
  bool is_open_ = false;
  std::vector<log::TopicPartition> partitions_;  // The last one written to is the last.
  std::vector<log::Header> headers_;             // Of the record that is sent.
};

}  // namespace foothold::stream
