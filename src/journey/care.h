#pragma once

// What is known of a subject's risk, and what was asked on its behalf. A fold of the journal in its
// order, unlike the evidence in user.h. Users and accounts have one each.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"
#include "src/journey/rules.h"

namespace foothold::journey {

// Persisted, and as they stand in the records ("low", "medium", "high"; kNone: null).
enum class RiskLevel : std::uint8_t { kNone = 1, kLow = 2, kMedium = 3, kHigh = 4 };
// "low", "medium", "high"; "" for kNone.
std::string_view RiskLevelName(RiskLevel level);

// A signal, a rule's condition or a blocker that holds, by the hash of its name.
struct Holding {
  std::uint64_t key = 0;
  Instant since;
  friend bool operator==(const Holding&, const Holding&) = default;
};

struct RiskState {
  RiskLevel level = RiskLevel::kNone;
  std::int32_t score = 0;
  bool is_held = false;          // The measurement is incomplete: the level is not lowered.
  std::vector<Holding> signals;  // That hold, by key.
  std::int64_t sequence = 0;
  std::string ce_id;  // Of the last record; "" if none.
  friend bool operator==(const RiskState&, const RiskState&) = default;
};

// Why something did not go out, or not yet. Persisted; the numbers are those of the schema.
enum class Suppressor : std::uint8_t {
  kKilled = 1,
  kPaused = 2,
  kOff = 3,
  kCauseGone = 4,
  kExpired = 5,
  kConsent = 6,
  kHoldout = 7,
  kApprovalExpired = 8,
  kBreaker = 9,
  kQuietHours = 10,
  kCapUser = 11,
  kCapAccount = 12,
  kHistoryUnknown = 13,
  kMeasurement = 14,
};
// "killed", "paused", ...: as they stand in the records.
std::string_view SuppressorName(Suppressor suppressor);

// One rung of a rule on its way.
//
//   (due) --> kWaiting --the gate lets it out--> kRequested ----> outcome, gone
//                 |  \--held back by the holdout--> kHeldOut ---> outcome, gone
//                 \---- suppressed, gone
struct RungState {
  enum class Phase : std::uint8_t { kWaiting = 1, kRequested = 2, kHeldOut = 3 };
  std::uint64_t rule = 0;  // Hash64() of the rule's name.
  std::int32_t rung = 0;   // From 0.
  Phase phase = Phase::kWaiting;
  bool is_approved = false;
  bool is_cancelled = false;  // kRequested, and told so; its outcome is still to come.
  bool is_otherwise = false;  // Rung::otherwise was asked.
  Channel channel = Channel::kEmail;
  Instant triggered_at;  // Of the trigger; else of the anchor.
  Instant due;
  Instant expires;
  std::optional<Instant> not_before;   // Deferred until then.
  std::optional<Suppressor> held_by;   // What held or deferred it last.
  std::optional<Instant> released_at;  // kRequested, kHeldOut.
  std::string ce_id;                   // Likewise.
  std::string label;                   // "name@version" of the playbook that asked.
  std::string trigger_event;           // Id of the event that triggered it; "" for others.
  friend bool operator==(const RungState&, const RungState&) = default;
};

// The rungs of a rule that came due in its present episode, so that none comes twice.
struct EpisodeState {
  std::uint64_t rule = 0;
  std::uint64_t episode = 0;  // What tells one passage from the next.
  std::uint32_t rungs = 0;    // Bit i: rung i came due.
  bool is_holding = false;    // The rule's condition held when it was last judged.
  Instant since;              // Of `is_holding`.
  friend bool operator==(const EpisodeState&, const EpisodeState&) = default;
};

// Something that went out, for the caps.
struct Sent {
  Instant at;
  Channel channel = Channel::kEmail;
  friend bool operator==(const Sent&, const Sent&) = default;
};

inline constexpr std::size_t kRungStatesMax = 64;
inline constexpr std::size_t kSentMax = 64;

struct CareState {
  std::vector<RungState> rungs;  // In the order in which they came due; at most kRungStatesMax.
  std::vector<EpisodeState> episodes;  // By rule; only those that have begun.
  std::vector<Sent> sent;              // Of the last 7 days, by time; at most kSentMax.
  std::int64_t email_sequence = 0;
  std::int64_t in_app_sequence = 0;
  std::int64_t cs_sequence = 0;
  std::int64_t log_sequence = 0;
  friend bool operator==(const CareState&, const CareState&) = default;
};

// The same page or action again and again.
struct StruggleState {
  std::uint64_t action = 0;      // Hash of the last one.
  std::int32_t repeats = 0;      // Of it in a row, in the present session.
  std::int32_t repeats_max = 0;  // The most of any action in the present session.
  std::optional<Instant> session_last_at;
  std::vector<std::int32_t>
      sessions;  // repeats_max of the last sessions that had 3 or more; newest last.
  friend bool operator==(const StruggleState&, const StruggleState&) = default;
};
inline constexpr std::size_t kStruggleSessionsMax = 8;

// Which core features were used in ten days: bit i stands for features whose name hashes to i.
struct FeatureUse {
  std::int32_t decade = 0;  // Days since 1970 / 10.
  std::uint64_t features = 0;
  friend bool operator==(const FeatureUse&, const FeatureUse&) = default;
};
inline constexpr std::size_t kFeatureUsesMax = 10;

}  // namespace foothold::journey
