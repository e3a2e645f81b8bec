#pragma once

#include <string_view>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"

namespace foothold::log {

// A call at one of MemoryLog's handles.
struct Call {
  enum class Kind {
    kPoll,
    kCommitted,
    kQueryWatermarks,
    kOffsetForTime,
    kInit,
    kSend,
    kSendOffsets,
    kCommit,
    kAbort,
  };
  Kind kind = Kind::kPoll;
  std::string_view who;  // The transactional id, or the consumer's instance id, else its group.
};

// What goes wrong, for tests: MemoryLog asks it around every call that a network would carry.
//
// Before() and After() are asked without any lock held: they may move clocks and call MemoryLog.
// The handle treats an injected status as its own: after kFenced or kFatal it repeats it for ever,
// after kAborted the transaction is void until Abort(). Thread-safe if the log's handles are used
// from several threads.
class FaultInjector {
 public:
  virtual ~FaultInjector() = default;

  // Not Ok: the call does not happen and returns this.
  virtual Status Before(const Call& call) = 0;
  // Asked of kInit, kSendOffsets, kCommit and kAbort once they took effect. Not Ok: the reply is
  // lost and the caller sees this. Never kAborted: nothing may say that what happened is void.
  virtual Status After(const Call& call) = 0;
  // How long after a transaction's end was decided its marker reaches this partition; that of a
  // group's offsets is asked with the group's name and partition 0. Asked under the log's lock.
  virtual milliseconds MarkerDelay(const TopicPartition& target) = 0;
};

}  // namespace foothold::log
