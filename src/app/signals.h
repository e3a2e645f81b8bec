#pragma once

#include <stop_token>
#include <thread>

namespace foothold::app {

// Turns SIGTERM and SIGINT into a stop request, from construction to destruction. A second signal
// ends the process at once.
//
// Make it in main's thread before any other thread starts: they inherit the blocked signals.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  void RequestStop() { stop_.request_stop(); }

 private:
  std::stop_source stop_;
  std::jthread waiter_;
};

}  // namespace foothold::app
