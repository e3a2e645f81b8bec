#include "src/stream/watchdog.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace foothold::stream {
namespace {

std::int64_t SteadyMs(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

constexpr std::string_view kBrokers =
    "the brokers do not answer, or a call to them never ends. The next start finds out what it "
    "came to";
constexpr std::string_view kDisk =
    "the disk does not answer. Look at it (iostat -x 1), and at the free room";
constexpr std::string_view kBoth = "the brokers or the disk do not answer";

}  // namespace

std::string_view DoingName(Doing doing) {
  switch (doing) {
    case Doing::kStarting:
      return "starting";
    case Doing::kOpening:
      return "opening the producer";
    case Doing::kJoining:
      return "joining the group";
    case Doing::kPolling:
      return "polling";
    case Doing::kAssigning:
      return "taking an assignment";
    case Doing::kWorking:
      return "working";
    case Doing::kRestoring:
      return "restoring state";
    case Doing::kWritingStores:
      return "writing state to the disk";
    case Doing::kCommitting:
      return "committing a transaction";
    case Doing::kRecovering:
      return "recovering";
  }
  return "";
}

std::string_view DoingRemedy(Doing doing) {
  switch (doing) {
    case Doing::kOpening:
    case Doing::kJoining:
    case Doing::kPolling:
    case Doing::kCommitting:
    case Doing::kRecovering:
      return kBrokers;
    case Doing::kWritingStores:
      return kDisk;
    case Doing::kStarting:
    case Doing::kAssigning:
    case Doing::kWorking:  // Asks where partitions end, and reads state that is not in memory.
    case Doing::kRestoring:
      return kBoth;
  }
  return "";
}

void Heartbeat::Beat(Doing doing) {
  doing_.store(doing, std::memory_order_relaxed);
  begun_ms_.store(SteadyMs(std::chrono::steady_clock::now()), std::memory_order_relaxed);
  GoOn();
}

void Heartbeat::GoOn() {
  deadline_ms_.store(SteadyMs(std::chrono::steady_clock::now()) + patience_.count(),
                     std::memory_order_relaxed);
}

void Heartbeat::Stop() { deadline_ms_.store(0, std::memory_order_relaxed); }

bool Heartbeat::IsAlive(std::chrono::steady_clock::time_point now) const {
  const std::int64_t deadline_ms = deadline_ms_.load(std::memory_order_relaxed);
  return deadline_ms == 0 || SteadyMs(now) <= deadline_ms;
}

milliseconds Heartbeat::Busy(std::chrono::steady_clock::time_point now) const {
  if (deadline_ms_.load(std::memory_order_relaxed) == 0) {
    return milliseconds{0};
  }
  const std::int64_t begun_ms = begun_ms_.load(std::memory_order_relaxed);
  return std::max(milliseconds{0}, milliseconds{SteadyMs(now) - begun_ms});
}

std::string Heartbeat::SayStuck() const {
  const Doing now = doing();
  return fmt::format("worker {} is stuck: {} takes longer than the {} it may: {}", name_,
                     DoingName(now), FormatDuration(patience_), DoingRemedy(now));
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
      on_stuck_(heartbeat->SayStuck());
      return;
    }
  }
}

}  // namespace foothold::stream
