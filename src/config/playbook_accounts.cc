#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::Comparison;
using journey::MemberCondition;
using journey::Milestone;
using journey::Model;
using journey::Role;
using Selector = MemberCondition::Selector;
using Quantifier = MemberCondition::Quantifier;
using Property = MemberCondition::Property;

constexpr double kMembersMax = 1'000'000;

constexpr auto kSelectors =
    std::to_array<std::pair<std::string_view, Selector>>({{"all", Selector::kAll},
                                                          {"eligible", Selector::kEligible},
                                                          {"joined", Selector::kJoined},
                                                          {"invited", Selector::kInvited}});
constexpr auto kProperties =
    std::to_array<std::pair<std::string_view, Property>>({{"reached", Property::kReached},
                                                          {"active", Property::kActive},
                                                          {"joined", Property::kJoined},
                                                          {"late", Property::kLate}});
constexpr auto kQuantifiers =
    std::to_array<std::pair<std::string_view, Quantifier>>({{"any", Quantifier::kAny},
                                                            {"all", Quantifier::kAll},
                                                            {"none", Quantifier::kNone},
                                                            {"share", Quantifier::kShare}});
constexpr auto kBounds =
    std::to_array<std::pair<std::string_view, Comparison>>({{"at_least", Comparison::kGreaterEqual},
                                                            {"above", Comparison::kGreater},
                                                            {"at_most", Comparison::kLessEqual},
                                                            {"below", Comparison::kLess}});

void CompileSelector(MapReader* reader, Draft* draft, MemberCondition* condition) {
  const YamlNode* members = reader->Require("members");
  if (members == nullptr) {
    return;
  }
  if (!members->is_map()) {
    reader->ReadChoice("members", kSelectors, &condition->selector);
    return;
  }
  condition->selector = Selector::kRole;
  MapReader selector(*members, reader->PathOf("members"), draft->problems);
  if (const YamlNode* role = selector.Require("role")) {
    const std::string path = selector.PathOf("role");
    const std::string name =
        CanonicalRoleName(ReadTextValue(*role, path, draft->problems).value_or(""));
    condition->role = draft->RoleIndex(name);
    if (condition->role < 0 && !name.empty()) {
      draft->problems->AddUnknown(role->place, path, "role", name, draft->RoleNames());
    }
  }
  selector.Finish();
}

// Which of the words of `table` stand as keys in the map; all are asked for.
template <class T, std::size_t kSize>
std::vector<std::pair<std::string_view, T>> Present(
    MapReader* reader, const std::array<std::pair<std::string_view, T>, kSize>& table) {
  std::vector<std::pair<std::string_view, T>> present;
  for (const auto& entry : table) {
    if (reader->Take(entry.first) != nullptr) {
      present.push_back(entry);
    }
  }
  return present;
}

std::optional<MemberCondition> CompileMemberCondition(const YamlNode& node, const std::string& path,
                                                      Draft* draft) {
  MapReader reader(node, path, draft->problems);
  if (!node.is_map()) {
    return std::nullopt;
  }
  MemberCondition condition;
  CompileSelector(&reader, draft, &condition);
  const auto quantifiers = Present(&reader, kQuantifiers);
  const auto bounds = Present(&reader, kBounds);
  reader.ReadBoolean("or_empty", &condition.or_empty);
  reader.Finish();

  const bool is_count = quantifiers.empty();
  condition.quantifier = is_count ? Quantifier::kCount : quantifiers.front().second;
  const bool has_bound = is_count || condition.quantifier == Quantifier::kShare;
  if (quantifiers.size() > 1) {
    draft->problems->Add(node.place, path + ": one of any, all, none, share, not several");
    return std::nullopt;
  }
  if (!is_count) {
    reader.ReadChoice(quantifiers.front().first, kProperties, &condition.property);
  }
  if (bounds.size() != (has_bound ? 1U : 0U)) {
    draft->problems->Add(
        node.place, path + (has_bound ? ": expected one of at_least, above, at_most, below"
                                      : ": at_least and its like go with share or with a count"));
    return std::nullopt;
  }
  if (has_bound) {
    const auto& [word, comparison] = bounds.front();
    condition.comparison = comparison;
    condition.value = ReadNumberValue(*node.Find(word), reader.PathOf(word),
                                      {0, is_count ? kMembersMax : 1.0}, draft->problems)
                          .value_or(0);
  }
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
    CheckStages(*stages, draft->problems);
  }
  reader.Finish();
}

}  // namespace foothold::config
