#pragma once

// What a playbook says about risk, stages, blockers and interventions, as data: what its YAML
// compiles to (src/config), what travels in the journal (src/codec), what the engine reads. Part of
// playbook.h, which includes it; Validate() there holds the invariants.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/time.h"

namespace foothold::journey {

enum class SubjectKind : std::uint8_t { kUser = 1, kAccount = 2 };

enum class Comparison : std::uint8_t {
  kEqual = 1,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

// One quantified condition on the members of an account.
struct MemberCondition {
  enum class Selector : std::uint8_t { kAll = 1, kEligible, kJoined, kInvited, kRole };
  enum class Quantifier : std::uint8_t {
    kAny = 1,  // At least one selected member has the property. False for nobody.
    kAll,      // Every one. False for nobody.
    kNone,     // No one, and somebody is selected.
    kShare,    // The share that has it compares with `value`. False for nobody.
    kCount,    // The number of selected members compares with `value`; property unused.
  };
  enum class Property : std::uint8_t {
    kReached = 1,
    kActive,
    kJoined,
    kLate,
    kAtRisk,  // Its risk is medium or high.
  };
  Selector selector = Selector::kAll;
  std::int32_t role = -1;  // For Selector::kRole.
  Quantifier quantifier = Quantifier::kAny;
  Property property = Property::kReached;
  Comparison comparison = Comparison::kGreaterEqual;  // kShare, kCount.
  double value = 0;
  bool or_empty = false;  // True if nobody is selected.
  friend bool operator==(const MemberCondition&, const MemberCondition&) = default;
};

// A point of time that hangs on an anchor: `offset` after it, before it if negative.
struct Moment {
  inline static constexpr std::int32_t kTrigger = -1;
  std::int32_t anchor = kTrigger;  // Index in Playbook::anchors, or the trigger of the rule.
  milliseconds offset{0};
  friend auto operator<=>(const Moment&, const Moment&) = default;
};

// What one node of a condition asks. Persisted: never reuse.
enum class ConditionKind : std::uint8_t {
  kAll = 1,  // The `arity` conditions before it all hold. kAny: one of them does.
  kAny = 2,
  kNot = 3,  // The one before it does not.
  kAlways = 4,
  kReached = 5,  // `moment` has come. Never without its anchor.
  kDid = 6,      // The tracker's `at_least`-th occurrence; before `moment` if given; within
                 // the last `span` if that is not 0; after the trigger if so marked.
  kRole = 7,     // The user's current role is one of `texts`.
  kState = 8,    // The user's activation state is one of `texts`.
  kReachedMilestone = 9,   // "activated": the user is, in time or late.
  kAccountActivated = 10,  // The account is.
  kTrait = 11,  // Trait `name` compares with `texts` (kEqual: one of); without texts: is there.
  kMrrPerSeat = 12,  // The account's mrr / seats compares with `number`.
  kMembers = 13,
  kAnyStep = 14,      // The user has met a step of the ladder.
  kStepOpenFor = 15,  // The current step has been open for `span` or longer.
  kIdle = 16,         // No activity for `span`, after a step was met and before all are.
  kSessions = 17,     // `at_least` sessions; begun before `moment` if given.
  kActiveDays = 18,   // `at_least` days with activity.
  kUseFalls = 19,     // In days 30 to 60 of the activation, active days or distinct core features
                      // are below `number` of the first 30, in proportion; judged at day 45 and 60.
  kCoreTime = 20,     // Core time is `span` or more.
  kRepeated = 21,  // The same page or action `at_least` times in a session, in `sessions` sessions.
  kRisk = 22,      // The subject's risk level is one of `texts`.
  kMeasurement = 23,  // The account's measurement has been incomplete for `span` or longer.
  kStage = 24,        // The account is in one of the stages `texts`.
  kStageLate = 25,    // The account is later in its stage than the stage allows.
};

// One node. Conditions are written in postfix order: operands stand before their operator, so that
// they are evaluated in one pass over a list.
struct ConditionNode {
  ConditionKind kind = ConditionKind::kAlways;
  std::int32_t arity = 0;  // kAll, kAny: at least 1.
  std::int32_t tracker = -1;
  std::int32_t at_least = 1;
  std::int32_t sessions = 1;
  std::optional<Moment> moment = {};
  milliseconds span{0};
  bool is_after_trigger = false;
  bool is_of_account = false;  // kTrait: whose trait it is.
  std::string name = {};       // kTrait: CanonicalPropertyName().
  Comparison comparison = Comparison::kEqual;
  std::vector<std::string> texts = {};
  double number = 0;
  MemberCondition members = {};
  friend bool operator==(const ConditionNode&, const ConditionNode&) = default;
};

// How many results may wait for their operator at once.
inline constexpr std::size_t kConditionDepthMax = 32;

struct Condition {
  std::string label = {};  // As a sentence reads it: "not access within 5d of invite".
  std::vector<ConditionNode> nodes = {};  // Postfix. Never empty; leaves exactly one result.
  friend bool operator==(const Condition&, const Condition&) = default;
};

// A weighted fact that raises or lowers risk while its condition holds.
struct Signal {
  std::string name = {};
  std::int32_t weight = 0;  // [-100, 100]
  SubjectKind subject = SubjectKind::kUser;
  bool is_after_activation = false;  // Counts only for the activated; all others only before it.
  Condition when = {};
  friend bool operator==(const Signal&, const Signal&) = default;
};

struct RiskLevels {
  std::int32_t medium = 40;
  std::int32_t high = 70;
  std::int32_t hysteresis = 10;  // A level is left downwards only below its bound minus this.
  friend bool operator==(const RiskLevels&, const RiskLevels&) = default;
};

// Where an account can be: in the last stage whose condition holds.
struct Stage {
  std::string name;
  Condition when;
  std::string owner, signal, next, escalate;  // For people to read.
  std::optional<Moment> late_after;           // Of an anchor; kTrigger: of entering the stage.
  friend bool operator==(const Stage&, const Stage&) = default;
};

// A reason for an account to be stuck, raised while its condition holds.
struct BlockerKind {
  std::string name;
  std::string detail;  // One sentence.
  Condition when;
  friend bool operator==(const BlockerKind&, const BlockerKind&) = default;
};

enum class Channel : std::uint8_t { kEmail = 1, kInApp = 2, kCs = 3 };
enum class Priority : std::uint8_t { kLow = 1, kNormal = 2, kHigh = 3 };
enum class RuleMode : std::uint8_t { kLive = 1, kShadow = 2, kOff = 3 };

// Texts of templates name parameters in braces: {account.name}, {user.name}, {next_step}, {role},
// {risk_reasons}, {trait.<name>}; one that is not known stands as "".
struct TaskText {
  std::string type = {};  // "call", "todo", "email", "review".
  std::string subject = {};
  std::string body = {};
  std::optional<milliseconds> due = {};  // After the release.
  friend bool operator==(const TaskText&, const TaskText&) = default;
};

// Who is asked to do what.
struct Ask {
  Channel channel = Channel::kEmail;
  std::string template_name = {};  // "" for CS tasks.
  // Roles of the account, "decision_maker", "owner", "escalation" (whom the account's stage
  // escalates to: Stage::escalate); the first that is known. Empty: the subject, or the owner.
  std::vector<std::string> to = {};
  std::optional<TaskText> task = {};  // kCs only.
  friend bool operator==(const Ask&, const Ask&) = default;
};

// One step of a rule's ladder.
struct Rung {
  Moment at = {};  // When it is due.
  std::optional<Moment> until =
      {};  // From then on it no longer goes out. Always given once compiled.
  std::optional<Condition> where = {};  // Else `otherwise` is asked, or nothing.
  Ask ask = {};
  std::optional<Ask> otherwise = {};
  bool needs_approval = false;
  friend bool operator==(const Rung&, const Rung&) = default;
};

// When to ask somebody for an intervention.
struct Rule {
  std::string name = {};
  std::string title = {};
  SubjectKind subject = SubjectKind::kUser;
  Condition when = {};
  std::vector<Rung> rungs = {};  // 1 to 8.
  Priority priority = Priority::kNormal;
  RuleMode mode = RuleMode::kLive;
  std::optional<double> holdout = {};  // [0, 1]; else the gate's.
  friend bool operator==(const Rule&, const Rule&) = default;
};

// What the gate allows. A cap of 0: none.
struct GatePolicy {
  enum class Zone : std::uint8_t { kRecipient = 1, kAccount = 2, kUtc = 3 };
  std::int32_t user_per_day = 1;
  std::int32_t user_per_week = 3;
  std::int32_t account_per_day = 0;
  std::int32_t account_per_week = 6;
  std::int32_t cs_per_week = 2;
  // Minutes of the day; equal: no quiet hours. [from, to), over midnight if from > to.
  std::int32_t quiet_from = 20 * 60;
  std::int32_t quiet_to = 8 * 60;
  Zone zone = Zone::kRecipient;
  double holdout = 0.05;
  // A rule that asked more often in the last `breaker_span` than `breaker_factor` times its mean of
  // the last 7 days, and at least `breaker_floor` times, is held. A factor of 0: no breaker.
  double breaker_factor = 5;
  milliseconds breaker_span{kHour};
  std::int32_t breaker_floor = 20;
  friend bool operator==(const GatePolicy&, const GatePolicy&) = default;
};

// Rules of time zones as data, so that deciding reads no file. An offset holds from `from` on.
struct ZoneRules {
  struct Offset {
    Instant from;
    std::int32_t minutes = 0;  // East of UTC.
    friend bool operator==(const Offset&, const Offset&) = default;
  };
  std::string name;             // "Europe/Berlin".
  std::vector<Offset> offsets;  // By time; never empty.
  friend bool operator==(const ZoneRules&, const ZoneRules&) = default;
};
struct ZoneTable {
  std::string version;                                     // "2024a"
  std::vector<ZoneRules> zones;                            // By name.
  std::vector<std::pair<std::string, std::string>> links;  // Alias -> name, by alias.
  friend bool operator==(const ZoneTable&, const ZoneTable&) = default;
};

}  // namespace foothold::journey
