#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::MemberCondition;
using journey::Milestone;
using journey::Model;
using journey::Role;

// A condition on the members that stands alone.
std::optional<MemberCondition> CompileMemberCondition(const YamlNode& node, const std::string& path,
                                                      Draft* draft) {
  MapReader reader(node, path, draft->problems);
  if (!node.is_map()) {
    return std::nullopt;
  }
  std::optional<MemberCondition> condition = CompileMembers(&reader, draft);
  reader.Finish();
  return condition;
}

void CompileActivated(const YamlNode& node, Draft* draft) {
  const std::string path = "accounts.activated";
  std::vector<MemberCondition>* conditions = &draft->playbook.account_activated;
  const bool is_single = node.is_map() && node.Find("members") != nullptr;
  if (is_single) {
    if (std::optional<MemberCondition> condition = CompileMemberCondition(node, path, draft)) {
      conditions->push_back(*condition);
    }
    return;
  }
  MapReader reader(node, path, draft->problems);
  const YamlNode* all = reader.Require("all");
  if (all != nullptr && (!all->is_list() || all->children.empty())) {
    draft->problems->Add(all->place, path + ".all: expected a list of conditions on the members");
  } else if (all != nullptr) {
    for (std::size_t i = 0; i < all->children.size(); ++i) {
      std::optional<MemberCondition> condition =
          CompileMemberCondition(all->children[i], fmt::format("{}.all[{}]", path, i), draft);
      if (condition.has_value()) {
        conditions->push_back(*condition);
      }
    }
  }
  reader.Finish();
}

void CompileModel(const YamlNode& node, Draft* draft) {
  const std::string path = "accounts.models." + node.key;
  if (!node.is_map()) {
    draft->problems->Add(node.key_place,
                         path + ": expected a map of a role to what the model changes");
    return;
  }
  Model model{.name = node.key, .overrides = {}};
  for (const YamlNode& child : node.children) {
    const std::string child_path = fmt::format("{}.{}", path, child.key);
    const std::int32_t index = draft->RoleIndex(CanonicalRoleName(child.key));
    if (index < 0) {
      draft->problems->AddUnknown(child.key_place, path, "role", child.key, draft->RoleNames());
      continue;
    }
    const Role& role = draft->playbook.roles[static_cast<std::size_t>(index)];
    if (role.is_contact) {
      draft->problems->Add(child.key_place, child_path + ": a contact has no milestone to change");
      continue;
    }
    if (!role.milestone.has_value()) {
      continue;  // What is wrong with it was said where it stands.
    }
    std::optional<Milestone> milestone =
        CompileMilestone(child, child_path, &*role.milestone, draft);
    if (milestone.has_value()) {
      model.overrides.push_back({.role = index, .milestone = std::move(*milestone)});
    }
  }
  draft->playbook.models.push_back(std::move(model));
}

}  // namespace

void CompileAccounts(const YamlNode& accounts, Draft* draft) {
  MapReader reader(accounts, "accounts", draft->problems);
  if (const YamlNode* activated = reader.Take("activated")) {
    CompileActivated(*activated, draft);
  }
  if (const YamlNode* models = reader.Take("models")) {
    if (!models->is_map()) {
      draft->problems->Add(models->place, "accounts.models: expected a map of models by name");
    }
    for (const YamlNode& model : models->children) {
      CompileModel(model, draft);
    }
  }
  if (const YamlNode* stages = reader.Take("stages")) {
    CompileStages(*stages, draft);
  }
  reader.Finish();
}

}  // namespace foothold::config
