#pragma once

// The input of a run under chaos: steady, the same bytes for a seed, and written exactly once
// whatever becomes of the brokers.

#include <atomic>
#include <cstdint>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/traffic.h"
#include "src/base/random.h"
#include "src/log/log.h"

namespace foothold::chaos {

struct FeedOptions {
  std::string servers;
  std::string topic;
  std::int32_t partitions = 8;
  std::string file;  // Every record is a line of it as well, in the order of the acknowledgements.
  std::uint64_t seed = 1;
  int events_per_second = 400;
  milliseconds event_step{40'000};  // Of event time.
};

// The records of a product as they come in life: some late, some twice, some malformed, some that
// name nobody, some that name a person and no account. The same for a seed.
class Spice {
 public:
  Spice(std::uint64_t seed, milliseconds event_step);

  // The next one: key and value.
  std::pair<std::string, std::string> Next();

 private:
  std::pair<std::string, std::string> Fresh();

  Random random_;
  benchmarks::Traffic traffic_;
  std::uint64_t number_ = 0;
  std::vector<std::pair<std::string, std::string>> recent_;  // A ring.
  struct Held {
    std::uint64_t due = 0;
    std::pair<std::string, std::string> record;
  };
  std::vector<Held> late_;
};

// Writes on a thread of its own from Start() to Stop(). A transaction whose outcome is unknown is
// settled by a number that is committed with it.
class Feed {
 public:
  // An acknowledged record: its partition, and its hash (history.h).
  using Acked = std::pair<std::int32_t, std::uint64_t>;

  explicit Feed(FeedOptions options);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void Start();
  // Returns when all that was begun is settled.
  void Stop();
  int count() const { return count_.load(); }
  // REQUIRES: stopped.
  const std::vector<Acked>& acked() const { return acked_; }

 private:
  using Batch = std::vector<std::pair<std::string, std::string>>;

  void Run(const std::stop_token& stop);
  void Settle(const Batch& batch);
  Status Attempt(const Batch& batch);
  void Reopen();
  std::int64_t CommittedNumber();
  void Note(const Batch& batch);

  const FeedOptions options_;
  const std::unique_ptr<log::Log> log_;
  const std::string id_;
  std::ofstream file_;
  Spice spice_;
  std::int64_t batches_ = 0;  // Settled.
  std::unique_ptr<log::TransactionalProducer> producer_;
  std::unique_ptr<log::Consumer> asker_;
  std::vector<Acked> acked_;
  std::atomic<int> count_{0};
  std::jthread thread_;
};

}  // namespace foothold::chaos
