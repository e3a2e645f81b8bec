#pragma once

// Where an account is and what it is stuck at.

#include <optional>
#include <vector>

#include "src/journey/conditions.h"
#include "src/journey/wakes.h"

namespace foothold::journey {

// Judges stage, lateness and the blockers in `woken` anew. `facts` is of the account. True if the
// stage or its lateness changed; `*has_changed` also if a blocker did.
bool JudgeStanding(const Facts& facts, const WakeSet& woken, Instant decided_at, Account* account,
                   bool* has_changed);

// The stage the account is in; nullptr if it is in none that the playbook knows.
const Stage* StageOf(const Definition& definition, const Account& account);
// What is raised, in the playbook's order.
std::vector<Blocker> BlockersOf(const Definition& definition, const Account& account);

}  // namespace foothold::journey
