#pragma once

// Somebody who reads what is committed all the time, and remembers what was given and when.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "src/log/log.h"
#include "tests/kafka/chaos/history.h"

namespace foothold::chaos {

// Reads on a thread of its own from Start() to Finish(). A reader that failed is replaced by a new
// one (another session), which goes on behind what was given last.
class Observer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `partitions` of each topic. The topics exist.
  Observer(std::string servers, std::map<std::string, std::int32_t> partitions);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void Start();
  // Reads on to the ends as they are now, and stops.
  void Finish();

  // Thread-safe. When something was last given of each partition of a topic.
  std::map<std::int32_t, Time> LastGiven(const std::string& topic) const;
  // Thread-safe. The longest time since `from` in which nothing was given of a partition of the
  // topic, over those of which something was given after it.
  milliseconds LongestGap(const std::string& topic, Time from) const;

  // REQUIRES: finished. `topic` of a lane is a number in topics().
  const std::vector<History::Polled>& polled() const { return polled_; }
  const std::vector<std::string>& topics() const { return topics_; }
  int sessions() const { return session_ + 1; }

 private:
  void Run();
  Status Open();
  Status Turn();
  bool IsAtEnds();

  const std::unique_ptr<log::Log> log_;
  std::vector<std::string> topics_;
  std::map<std::string, int> numbers_;
  std::map<log::TopicPartition, std::int64_t> next_;
  std::unique_ptr<log::Consumer> consumer_;
  int session_ = 0;
  std::vector<History::Polled> polled_;
  std::atomic<bool> finishes_{false};
  mutable std::mutex mutex_;
  std::map<log::TopicPartition, std::vector<Time>> given_;  // Guarded by mutex_.
  std::jthread thread_;
};

}  // namespace foothold::chaos
