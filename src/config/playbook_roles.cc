#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::Criterion;
using journey::Milestone;
using journey::Role;
using journey::Step;
using journey::StepClass;

constexpr std::size_t kStepsMin = 3;
constexpr std::size_t kStepsMax = 5;

constexpr auto kStepClasses = std::to_array<std::pair<std::string_view, StepClass>>(
    {{"setup", StepClass::kSetup}, {"value", StepClass::kValue}, {"habit", StepClass::kHabit}});

std::optional<Step> CompileStep(const YamlNode& node, const std::string& path, Draft* draft) {
  MapReader reader(node, path, draft->problems);
  if (!node.is_map()) {
    return std::nullopt;
  }
  Step step;
  if (const YamlNode* name = reader.Require("name")) {
    step.name = ReadTextValue(*name, reader.PathOf("name"), draft->problems).value_or("");
  }
  if (node.Find("class") == nullptr) {
    reader.Require("class");
  }
  reader.ReadChoice("class", kStepClasses, &step.step_class);
  reader.ReadBoolean("milestone", &step.is_milestone);
  if (step.is_milestone) {
    if (const YamlNode* did = reader.Take("did")) {
      draft->problems->Add(did->key_place,
                           path + ": a step is the milestone or has criteria of its own, not both");
    }
  } else {
    step.criterion = CompileCriterion(&reader, draft);
  }
  reader.Finish();
  const bool is_whole = step.is_milestone || step.criterion.has_value();
  return is_whole ? std::optional(std::move(step)) : std::nullopt;
}

void CheckLadder(const YamlNode& node, const std::string& path, const std::vector<Step>& steps,
                 Problems* problems) {
  if (node.children.size() < kStepsMin || node.children.size() > kStepsMax) {
    problems->Add(node.key_place, fmt::format("{}: a ladder has {} to {} steps, not {}", path,
                                              kStepsMin, kStepsMax, node.children.size()));
  }
  if (steps.size() != node.children.size()) {
    return;  // A step that could not be read was reported itself.
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool is_last = i + 1 == steps.size();
    if (steps[i].is_milestone && !is_last) {
      problems->Add(node.children[i].place,
                    fmt::format("{}[{}]: only the last step is the milestone", path, i));
    }
    if (is_last && !steps[i].is_milestone) {
      problems->Add(
          node.children[i].place,
          fmt::format("{}[{}]: the last step must be the milestone (milestone: true)", path, i));
    }
    const auto same_name = [&](const Step& other) { return other.name == steps[i].name; };
    if (std::find_if(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(i), same_name) !=
        steps.begin() + static_cast<std::ptrdiff_t>(i)) {
      problems->Add(node.children[i].place,
                    fmt::format("{}[{}]: a second step '{}'", path, i, steps[i].name));
    }
  }
}

std::vector<Step> CompileSteps(const YamlNode& node, const std::string& path, Draft* draft) {
  std::vector<Step> steps;
  if (!node.is_list()) {
    draft->problems->Add(node.place, path + ": expected a list of steps");
    return steps;
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    std::optional<Step> step = CompileStep(node.children[i], fmt::format("{}[{}]", path, i), draft);
    if (step.has_value()) {
      steps.push_back(std::move(*step));
    }
  }
  CheckLadder(node, path, steps, draft->problems);
  return steps;
}

void CompileRole(const YamlNode& node, Draft* draft) {
  Role role;
  role.name = CanonicalRoleName(node.key);
  const std::string path = "roles." + node.key;
  if (draft->RoleIndex(role.name) >= 0) {
    draft->problems->Add(node.key_place, fmt::format("{}: a second role '{}'", path, role.name));
    return;
  }
  MapReader reader(node, path, draft->problems);
  reader.ReadBoolean("contact", &role.is_contact);
  const YamlNode* milestone =
      role.is_contact ? reader.Take("milestone") : reader.Require("milestone");
  const YamlNode* steps = role.is_contact ? reader.Take("steps") : reader.Require("steps");
  if (role.is_contact && (milestone != nullptr || steps != nullptr)) {
    draft->problems->Add((milestone != nullptr ? milestone : steps)->key_place,
                         path + ": a contact has no milestone and no steps");
  } else {
    if (milestone != nullptr) {
      role.milestone = CompileMilestone(*milestone, reader.PathOf("milestone"), nullptr, draft);
    }
    if (steps != nullptr) {
      role.steps = CompileSteps(*steps, reader.PathOf("steps"), draft);
    }
  }
  reader.Finish();
  draft->playbook.roles.push_back(std::move(role));
}

}  // namespace

void CompileRoles(const YamlNode& roles, Draft* draft) {
  if (!roles.is_map() || roles.children.empty()) {
    draft->problems->Add(roles.place, "roles: expected a map of a role to its milestone and steps");
    return;
  }
  for (const YamlNode& role : roles.children) {
    CompileRole(role, draft);
  }
  const bool has_milestone =
      std::ranges::any_of(draft->playbook.roles, [](const Role& role) { return !role.is_contact; });
  if (!has_milestone) {
    draft->problems->Add(roles.key_place, "roles: at least one role has a milestone");
  }
}

}  // namespace foothold::config
