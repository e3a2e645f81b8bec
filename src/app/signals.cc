#include "src/app/signals.h"

#include <csignal>
#include <cstdlib>
#include <ctime>

#include <pthread.h>

namespace foothold::app {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void WaitForSignals(const std::stop_token& end, std::stop_source stop) {
  const sigset_t signals = StopSignals();
  constexpr timespec kLookEvery{.tv_sec = 0, .tv_nsec = 100'000'000};
  while (!end.stop_requested()) {
    const int signal = sigtimedwait(&signals, nullptr, &kLookEvery);
    if (signal <= 0) {
      continue;
    }
    if (stop.stop_requested()) {
      std::_Exit(128 + signal);
    }
    stop.request_stop();
  }
}

}  // namespace

StopOnSignal::StopOnSignal() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  waiter_ = std::jthread([stop = stop_](const std::stop_token& end) { WaitForSignals(end, stop); });
}

StopOnSignal::~StopOnSignal() {
  waiter_.request_stop();
  waiter_.join();
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace foothold::app
