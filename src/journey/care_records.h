#pragma once

// The records that say what became of a rung. Each takes its sequence from the subject's care.

#include <optional>
#include <string>
#include <string_view>

#include "src/journey/interventions.h"

namespace foothold::journey {

// "rule@version".
std::string RuleLabel(const Definition& definition, const Rule& rule);

void EmitSuppressed(CareScene* scene, const Rule& rule, const RungState& state, Suppressor by,
                    GateBlock said);
void EmitShadow(CareScene* scene, const Rule& rule, const RungState& state,
                std::optional<Suppressor> by, GateBlock said);
// Sets the state's ce_id.
void EmitRequested(CareScene* scene, const Rule& rule, GateBlock said, RungState* state);
// Marks the state as cancelled.
void EmitCancelled(CareScene* scene, const Rule& rule, CancelCause cause, std::string_view why,
                   RungState* state);
void EmitOutcome(CareScene* scene, const Rule& rule, const RungState& state, Outcome outcome,
                 Instant at);

}  // namespace foothold::journey
