#pragma once

// The state of one account: a fold of the journal in its order. Its members are counted by
// difference; no event walks over them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "src/journey/records.h"
#include "src/journey/user.h"

namespace foothold::journey {

// How many of a group of members there are, and have each property.
struct GroupCount {
  std::int64_t members = 0;
  std::int64_t joined = 0;  // Joined or with access.
  std::int64_t active = 0;
  std::int64_t reached = 0;
  std::int64_t late = 0;
  friend bool operator==(const GroupCount&, const GroupCount&) = default;
};

// Counters of the members with one role ("" for none known), by the groups that conditions select.
struct RoleCount {
  std::string role;
  GroupCount all;
  GroupCount eligible;
  GroupCount joined;
  GroupCount invited;
  std::vector<std::int64_t> steps_met;  // Members that have met step i of the role's ladder.
  std::vector<std::optional<Instant>> steps_first_met;
  friend bool operator==(const RoleCount&, const RoleCount&) = default;
};

struct Account {
  std::string tenant;

  std::vector<TrackerState> trackers;  // Of the account's trackers, by key.
  std::vector<TraitState> traits;      // By name.
  std::optional<Instant> first_seen;
  std::int64_t open_tickets = 0;
  std::optional<Instant> last_outreach_at;
  std::vector<RoleCount> roles;           // By role name.
  std::vector<std::uint64_t> recent_ids;  // As User::recent_ids, of events without a user.

  AccountState state = AccountState::kNone;
  std::optional<Instant> activated_at;
  std::string activation_ce_id;  // Of the last record; "" if none.
  std::uint64_t status_hash = 0;
  std::uint64_t volatile_hash = 0;
  std::int64_t activation_sequence = 0;

  friend bool operator==(const Account&, const Account&) = default;
};

}  // namespace foothold::journey
