#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "src/base/time.h"

namespace foothold::stream {

// One worker's sign of life: what it is doing and until when that may take. Written by the worker's
// thread, read by any.
class Heartbeat {
 public:
  Heartbeat(std::string name, milliseconds patience)
      : name_(std::move(name)), patience_(patience) {}

  // The worker begins `doing` (a literal: it must live for ever), which may take `patience`.
  void Beat(const char* doing);
  // The worker has ended: nobody waits for it.
  void Stop();

  const std::string& name() const { return name_; }
  const char* doing() const { return doing_.load(std::memory_order_relaxed); }
  // True while the worker is within its deadline, or has ended.
  bool IsAlive(std::chrono::steady_clock::time_point now) const;

 private:
  std::string name_;
  milliseconds patience_;
  std::atomic<std::int64_t> deadline_ms_{0};  // Of the steady clock; 0: nothing is awaited.
  std::atomic<const char*> doing_{"starting"};
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
