#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/app/service.h"
#include "src/app/story.h"
#include "src/base/logging.h"
#include "src/base/time.h"
#include "src/log/memory_log.h"
#include "src/metrics/registry.h"
#include "src/stream/control_writer.h"

namespace foothold::app {

// A record of an output topic, as it was committed.
struct StoryOutput {
  std::string topic;
  std::string key;
  std::optional<std::string> value;
  std::map<std::string, std::string> headers;
};

// A wall clock that stands still until the story moves it.
class StoryClock final : public WallClock {
 public:
  explicit StoryClock(Instant start) : now_(start) {}
  Instant Now() const override { return now_; }
  void Set(Instant now) { now_ = now; }

 private:
  Instant now_;
};

// The whole service on a log in memory, driven by one thread: what a story happens to.
//
// Not thread-safe.
class StoryPlayer {
 public:
  // What was counted beside what was emitted, since the last call: "skipped anonymous" -> 1.
  using Remarks = std::map<std::string, std::int64_t>;

  // `begin` is where the wall stands at first, if the story is live.
  static Result<std::unique_ptr<StoryPlayer>> Open(const StoryHeader& header,
                                                   const journey::Playbook& playbook,
                                                   Instant begin);
  ~StoryPlayer();
  StoryPlayer(const StoryPlayer&) = delete;
  StoryPlayer& operator=(const StoryPlayer&) = delete;

  // Returns when all that follows is committed. kInvalid: the step asks for what is not there.
  Status Play(const StoryStep& step);
  // A record of a source ("": the first), and a word of people in the ledger: the service sees them
  // when the wall moves next, as if it had been away meanwhile.
  Status Produce(const std::string& source, std::int32_t partition, const std::string& record,
                 Instant arrival);
  Status Write(const codec::ControlAction& action);
  // Returns when all that follows is committed. The wall never goes back.
  Status MoveWall(Instant at);
  // Committed since the last call.
  Result<std::vector<StoryOutput>> TakeOutputs();
  Remarks TakeRemarks();

 private:
  StoryPlayer(const StoryHeader& header, const journey::Playbook& playbook, Instant begin);

  Status Start();
  Status Run();
  // One record of a step, and what follows from it.
  Status Happen(const StoryStep& step, std::optional<Instant> at, const std::string& record);
  // Writes a word of people into the ledger and lets it be read.
  Status Say(const codec::ControlAction& action);
  // A sign of life of nobody's account in every partition of every source, which moves the clock.
  Status Beat(Instant at, Instant arrival);

  StoryHeader header_;
  StoryClock wall_;
  StoryClock log_wall_;  // Stands still: no session ends because a story leaps over a week.
  std::vector<std::string> log_lines_;
  Logger logger_;
  log::MemoryLog log_;
  config::Config config_;
  journey::Playbook playbook_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<log::CommittedReader> reader_;
  Remarks told_;
};

}  // namespace foothold::app
