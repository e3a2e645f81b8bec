#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/schedule.h"

namespace foothold::sim {

struct CampaignOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t schedules = 1;
  int threads = 1;
  const Mutant* mutant = nullptr;
  // The first schedule that fails is the last one.
  bool stops_when_found = false;
  // Each seed is printed before it is run: a mutant may end the program.
  bool announces = false;
  // Every n-th seed has its stores on disk; 0: none.
  std::uint64_t on_disk_every = 25;
};

// What many schedules came to.
struct CampaignReport {
  struct Failure {
    std::uint64_t seed = 0;
    std::vector<std::string> findings;
  };
  std::vector<Failure> failures;  // By seed; the first hundred.
  std::uint64_t failed = 0;
  std::uint64_t schedules = 0;
  std::uint64_t on_disk = 0;

  // Coverage.
  std::map<Cell, int> cells;                     // How often each fault struck at each step.
  std::array<int, kFaultCount> faults{};         // In how many schedules each struck at all.
  std::map<std::pair<Fault, Fault>, int> pairs;  // In how many both did; the smaller first.
  // Seeds of schedules without a timer or a correction.
  std::vector<std::uint64_t> poor;
  int events_min = 0;
  Shown shown_min;  // The least of any schedule, of each.
  Shown shown;      // Of all.

  int FewestOfAnyCell() const;
  // Pairs of different faults that never struck in one schedule.
  std::vector<std::pair<Fault, Fault>> MissingPairs() const;
  // All of it for a person.
  std::string ToString() const;
};

// Runs schedules seed by seed. `folder` of schedules on disk: below that of temporary files.
CampaignReport RunCampaign(const CampaignOptions& options);

// Where the schedule with that seed has its stores: "" for those in memory.
std::string FolderOf(std::uint64_t seed, std::uint64_t on_disk_every);

}  // namespace foothold::sim
