#pragma once

// How likely a subject is to drop off: the signals that hold, their score and level, and the record
// that says that the level changed.

#include <optional>

#include "src/journey/conditions.h"
#include "src/journey/engine.h"
#include "src/journey/occasion.h"
#include "src/journey/wakes.h"

namespace foothold::journey {

// What of the subject's standing decides which signals count.
enum class RiskPhase : std::uint8_t {
  kNone,        // A contact, removed, of unknown history: it has no risk.
  kOnboarding,  // Before its activation.
  kAdoption,    // After it.
};

// Judges the signals in `woken` anew (all of the subject's, if it came into another phase) and sets
// score and level. True if a signal, the score or the level changed.
bool JudgeRisk(const Facts& facts, const WakeSet& woken, RiskPhase phase, Instant decided_at,
               RiskState* risk);

// The level for a score, given the one before: a level is left downwards only below its bound minus
// the hysteresis.
RiskLevel LevelOf(const RiskLevels& levels, std::int32_t score, RiskLevel before);

// The reasons for the score, the weightiest first.
std::vector<RiskReason> ReasonsOf(const Definition& definition, const RiskState& risk);

// Emits dropoff.risk.changed if the level is not `before`. `next`: when it will be judged again.
void AnnounceRisk(const Occasion& occasion, const Facts& facts, RiskLevel before,
                  const MeasurementBlock& measurement, std::optional<Instant> next, RiskState* risk,
                  Decision* decision);

}  // namespace foothold::journey
