#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "src/journey/definition.h"
#include "src/journey/user.h"

namespace foothold::journey {

// Adds a role fact. Of facts that traits or invites give, the earliest per UTC day, rank and role
// is kept (libraries repeat identify at every page); of all, the kRoleFactsEarliest first and the
// kRoleFactsLatest last. Both are functions of the set of facts. True if the list changed.
bool AddRoleFact(RoleFact fact, std::vector<RoleFact>* facts);

// A stretch of time in which the user held one role: [begin, end).
struct RoleSpan {
  std::string role;              // "" if none is known.
  std::int32_t index = -1;       // In the playbook; -1 for a contact it does not list, or none.
  std::optional<Instant> begin;  // nullopt: from ever.
  std::optional<Instant> end;    // nullopt: until now.
  bool is_taken_over = false;    // From another role that was known, and not by an invite only.
};

// The roles of the user through time: never empty, adjoining, without two equal neighbours. The
// last is the current one. Traits say nothing from the first explicit fact on, an invite nothing
// from the first other fact on; before the first known role, that first one holds.
std::vector<RoleSpan> RoleSpans(const Definition& definition, const std::vector<RoleFact>& facts);

}  // namespace foothold::journey
