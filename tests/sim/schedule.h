#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/checks.h"
#include "tests/sim/world.h"

namespace foothold::sim {

struct ScheduleOptions {
  std::uint64_t seed = 0;
  const Mutant* mutant = nullptr;  // Null: the product as it is.
  Storm::Trace trace = {};         // Null: nobody listens.
  std::string folder;              // Where schedules on disk have their stores; empty: in memory.
};

// What came of one schedule.
struct ScheduleReport {
  std::vector<std::string> findings;  // Empty: all is as it must be.
  int events = 0;
  Shown shown;
  std::map<Cell, int> struck;
  std::array<int, kFaultCount> world_struck{};
  bool was_on_disk = false;
  int boots = 0;
};

// Runs one schedule: workload, turns and faults all follow from the seed.
ScheduleReport RunSchedule(const ScheduleOptions& options, Lab* lab);

}  // namespace foothold::sim
