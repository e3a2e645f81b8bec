#pragma once

// Keeps a read model up to date with the topics of a running system.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "src/app/model_feed.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"
#include "src/readmodel/read_model.h"
#include "src/stream/options.h"

namespace foothold::app {

// Reads committed records of all partitions, without a group: each reader has all of them.
//
// Not thread-safe: owned by the thread that calls Run().
class Follower {
 public:
  // The topics and how many partitions each has. kInvalid names one that is not there. Blocks.
  struct Source {
    stream::TopicNames topics;
    std::map<std::string, std::int32_t> partitions;

    // For ReadModelOptions::origin: another one, another model.
    std::string Origin() const;
  };
  static Result<Source> Find(log::Log* log, const stream::TopicNames& topics);

  // All outlive the follower. What the model has is not read again. `kept`: of decisions, as in
  // ReadModelOptions.
  Follower(log::Log* log, Source source, const WallClock* clock, milliseconds kept,
           readmodel::ReadModel* model);

  // Until `stop`. Sets `*is_caught_up` once everything is in that was there at the start. A failure
  // that passes is waited out; any other one is returned.
  Status Run(const std::stop_token& stop, std::atomic<bool>* is_caught_up);

 private:
  // Where to begin in each partition. Empties the model if its places are not of these topics.
  Result<std::vector<log::Position>> Starts(log::Consumer* consumer);
  Status Follow(const std::stop_token& stop, std::atomic<bool>* is_caught_up);
  bool HasPassed(log::Consumer* consumer, const std::map<log::TopicPartition, std::int64_t>& ends);

  log::Log* log_;
  Source source_;
  const WallClock* clock_;
  milliseconds kept_;
  readmodel::ReadModel* model_;
  ModelFeed feed_;
  std::map<log::TopicPartition, std::int64_t> ends_;
};

}  // namespace foothold::app
