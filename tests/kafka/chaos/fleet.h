#pragma once

// Some instances of `foothold run` in one group, each with its own state and its own network, and
// the supervisor who starts again what gave up.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "tests/app/child.h"
#include "tests/app/running.h"
#include "tests/kafka/chaos/proxy.h"

namespace foothold::chaos {

using Clock = std::chrono::steady_clock;

// One place in the fleet. Not thread-safe.
class Instance {
 public:
  // A process that ended by itself.
  struct GivenUp {
    int code = 0;
    std::string last_words;
  };

  // `setup` without instance, servers and state. The proxy, with a route to each broker, outlives
  // it, as does `log`, which takes what each process said when it has ended.
  Instance(std::string name, app::RunSetup setup, Proxy* proxy, std::ostream* log);

  // REQUIRES: not running. With a bound no file that it writes may be larger.
  void Start(std::optional<std::uint64_t> file_bytes_max = {});
  void Kill9();
  // SIGTERM, and waits; returns how it ended.
  app::Ending Stop();
  // It is as if there were no volume, from the next start on.
  void WipeState();
  void Signal(int signal) const { child_->Signal(signal); }

  // Takes what it says. Of a process that ended by itself: how, once.
  std::optional<GivenUp> Tend();
  bool is_running() const { return child_ != nullptr; }
  // By its /readyz. Its process must not be stopped.
  bool IsReady();
  // What its /readyz says, and of its journey what it has and what is left to read; all of its
  // /metrics go into the log.
  std::string Diagnose();
  // From its last start until it was first seen to be ready.
  std::optional<milliseconds> ready_after() const { return ready_after_; }

  const std::string& name() const { return setup_.instance; }
  const std::string& config() const { return config_; }
  const app::RunSetup& setup() const { return setup_; }
  Proxy& proxy() { return *proxy_; }

 private:
  app::Ending Await();

  app::Folder folder_;
  Proxy* proxy_;
  std::ostream* log_;
  app::RunSetup setup_;
  std::string config_;
  std::unique_ptr<app::Child> child_;
  Clock::time_point started_at_;
  std::optional<milliseconds> ready_after_;
};

}  // namespace foothold::chaos
