#pragma once

// From rules to interventions: rungs come due, wait for a release, pass the gate or do not, are
// cancelled when their cause is gone, and have an outcome. Every way a rung can go ends in a
// record.

#include <cstdint>
#include <optional>

#include "src/journey/conditions.h"
#include "src/journey/occasion.h"
#include "src/journey/wakes.h"

namespace foothold::journey {

// One subject and the visit it is judged in.
struct CareScene {
  const Occasion& occasion;
  Facts facts;                 // Its trigger changes from rule to rule.
  CareState* care = nullptr;   // The subject's.
  Account* account = nullptr;  // Its caps count too; `care` is its own if it is the subject.
  Decision* decision = nullptr;
  bool is_first_hand = false;  // The event is the subject's own and no repeat: it may trigger.
};

// What people have said of the rule; nullptr: nothing.
const RuleControl* ControlOf(const CareScene& scene, const Rule& rule);

// Judges the rules in `woken`: new rungs come due, requests whose cause is gone are cancelled.
void JudgeRules(CareScene* scene, const WakeSet& woken);
// Runs the gate for every rung that waits and may be looked at now. The visit's due is the stamp.
void Release(CareScene* scene);
// Concludes what the attribution window, the milestone or churn decides.
void SettleOutcomes(CareScene* scene);
// The subject is out of reach: what was requested is cancelled, what waits is suppressed.
void WithdrawAll(CareScene* scene, CancelCause cause);
// Concludes what was asked of a subject that will be gone: what is not decided was not converted.
void ConcludeAll(CareScene* scene);
// Grants or refuses what waits for approval.
void Approve(CareScene* scene, const Approval& approval);

// When the next outcome is decided by time alone.
std::optional<Instant> NextOutcome(const CareState& care, milliseconds attribution);
// When the subject is to be visited at a release, not before its rungs are due; nullopt: nothing of
// it waits. `is_measured`: the account's measurement is complete.
std::optional<Instant> WaitsUntil(const CareState& care, bool is_measured);
// "risk_high#1 requested", "...waits for approval": as a status lists them.
std::vector<std::string> OpenInterventions(const Definition& definition, const CareState& care,
                                           Instant at);

// Takes over what was asked for `from` (a user found to be the same person).
void MergeCare(const CareState& from, CareState* into);

}  // namespace foothold::journey
