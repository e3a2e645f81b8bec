#pragma once

// From what is true to what is said: compares the present truth with the last one emitted and makes
// the records of the difference.

#include <string>

#include "src/journey/activation.h"
#include "src/journey/engine.h"
#include "src/journey/occasion.h"

namespace foothold::journey {

// Emits activation.changed of the user if the truth differs from the one last emitted, and notes
// it. Returns true if it emitted.
bool AnnounceActivation(const Occasion& occasion, const Truth& truth, User* user,
                        Decision* decision);
// Emits onboarding.progress for rungs completed, entered or reverted since the last time.
void AnnounceSteps(const Occasion& occasion, const Ladder& ladder, User* user, Decision* decision);
// Emits activation.changed of the account if its state changed.
void AnnounceAccount(const Occasion& occasion, AccountState state, Account* account,
                     Decision* decision);

}  // namespace foothold::journey
