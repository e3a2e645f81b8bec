#pragma once

#include <map>
#include <string>

#include "src/base/mutex.h"
#include "src/base/time.h"
#include "src/log/fault_injector.h"
#include "src/log/group.h"
#include "src/log/topic_table.h"
#include "src/log/transaction_table.h"

namespace foothold::log {

// What the handles of one MemoryLog share: the broker's side, under one lock.
struct MemoryState {
  MemoryState(const WallClock& wall_clock, FaultInjector* fault_injector)
      : clock(wall_clock), faults(fault_injector), transactions(topics, groups, fault_injector) {}

  // Lets time pass: expires members and transactions, writes the markers that are due.
  void Tick() REQUIRES_MUTEX(mutex);
  // The group of that name, made when it is first heard of.
  Group& GroupOf(const std::string& name) REQUIRES_MUTEX(mutex);

  // The status the fault injector wants in place of a call or of its reply.
  Status Before(const Call& call) EXCLUDES_MUTEX(mutex);
  Status After(const Call& call) EXCLUDES_MUTEX(mutex);

  const WallClock& clock;
  FaultInjector* const faults;  // May be null.
  Mutex mutex;
  CondVar changed;  // Something happened that a waiting call may have waited for.
  TopicTable topics GUARDED_BY(mutex);
  std::map<std::string, Group> groups GUARDED_BY(mutex);
  TransactionTable transactions GUARDED_BY(mutex);
};

// A waiting call looks at the clock this often: a manual clock wakes nobody when it is moved.
inline constexpr milliseconds kWaitSlice{20};

}  // namespace foothold::log
