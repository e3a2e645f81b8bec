#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/random.h"
#include "src/base/status.h"
#include "src/log/memory_log.h"
#include "tests/fakes/manual_clock.h"
#include "tests/sim/points.h"

namespace foothold::sim {

// One process of the service, as far as others see it.
struct Site {
  std::string name;
  bool is_dead = false;  // Nothing that it calls happens any more.
};

// Who makes a call.
struct Spot {
  Site* site = nullptr;
  StageId stage = StageId::kIntake;
  std::string group;
  std::string instance_id;  // Of the consumer; the transactional id as well.
};

// What goes wrong, and when: faults are armed for a step of a commit and strike when some process
// comes there. Everything follows from the seed.
//
// Not thread-safe.
class Storm final : public log::FaultInjector {
 public:
  enum class When { kBefore, kAfter };
  using Trace = std::function<void(const std::string&)>;

  Storm(ManualWallClock* clock, std::uint64_t seed, Trace trace);
  // `log` outlives its use.
  void Attach(log::MemoryLog* log) { log_ = log; }

  // The fault strikes at the step once `skip` chances have passed.
  void Arm(const Cell& cell, int skip);
  // Nothing more goes wrong.
  void Calm();

  // Asked by the ports around each call. Not Ok: the call ends with this.
  Status Strike(const Spot& spot, Step step, When when);
  // The call that Strike() was asked for is over.
  void EndCall();

  Status Before(const log::Call& call) override;
  Status After(const log::Call& call) override;
  milliseconds MarkerDelay(const log::TopicPartition& target) override;

  // Called when a transaction of that id took effect.
  std::function<void(std::string_view transactional_id)> on_committed;

  // Faults between turns are told to it by the world.
  void Note(Fault fault) { ++world_struck_[static_cast<std::size_t>(fault)]; }
  const std::map<Cell, int>& struck() const { return struck_; }
  const std::array<int, kFaultCount>& world_struck() const { return world_struck_; }
  // How often the producer of that id may have been fenced by what went wrong.
  int fences(const std::string& transactional_id) const;

 private:
  struct Armed {
    Cell cell;
    int skip = 0;
    int repeats = 0;  // Once it has struck: strikes that are left.
    const Site* site = nullptr;
  };
  // What the log's next call is told.
  struct Pending {
    std::optional<Status> before;
    std::optional<Status> after;
    Cell cell;
  };

  Status Apply(Armed* armed, const Spot& spot);
  Status ApplyAtOnce(const Cell& cell, const Spot& spot);
  void Rival(const Spot& spot);
  void Count(const Cell& cell);

  ManualWallClock* clock_;
  log::MemoryLog* log_ = nullptr;
  Random random_;
  Trace trace_;
  std::vector<Armed> armed_;
  Pending pending_;
  Instant late_until_;
  std::map<std::string, int> rivals_;  // Transactional id -> how often one comes yet.
  std::map<std::string, int> fences_;
  std::set<std::string> committed_;  // Transactional ids whose last transaction took effect.
  std::vector<std::unique_ptr<log::TransactionalProducer>> rival_handles_;
  std::map<Cell, int> struck_;
  std::array<int, kFaultCount> world_struck_{};
};

}  // namespace foothold::sim
