#pragma once

// The state of one user: a person's membership of one account. All of it is a function of the *set*
// of the user's events (registers of minima and maxima, earliest occurrences, bounded sets with an
// order of their own), so that the order of arrival does not matter; what was last emitted stands
// apart.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/hash.h"
#include "src/base/time.h"
#include "src/journey/care.h"
#include "src/journey/records.h"

namespace foothold::journey {

// One kept occurrence of an event. Ordered by (time, id, fingerprint).
struct Occurrence {
  Instant at;
  std::string event_id;
  std::uint64_t fingerprint = 0;
  std::string event;  // Canonical name.
  Hash128 value;      // Of the distinct value; zero for plain counts.
  std::string source;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const Occurrence&, const Occurrence&) = default;
};
// The order of occurrences: time, then id, then fingerprint.
bool IsEarlier(const Occurrence& a, const Occurrence& b);
Evidence EvidenceOf(const Occurrence& occurrence);

// The occurrences kept for one tracker, earliest first.
struct TrackerState {
  std::uint64_t key = 0;  // Tracker::key.
  std::vector<Occurrence> kept;
  friend bool operator==(const TrackerState&, const TrackerState&) = default;
};

// A value of a trait and when it was said. Of two, the newest (time, id) wins.
struct TraitState {
  std::string name;  // CanonicalPropertyName().
  std::string bag;   // One bag entry (src/base/bag.h) with the value.
  Instant at;
  std::uint64_t id_hash = 0;
  friend bool operator==(const TraitState&, const TraitState&) = default;
};

// How a role came to be known. A higher rank silences lower ones from its time on; persisted.
enum class RoleRank : std::uint8_t {
  kInvite = 1,  // Provisional: counts only until any other fact gives one.
  kTrait = 2,
  kExplicit = 3,  // user.role_changed, memberships.
};

// One fact that gave the user a role.
struct RoleFact {
  Instant at;
  std::uint64_t id_hash = 0;
  RoleRank rank = RoleRank::kTrait;
  std::string role;  // Lower case.
  friend auto operator<=>(const RoleFact&, const RoleFact&) = default;
};

// An interval of activity: events no more than 30 minutes apart. Closed.
struct Session {
  Instant begin;
  Instant end;
  friend bool operator==(const Session&, const Session&) = default;
};

// A maximum with a tie-breaker: the newest (time, id) of some fact.
struct Stamp {
  Instant at;
  std::uint64_t id_hash = 0;
  friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

// Days with activity: bit i of `bits` is day `last_day - i`.
struct ActiveDays {
  inline static constexpr int kDays = 400;
  std::int32_t last_day = 0;  // Days since 1970-01-01; 0: none.
  std::array<std::uint64_t, 7> bits{};
  void Add(Instant at);
  int count() const;
  friend bool operator==(const ActiveDays&, const ActiveDays&) = default;
};

// What a user counts for in the account's composition. The account's counters change by the
// difference between the last one and the present one.
struct Contribution {
  bool is_member = false;
  bool is_invited = false;
  bool is_joined = false;  // Joined or with access.
  bool is_eligible = false;
  bool is_active = false;
  bool is_reached = false;
  bool is_late = false;
  std::string role;             // "" if none is known.
  std::uint32_t steps_met = 0;  // Bit i: step i of the role's ladder.
  bool is_at_risk = false;      // Medium or high.
  friend bool operator==(const Contribution&, const Contribution&) = default;
};

// The truth about a user's activation that was last emitted.
struct EmittedTruth {
  UserState state = UserState::kNotStarted;
  std::optional<Instant> activated_at;
  std::string role;
  std::optional<ActivationClass> activation_class;
  std::string ce_id;  // Of the record; "" if none was emitted.
  Instant decided_at;
  friend bool operator==(const EmittedTruth&, const EmittedTruth&) = default;
};

// The ladder as last reported on onboarding.progress.
struct EmittedSteps {
  std::string role;
  std::uint32_t met = 0;
  std::int32_t current = 0;  // 1-based; 0: nothing was reported.
  friend bool operator==(const EmittedSteps&, const EmittedSteps&) = default;
};

// What the ring of recent ids holds of an event: 32 bits of the hash of its id above 32 bits of its
// fingerprint. Equal: a repeat. Equal above only: a conflict.
std::uint64_t RecentId(std::string_view event_id, std::uint64_t fingerprint);

inline constexpr std::size_t kSessionsMax = 48;
inline constexpr std::size_t kRecentIdsMax = 32;
inline constexpr std::size_t kUnknownTraitsMax = 32;
inline constexpr std::size_t kTraitBytesMax = 256;
inline constexpr std::size_t kOutreachMax = 16;
inline constexpr std::size_t kRoleFactsEarliest = 32;
inline constexpr std::size_t kRoleFactsLatest = 224;

struct User {
  std::string tenant;
  std::string id;

  // What was learned.
  std::vector<TrackerState> trackers;  // By key; only those with something kept.
  std::vector<TraitState> traits;      // By name.
  std::vector<RoleFact> role_facts;    // In order; bounded as role_facts.cc says.
  std::optional<Stamp> joined;         // Newest user.joined (or first group call).
  std::optional<Stamp> removed;        // Newest user.removed.
  bool was_invited = false;
  bool has_birth_fact = false;
  bool is_named_by_group = false;
  std::optional<Instant> first_seen;  // Earliest event time of any record of the user.
  std::string first_seen_source;
  std::optional<Instant> last_seen;   // Newest product event.
  std::vector<Session> sessions;      // By time, disjoint; the newest kSessionsMax.
  std::int64_t sessions_dropped = 0;  // Older ones, only counted.
  ActiveDays active_days;
  milliseconds core_time{0};
  std::optional<Instant> last_event_at;  // Of the newest event, for core time.
  bool was_last_event_core = false;
  std::vector<std::uint64_t> recent_ids;  // Ring of RecentId(), newest last.
  std::vector<Instant> outreach;          // Logged outreach, newest kOutreachMax, ascending.

  // What was decided and emitted.
  // How far absence was judged for this user: ends of windows at or before it have passed.
  std::optional<Instant> absence_judged_until;
  Contribution contribution;
  EmittedTruth truth;
  EmittedSteps steps;
  std::uint64_t status_hash = 0;    // Of the last status without volatile fields; 0: none.
  std::uint64_t volatile_hash = 0;  // Of its volatile fields.
  std::int64_t activation_sequence = 0;
  std::int64_t progress_sequence = 0;
  std::optional<Instant> due;  // The earliest timer, as last computed.
  // The timer is a refresh of the status and nothing else: nothing is judged by it, as when it
  // fires is for the process to choose.
  bool is_due_for_refresh = false;

  // Risk and interventions.
  RiskState risk;
  CareState care;
  StruggleState struggle;
  std::vector<FeatureUse> features;  // By decade, the newest kFeatureUsesMax.

  friend bool operator==(const User&, const User&) = default;
};

}  // namespace foothold::journey
