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
// `did: ...` with its conditions; the map has been asked for all keys of a criterion but not
// finished. nullopt, with the problem added, if there is none.
std::optional<journey::Criterion> CompileCriterion(MapReader* reader, Draft* draft);
// `inherited` gives the criteria if the map has only a window; may be nullptr.
std::optional<journey::Milestone> CompileMilestone(const YamlNode& node, const std::string& path,
                                                   const journey::Milestone* inherited,
                                                   Draft* draft);

// roles: name -> milestone and steps. Needs the anchors.
void CompileRoles(const YamlNode& roles, Draft* draft);
// accounts: activated, models; the shape of stages. Needs the roles.
void CompileAccounts(const YamlNode& accounts, Draft* draft);

// Checks the keys of the sections whose meaning comes later: stages, risk, gate, rules. They are
// carried in the playbook's text and compile to nothing.
void CheckStages(const YamlNode& stages, Problems* problems);
void CheckRisk(const YamlNode& risk, Problems* problems);
void CheckGate(const YamlNode& gate, Problems* problems);
void CheckRules(const YamlNode& rules, Problems* problems);

// `child` laid over `base`, as `extends` means it; see playbook_merge.cc.
YamlNode MergePlaybooks(const YamlNode& base, const YamlNode& child);

}  // namespace foothold::config
