#pragma once

// The account's view of its members: counters changed by difference, and conditions on them.

#include <cstdint>
#include <optional>

#include "src/base/time.h"
#include "src/journey/account.h"
#include "src/journey/activation.h"
#include "src/journey/definition.h"
#include "src/journey/user.h"

namespace foothold::journey {

inline constexpr milliseconds kActiveSpan = 7 * kDay;

// What the user counts for now. `clock`: nullopt counts whoever was ever seen as active.
Contribution ContributionOf(const User& user, const Truth& truth, const Ladder& ladder,
                            std::optional<Instant> clock);

// Moves the account's counters from `before` to `after`; `ladder` dates the steps newly met. True
// if a counter changed other than those of activity, which are volatile.
bool Count(const Contribution& before, const Contribution& after, const Ladder& ladder,
           Account* account);

// The counters of a role, made if there are none.
RoleCount& CountOfRole(const std::string& role, Account* account);

struct MemberTotals {
  std::int64_t eligible = 0;
  std::int64_t reached = 0;  // Of the eligible.
};
MemberTotals TotalsOf(const Account& account);

// Whether the account's members satisfy the playbook's `accounts.activated` now.
bool IsActivatedNow(const Definition& definition, const Account& account);

// Of the members that a condition selects, how many there are and have what it asks for.
struct SelectedMembers {
  std::int64_t members = 0;
  std::int64_t having = 0;
};
SelectedMembers SelectedBy(const Definition& definition, const MemberCondition& condition,
                           const Account& account);

// Whether one condition on the members holds now.
bool Holds(const Definition& definition, const MemberCondition& condition, const Account& account);

std::vector<CompositionRow> CompositionOf(const Account& account);

}  // namespace foothold::journey
