#pragma once

// The faults of a run, in an order that a seed decides, and how a fleet is brought through them.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/random.h"
#include "src/log/log.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/chaos/feed.h"
#include "tests/kafka/chaos/fleet.h"
#include "tests/kafka/chaos/observer.h"

namespace foothold::chaos {

enum class Fault : std::uint8_t {
  kKill,        // kill -9, and started again.
  kKillWiped,   // kill -9, and started again without its volume.
  kStandStill,  // Stopped for longer than its session and its transactions live, then goes on.
  kRival,       // Stopped; another process takes its name; then it goes on.
  kRolling,     // All are ended and started again in order, one after the other.
  kResize,      // An instance more, or one fewer.
  kBroker,      // kill -9 of a broker, and started again.
  kNetworkStill,
  kNetworkSlow,
  kNetworkCut,
  kNetworkHalfClosed,
  kDiskFull,
};
inline constexpr int kFaultCount = 12;
std::string_view FaultName(Fault fault);

using Plan = std::vector<Fault>;
// So many of each, in the order that the seed decides.
Plan ShuffledPlan(const std::map<Fault, int>& counts, std::uint64_t seed);

// What a storm leaves behind.
struct StormReport {
  std::map<Fault, int> faults;
  std::map<Fault, std::vector<milliseconds>> ready_after;  // Of starts that a fault called for.
  std::map<Fault, std::vector<milliseconds>> pauses;       // Of the partition that rested longest.
  std::map<std::string, int> gave_up;                      // Last words of processes, how often.
  std::vector<std::string> findings;                       // What must not be.
};

class Storm {
 public:
  struct World {
    std::vector<std::unique_ptr<kafka::TestBroker>>* brokers = nullptr;
    // The last one comes and goes.
    std::vector<std::unique_ptr<Instance>>* instances = nullptr;
    const Observer* observer = nullptr;
    log::Log* log = nullptr;  // Past the proxies.
    std::string changelog;    // Topics, and the group that reads the source.
    std::int32_t changelog_partitions = 0;
    std::string source;
    std::int32_t source_partitions = 0;
    std::string intake_group;
    milliseconds session_timeout{6'000};
    milliseconds transaction_timeout{10'000};
  };

  Storm(World world, std::uint64_t seed);

  // Starts all but the last instance, as far as they do not run yet, and waits until they work.
  void Begin();
  void Strike(Fault fault);
  // Waits until the source is read to its end, and ends all instances.
  void End();

  const StormReport& report() const { return report_; }

 private:
  void StandStill(Instance* victim);
  void Rival(Instance* victim);
  void Roll();
  void Resize();
  void KillBroker();
  void SpoilNetwork(Fault fault, Instance* victim);
  void FillDisk(Instance* victim);

  // Looks after the fleet until `is_so`, or until `bound` has passed: then false.
  bool TendUntil(milliseconds bound, const std::function<bool()>& is_so);
  void TendFor(milliseconds duration);
  void Tend();
  // Every instance is ready, and every partition of source and changelog moves on.
  void AwaitRecovered(std::string_view after_what);
  bool IsAllReady();
  bool HasAllMovedSince(Clock::time_point since) const;
  // The partitions of the changelog that have got no record since.
  std::vector<std::int32_t> RestingSince(Clock::time_point since) const;
  std::optional<std::int64_t> CountUnread();
  Instance* PickRunning();
  void NotePause(Fault fault, Clock::time_point since);

  World world_;
  Random random_;
  StormReport report_;
  std::unique_ptr<log::Consumer> asker_;
  const Instance* stopped_ = nullptr;  // Does not answer.
};

}  // namespace foothold::chaos
