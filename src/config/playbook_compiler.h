#pragma once

// The parts of the playbook's compiler. Each reads one section of the tree into the playbook under
// construction and adds what is wrong to `problems`; none of them stops at the first problem.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/config/event_names.h"
#include "src/config/map_reader.h"
#include "src/config/problems.h"
#include "src/config/yaml_tree.h"
#include "src/journey/playbook.h"

namespace foothold::config {

// The playbook under construction. Not thread-safe.
struct Draft {
  journey::Playbook playbook;
  EventNames events;
  Problems* problems = nullptr;

  // The index of the tracker; an equal one is shared and keeps the larger number of occurrences.
  std::int32_t AddTracker(journey::Tracker tracker);
  // A tracker of the first occurrence of any of these canonical names.
  std::int32_t AddTrackerOf(journey::TrackerKind kind, std::vector<std::string> events);
  // -1 if there is none.
  std::int32_t RoleIndex(std::string_view name) const;
  std::int32_t AnchorIndex(std::string_view name) const;
  std::vector<std::string> RoleNames() const;
};

// A role's name as it is compared: in lower case.
std::string CanonicalRoleName(std::string_view written);

// anchors: name -> list of entries. Anchors may name each other in any order.
void CompileAnchors(const YamlNode& anchors, Draft* draft);

// "7d of signup". nullopt, with the problem added, if it is not that.
std::optional<journey::Window> CompileWindow(const YamlNode& node, const std::string& path,
                                             Draft* draft);
// ">= 500", "trial": a comparison (kEqual if none is written) and what is compared with.
std::pair<journey::Comparison, std::string> SplitComparison(std::string_view text);

// Whose acts are counted.
enum class Actor { kUser, kAccount };
// What is counted of them, and how it reads.
struct Occurrences {
  journey::Tracker tracker;  // It keeps `at_least`.
  std::int32_t at_least = 1;
  std::string label;
};
// What `did`, a child of the map (nullptr: it is missing, and that was said), names, with the
// conditions beside it. nullopt, with the problem added, if that is nothing.
std::optional<Occurrences> CompileOccurrences(MapReader* reader, const YamlNode* did, Actor actor,
                                              Draft* draft);
// `did: ...` with its conditions; the map has been asked for all keys of a criterion but not
// finished. nullopt, with the problem added, if there is none.
std::optional<journey::Criterion> CompileCriterion(MapReader* reader, Draft* draft);
// `inherited` gives the criteria if the map has only a window; may be nullptr.
std::optional<journey::Milestone> CompileMilestone(const YamlNode& node, const std::string& path,
                                                   const journey::Milestone* inherited,
                                                   Draft* draft);

// roles: name -> milestone and steps. Needs the anchors.
void CompileRoles(const YamlNode& roles, Draft* draft);
// accounts: activated, models, stages. Needs the roles.
void CompileAccounts(const YamlNode& accounts, Draft* draft);
// `members: ...` with its quantifier; all its keys have been asked for. nullopt, with the problem
// added, if it is none.
std::optional<journey::MemberCondition> CompileMembers(MapReader* reader, Draft* draft);
// "at least 2 joined members", "none of the invited members reached".
std::string LabelOf(const journey::MemberCondition& members, const journey::Playbook& playbook);

// accounts.stages: a list. Needs the roles and anchors; everything below needs the stages.
void CompileStages(const YamlNode& stages, Draft* draft);
// blockers: name -> when, detail.
void CompileBlockers(const YamlNode& blockers, Draft* draft);
// risk: levels, signals.
void CompileRisk(const YamlNode& risk, Draft* draft);
// gate: caps, quiet hours, holdout, breaker.
void CompileGate(const YamlNode& gate, Draft* draft);
// rules: name -> condition and ladder.
void CompileRules(const YamlNode& rules, Draft* draft);
// Warns of rules that are allowed and look like a slip. REQUIRES: no problem was found.
void WarnOfRules(const YamlNode& rules, Draft* draft);

// `child` laid over `base`, as `extends` means it; see playbook_merge.cc.
YamlNode MergePlaybooks(const YamlNode& base, const YamlNode& child);

}  // namespace foothold::config
