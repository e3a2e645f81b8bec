#include "src/stream/watchdog.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace foothold::stream {
namespace {

std::int64_t SteadyMs(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

void Heartbeat::Beat(const char* doing) {
  doing_.store(doing, std::memory_order_relaxed);
  deadline_ms_.store(SteadyMs(std::chrono::steady_clock::now()) + patience_.count(),
                     std::memory_order_relaxed);
}

void Heartbeat::Stop() { deadline_ms_.store(0, std::memory_order_relaxed); }

bool Heartbeat::IsAlive(std::chrono::steady_clock::time_point now) const {
  const std::int64_t deadline_ms = deadline_ms_.load(std::memory_order_relaxed);
  return deadline_ms == 0 || SteadyMs(now) <= deadline_ms;
}

Watchdog::Watchdog(std::vector<std::shared_ptr<const Heartbeat>> heartbeats, milliseconds interval,
                   std::function<void(const std::string&)> on_stuck)
    : heartbeats_(std::move(heartbeats)),
      interval_(interval),
      on_stuck_(std::move(on_stuck)),
      thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

void Watchdog::Watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock<std::mutex> lock(mutex);
  while (!wake.wait_for(lock, stop, interval_, [&stop] { return stop.stop_requested(); })) {
    for (const std::shared_ptr<const Heartbeat>& heartbeat : heartbeats_) {
      if (heartbeat->IsAlive(std::chrono::steady_clock::now())) {
        continue;
      }
      on_stuck_(fmt::format("worker {} is stuck: {} takes longer than it may", heartbeat->name(),
                            heartbeat->doing()));
      return;
    }
  }
}

}  // namespace foothold::stream
