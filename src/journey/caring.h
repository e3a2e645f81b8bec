#pragma once

// Risk, stages and interventions of one subject in one visit: what wakes, in which order it is
// judged, and when it is to be judged again though nothing happens.

#include <optional>
#include <vector>

#include "src/journey/conditions.h"
#include "src/journey/interventions.h"
#include "src/journey/learning.h"
#include "src/journey/members.h"
#include "src/journey/occasion.h"
#include "src/journey/risk.h"
#include "src/journey/wakes.h"

namespace foothold::journey {

// What the visit may have changed for a subject of this kind. `user`, `account`: what was learned;
// `matters`: something else that was decided may have changed.
WakeSet WokenBy(const Definition& definition, SubjectKind subject, const Visit& visit,
                const UserLearned& user, const AccountLearned& account, bool matters);
// What time alone wakes in (after, until]. After nullopt: from ever.
void AddWokenByTime(const Facts& facts, std::optional<Instant> after, Instant until,
                    WakeSet* woken);
// The next time after `after` at which time alone may change something; nullopt: never.
std::optional<Instant> NextMoment(const Facts& facts, std::optional<Instant> after);

// The subject that `care` is of, in a visit that nothing of it set off.
CareScene SceneOf(const Occasion& occasion, const Facts& facts, CareState* care, Account* account,
                  Decision* decision);

// The user's risk; then, with the account's counters moved, its rules. True if anything that its
// status shows may have changed.
bool JudgeUserRisk(const Occasion& occasion, const Facts& facts, const WakeSet& woken,
                   RiskPhase phase, User* user, Decision* decision);
bool JudgeUserRules(const Occasion& occasion, const Facts& facts, const WakeSet& woken, User* user,
                    Account* account, Decision* decision);
// Stage, blockers, risk and rules of the account. True if anything its status shows changed.
bool CareForAccount(const Occasion& occasion, const WakeSet& woken, Account* account,
                    Decision* decision);

// How the ladder was passed since `before` was emitted, counted for the account's funnel.
void CountFlow(const EmittedSteps& before, const EmittedSteps& after, const Ladder& ladder,
               Account* account);
// Keeps whom to write to for the user's role.
void NoteContact(const User& user, Account* account);

// Nobody of the account goes by that name any more: who they were goes on as another user.
void ForgetUser(const std::string& user, Account* account);
// The account's own facts no longer name the person: what says its id, address or name is dropped.
// True if there was something.
bool ForgetPerson(const User& user, Account* account);
// What time will wake for the account, the next 5 by time.
std::vector<NextTimer> NextTimersOf(const Definition& definition, const Account& account,
                                    Instant after);
// Funnel rows of the account's roles, in the order of the playbook's steps.
std::vector<FunnelRow> FunnelOf(const Definition& definition, const Account& account);

}  // namespace foothold::journey
