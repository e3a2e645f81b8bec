#pragma once

// The network between one client and its brokers, for tests that spoil it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "src/base/time.h"

namespace foothold::chaos {

// Hands bytes on between ports of the loopback, on a thread of its own.
//
// Thread-safe but for SetTarget(). What is asked for holds when the call returns.
class Proxy {
 public:
  enum class Weather {
    kClear,
    kSlow,   // What comes goes on a while later.
    kStill,  // Nothing goes on, and nobody is told: what came waits.
    kCut,    // Every connection is reset, and none is accepted.
  };

  // Listens on `routes` free ports of the loopback. Ends the process if that fails.
  explicit Proxy(std::size_t routes);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Where clients connect to, by route.
  const std::vector<int>& ports() const { return ports_; }
  // Where a route leads. Until then who comes is turned away. REQUIRES: each route once.
  void SetTarget(std::size_t route, int port);

  void SetWeather(Weather weather);
  // Ends the stream to the client of every connection there is; what the client says goes on.
  void HalfClose();

 private:
  class Loop;
  void AwaitTurn();

  std::vector<int> ports_;
  std::vector<std::atomic<int>> targets_;
  std::atomic<Weather> weather_{Weather::kClear};
  std::atomic<int> half_closes_{0};
  std::atomic<std::uint64_t> turns_{0};
  std::unique_ptr<Loop> loop_;
  std::jthread thread_;  // Last: it ends first.
};

}  // namespace foothold::chaos
