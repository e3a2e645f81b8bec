#pragma once

// For the files of World only.

#include <array>
#include <memory>

#include "src/stream/placed_times.h"
#include "tests/sim/world.h"

namespace foothold::sim {

inline constexpr std::array<StageId, kStageCount> kStages{StageId::kIntake, StageId::kPeople,
                                                          StageId::kJourney};

inline std::size_t At(StageId stage) { return static_cast<std::size_t>(stage); }

// One process of the service with all that dies with it, and its volumes, which do not.
struct World::Process {
  int number = 0;
  Site site;
  std::array<Spot, kStageCount> spots;
  std::array<std::unique_ptr<SimPort>, kStageCount> ports;
  std::array<std::unique_ptr<SimShelf>, kStageCount> shelves;  // Of people and journey.

  bool is_up = false;
  std::unique_ptr<Mutation> mutation;
  std::array<std::unique_ptr<log::Log>, kStageCount> mutated_ports;
  std::array<std::unique_ptr<stream::StoreShelf>, kStageCount> mutated_shelves;
  std::array<std::unique_ptr<stream::Stage>, kStageCount> stages;
  stream::IntakeStage* intake = nullptr;
  std::unique_ptr<stream::PlacedTimes> placed;
  std::array<std::unique_ptr<stream::Worker>, kStageCount> workers;
};

}  // namespace foothold::sim
