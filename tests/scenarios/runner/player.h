#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/app/service.h"
#include "src/base/logging.h"
#include "src/log/memory_log.h"
#include "src/metrics/registry.h"
#include "src/stream/control_writer.h"
#include "tests/fakes/manual_clock.h"
#include "tests/scenarios/runner/story.h"

namespace foothold::scenarios {

// A record of an output topic, as it was committed.
struct Output {
  std::string topic;
  std::string key;
  std::optional<std::string> value;
  std::map<std::string, std::string> headers;
};

// The whole service on a log in memory, driven by one thread: what a story happens to.
//
// Not thread-safe.
class Player {
 public:
  // What was counted beside what was emitted, since the last call: "skipped anonymous" -> 1.
  using Remarks = std::map<std::string, std::int64_t>;

  // `begin` is where the wall stands at first, if the story is live.
  static Result<std::unique_ptr<Player>> Open(const Header& header, Instant begin);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // Each returns when all that follows is committed.
  Status Play(const Step& step);
  // Committed since the last call.
  Result<std::vector<Output>> TakeOutputs();
  Remarks TakeRemarks();

  bool is_live() const { return header_.is_live; }

 private:
  Player(Header header, Instant begin);

  Status Start();
  Status Run();
  // Writes a word of people into the ledger and lets it be read.
  Status Say(const codec::ControlAction& action);
  Status Produce(const std::string& source, std::int32_t partition, const std::string& record,
                 Instant arrival);
  // A sign of life of nobody's account in every partition of every source, which moves the clock.
  Status Beat(Instant at, Instant arrival);
  Status MoveWall(Instant at);

  Header header_;
  ManualWallClock wall_;
  ManualWallClock log_wall_;  // Stands still: no session ends because a story leaps over a week.
  std::vector<std::string> log_lines_;
  Logger logger_;
  log::MemoryLog log_;
  config::Config config_;
  journey::Playbook playbook_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<app::Service> service_;
  std::unique_ptr<log::CommittedReader> reader_;
  Remarks told_;
};

}  // namespace foothold::scenarios
