#pragma once

// The playbook as data: what a YAML file compiles to (src/config), what travels in the journal
// (src/codec), what the engine reads. Names are resolved to indexes by whoever builds it;
// Validate() in playbook.cc holds the invariants, and a Definition (definition.h) adds the look-up
// tables.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/journey/rules.h"

namespace foothold::journey {

// Who performed or suffered what a tracker collects. Persisted: never reuse.
enum class TrackerKind : std::uint8_t {
  kDid = 1,            // The user performed one of `events`.
  kAccess = 2,         // The user was in the product (PRODUCT.md section 3, "first access").
  kInvited = 3,        // user.invited that names the user, by id or e-mail.
  kAccountDid = 4,     // Anyone of the account, or the account itself, performed one of `events`.
  kAnyEvent = 5,       // Account: its first event of any kind ("first_event").
  kAccountAccess = 6,  // Anyone of the account was in the product.
};

// One `where:` condition on a property of the event. Values compare as numbers if both are numbers,
// else as text; `any_of` is an alternative of values for kEqual ("one of").
struct PropertyCondition {
  std::string property;  // CanonicalPropertyName().
  Comparison comparison = Comparison::kEqual;
  std::vector<std::string> any_of;  // Never empty.
  bool holds_if_absent = false;
  friend bool operator==(const PropertyCondition&, const PropertyCondition&) = default;
};

// What the state keeps of a subject's past: the `keep` earliest occurrences (with `distinct`: the
// earliest occurrence of each of the `keep` earliest values). All criteria, steps and anchors read
// from trackers, so that equal ones share one.
struct Tracker {
  TrackerKind kind = TrackerKind::kDid;
  std::vector<std::string> events;  // Canonical names, sorted, for kDid and kAccountDid.
  std::string distinct;             // CanonicalPropertyName(), "invitee", or empty: plain count.
  std::vector<PropertyCondition> where;
  std::int32_t keep = 1;  // [1, 1000]
  // The latest ones instead of the earliest, for what counts in a sliding span or after a trigger.
  bool is_latest = false;
  // Of all but `keep`: identifies the tracker in state across playbook versions. See TrackerKey().
  std::uint64_t key = 0;
  friend bool operator==(const Tracker&, const Tracker&) = default;
};
std::uint64_t TrackerKey(const Tracker& tracker);
// Whether the account keeps its occurrences; else each user does.
bool IsOfAccount(TrackerKind kind);

// One way to know an anchor's time.
struct AnchorEntry {
  enum class Kind : std::uint8_t {
    kTracker = 1,       // First occurrence of a tracker.
    kUserTrait = 2,     // A time in a user's trait (createdAt).
    kAccountTrait = 3,  // A time in an account's trait (createdAt, contractAt, trialEndsAt).
    // Of rules and signals only; no window opens at them.
    kStepEntered = 4,   // When the current step was entered.
    kStep = 5,          // The last activity after a step was met, while steps are left.
    kLastSeen = 6,      // The last activity.
    kActivated = 7,     // The subject's activation.
    kStageEntered = 8,  // When the account entered its stage.
  };
  Kind kind = Kind::kTracker;
  std::int32_t tracker = -1;  // Index in Playbook::trackers, for kTracker.
  std::string trait;          // CanonicalPropertyName().
  friend bool operator==(const AnchorEntry&, const AnchorEntry&) = default;
};

// The first entry that is known counts; of "a or b" (several entries in one group) the earliest.
struct Anchor {
  std::string name;
  std::vector<std::vector<AnchorEntry>> entries;
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

// [open, open + length), open = the anchor's time.
struct Window {
  milliseconds length{0};
  std::int32_t anchor = -1;  // Index in Playbook::anchors.
  friend bool operator==(const Window&, const Window&) = default;
};

// Met at the `at_least`-th kept occurrence of the tracker.
struct Criterion {
  std::string label;  // As the author wrote it: "user.invited, 2 distinct invitee".
  std::int32_t tracker = -1;
  std::int32_t at_least = 1;
  std::optional<Window> within;  // Its own window (api_first); else the milestone's.
  friend bool operator==(const Criterion&, const Criterion&) = default;
};

struct Milestone {
  std::vector<Criterion> all;    // Never empty.
  std::optional<Window> within;  // Absent: no window.
  friend bool operator==(const Milestone&, const Milestone&) = default;
};

enum class StepClass : std::uint8_t { kSetup = 1, kValue = 2, kHabit = 3 };
// "setup", "value", "habit".
std::string_view StepClassName(StepClass step_class);

// One rung of a role's ladder: met by a criterion, or by the role's milestone.
struct Step {
  std::string name;
  StepClass step_class = StepClass::kSetup;
  bool is_milestone = false;
  std::optional<Criterion> criterion;  // Present unless is_milestone.
  friend bool operator==(const Step&, const Step&) = default;
};

struct Role {
  std::string name;  // Lower case.
  bool is_contact = false;
  std::optional<Milestone> milestone;  // Absent for contacts.
  std::vector<Step> steps;             // 3 to 5 for roles with a milestone.
  friend bool operator==(const Role&, const Role&) = default;
};

// A product model overrides milestones by role: selected by the account's trait productModel.
struct Model {
  std::string name;
  struct Override {
    std::int32_t role = -1;  // Index in Playbook::roles.
    Milestone milestone;     // The whole one that then holds.
    friend bool operator==(const Override&, const Override&) = default;
  };
  std::vector<Override> overrides;
  friend bool operator==(const Model&, const Model&) = default;
};

struct Playbook {
  std::string name;
  std::int32_t version = 1;
  milliseconds lateness{10 * kMinute};
  milliseconds attribution{7 * kDay};
  std::optional<std::string> default_role;
  // alias -> canonical name, both as CanonicalEventName() makes them, sorted by alias. Those of
  // PRODUCT.md section 12 are among them.
  std::vector<std::pair<std::string, std::string>> aliases;
  std::vector<std::string> core_features;  // Canonical names, sorted.
  std::vector<Tracker> trackers;           // No two with the same key.
  std::vector<Anchor> anchors;             // No two with the same name.
  std::vector<Role> roles;
  std::vector<Model> models;
  std::vector<MemberCondition> account_activated;  // All must hold. Never empty.
  std::vector<Signal> signals;                     // No two with the same name.
  RiskLevels risk_levels;
  std::vector<Stage> stages;  // In order; the first one's condition always holds.
  std::vector<BlockerKind> blockers;
  std::vector<Rule> rules;  // No two with the same name.
  GatePolicy gate;
  ZoneTable zones;
  std::string yaml;  // The text it was compiled from.

  friend bool operator==(const Playbook&, const Playbook&) = default;
};

// Whether both say the same: all but the version and the text they were compiled from.
bool DecidesAlike(const Playbook& a, const Playbook& b);

// Checks every index and bound above. kInvalid names what is out of range.
Status Validate(const Playbook& playbook);

}  // namespace foothold::journey
