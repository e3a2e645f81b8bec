#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "src/base/time.h"

namespace foothold::stream {

// What a worker is doing, by what it may wait for.
enum class Doing {
  kStarting,
  kOpening,        // Its producer's handles.
  kJoining,        // Its group.
  kPolling,        // For records.
  kAssigning,      // Taking or giving partitions: asks the brokers, opens and writes stores.
  kWorking,        // On what was read.
  kRestoring,      // State, from the changelog into the stores.
  kWritingStores,  // What is committed.
  kCommitting,     // A transaction.
  kRecovering,     // From a call that failed.
};

// "committing a transaction", and where to look when it does not come to an end.
std::string_view DoingName(Doing doing);
std::string_view DoingRemedy(Doing doing);

// One worker's sign of life: what it is doing and until when that may take. Written by the worker's
// thread, read by any.
class Heartbeat {
 public:
  Heartbeat(std::string name, milliseconds patience)
      : name_(std::move(name)), patience_(patience) {}

  // The worker begins `doing`, which may take `patience`.
  void Beat(Doing doing);
  // A call that it makes came back without success and is made again: that may take `patience` once
  // more. Busy() counts on.
  void GoOn();
  // The worker has ended: nobody waits for it.
  void Stop();

  const std::string& name() const { return name_; }
  Doing doing() const { return doing_.load(std::memory_order_relaxed); }
  // True while the worker is within its deadline, or has ended.
  bool IsAlive(std::chrono::steady_clock::time_point now) const;
  // How long it has been doing what it does; 0 once it has ended.
  milliseconds Busy(std::chrono::steady_clock::time_point now) const;
  // "worker journey-0 is stuck: ...", with what it is doing and the remedy.
  std::string SayStuck() const;

 private:
  std::string name_;
  milliseconds patience_;
  std::atomic<std::int64_t> begun_ms_{0};     // Of the steady clock, ...
  std::atomic<std::int64_t> deadline_ms_{0};  // ... like this. 0: nothing is awaited.
  std::atomic<Doing> doing_{Doing::kStarting};
};

// Ends the process when a worker is stuck: calls of a client library were seen to block far beyond
// their timeout, and a thread inside one cannot be helped from within.
//
// Thread-safe. Its own thread ends with the destructor.
class Watchdog {
 public:
  // `on_stuck` gets a line that names the worker and what it was doing; it is expected not to
  // return (in production it prints and calls _Exit) and is called once.
  Watchdog(std::vector<std::shared_ptr<const Heartbeat>> heartbeats, milliseconds interval,
           std::function<void(const std::string& reason)> on_stuck);
  ~Watchdog() = default;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Watch(const std::stop_token& stop);

  // Shared, for a worker may still be stuck inside a call when the watchdog and its owner go.
  std::vector<std::shared_ptr<const Heartbeat>> heartbeats_;
  milliseconds interval_;
  std::function<void(const std::string&)> on_stuck_;
  std::jthread thread_;
};

}  // namespace foothold::stream
