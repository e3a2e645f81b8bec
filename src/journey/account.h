#pragma once

// The state of one account: a fold of the journal in its order. Its members are counted by
// difference; no event walks over them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "src/journey/care.h"
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
  std::int64_t at_risk = 0;
  friend bool operator==(const GroupCount&, const GroupCount&) = default;
};

// How members pass from one step of a ladder to the next. Folded as it happens: a correction does
// not take back what was counted.
struct StepFlow {
  inline static constexpr std::size_t kBuckets = 26;  // 2^26 s are two years.
  std::int64_t entered = 0;
  std::int64_t completed = 0;
  // By the time from entering to completing: bucket i counts [2^i, 2^(i+1)) seconds, 0 also below.
  std::vector<std::int32_t> buckets;  // Empty until one completes; else kBuckets.
  friend bool operator==(const StepFlow&, const StepFlow&) = default;
};

// A reason to be stuck that was raised.
struct BlockerState {
  std::uint64_t key = 0;  // Hash64() of its name.
  Instant since;
  friend bool operator==(const BlockerState&, const BlockerState&) = default;
};

inline constexpr std::size_t kWatchersMax = 64;

// Who is written to when something is for "the admin": the first member of the role that came.
struct RoleContact {
  std::string user = {}, email = {}, name = {}, timezone = {};  // "" if not known.
  friend bool operator==(const RoleContact&, const RoleContact&) = default;
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
  std::vector<StepFlow> flows;  // Of step i.
  RoleContact contact = {};
  friend bool operator==(const RoleCount&, const RoleCount&) = default;
};

struct Account {
  std::string tenant;

  std::vector<TrackerState> trackers;  // Of the account's trackers, by key.
  std::vector<TraitState> traits;      // By name.
  std::optional<Instant> first_seen;
  std::string first_seen_source;
  std::optional<Instant> born_at;  // The first sign-up or creation, as far as there was one.
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

  // Stage, blockers, risk and interventions.
  std::string stage;  // "" before the first look.
  std::optional<Instant> stage_entered_at;
  bool is_stage_late = false;
  std::vector<BlockerState> blockers;  // By key.
  RiskState risk;
  CareState care;
  std::optional<Instant>
      judged_until;            // How far timers were judged, as User::absence_judged_until.
  std::optional<Instant> due;  // The earliest timer, as last computed.
  std::optional<Instant> churned_at;
  std::optional<Instant> incomplete_since;  // Of the measurement.
  std::optional<Instant> dead_letter_at;    // The newest dead letter of the tenant.
  // Users with rungs that a fact of the account may clear, newest last; bounded, and then
  // `has_more_watchers` asks for a walk.
  std::vector<std::string> watchers;
  bool has_more_watchers = false;

  friend bool operator==(const Account&, const Account&) = default;
};

}  // namespace foothold::journey
