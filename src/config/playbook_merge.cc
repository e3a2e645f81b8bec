// `extends: default`. What the child says replaces what it names and leaves the rest:
//
//   events                    other names are added to those there are
//   anchors                   by name
//   rules, blockers, gate     by name, and in each by key
//   roles                     by name, and in a role by key; a milestone that gives only `within`
//                             keeps its criteria; `contact: true` replaces the whole role
//   accounts.models           by name, and in a model by role
//   accounts.stages           by name, and in a stage by key; a new one comes behind the one (or
//   its
//                             place) that is before it in the child's list, or at the end
//   accounts.activated        whole
//   risk                      levels by key, signals by name and in a signal by key
//   everything else           whole
//
// A name without a value (`viewer: null`; of a stage `{name: kickoff, when: null}`) removes what
// was inherited. A role that is removed also leaves the inherited models, and what else is
// inherited forgets it: lists of roles lose it, and what asks for no other role goes.

#include <algorithm>
#include <utility>

#include "src/base/names.h"
#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using Merge = YamlNode (*)(const YamlNode& base, const YamlNode& child);

// The node under a key that compares equal by `canonical`.
template <class Canonical>
YamlNode* FindBy(std::vector<YamlNode>* nodes, const std::string& key, Canonical canonical) {
  const auto found = std::ranges::find_if(
      *nodes, [&](const YamlNode& node) { return canonical(node.key) == canonical(key); });
  return found == nodes->end() ? nullptr : &*found;
}

std::string Same(const std::string& key) { return key; }

// The map `child` over the map `base`: `merge` for what both have, null removes.
template <class Canonical>
YamlNode MergeEach(const YamlNode& base, const YamlNode& child, Merge merge, Canonical canonical) {
  if (!base.is_map() || !child.is_map()) {
    return child;
  }
  YamlNode merged = child;
  merged.children = base.children;
  for (const YamlNode& entry : child.children) {
    YamlNode* inherited = FindBy(&merged.children, entry.key, canonical);
    if (inherited == nullptr) {
      merged.children.push_back(entry);
      continue;
    }
    YamlNode replacement = entry.is_null() ? entry : merge(*inherited, entry);
    replacement.key = entry.key;
    replacement.key_place = entry.key_place;
    *inherited = std::move(replacement);
  }
  std::erase_if(merged.children, [](const YamlNode& node) { return node.is_null(); });
  return merged;
}

YamlNode Replace(const YamlNode& /*base*/, const YamlNode& child) { return child; }

YamlNode MergeByName(const YamlNode& base, const YamlNode& child) {
  return MergeEach(base, child, Replace, Same);
}

YamlNode MergeTwoLevels(const YamlNode& base, const YamlNode& child) {
  return MergeEach(base, child, MergeByName, Same);
}

YamlNode MergeThreeLevels(const YamlNode& base, const YamlNode& child) {
  return MergeEach(base, child, MergeTwoLevels, Same);
}

// The name of an entry of a list; empty if it has none.
std::string NameOf(const YamlNode& entry) {
  const YamlNode* const name = entry.is_map() ? entry.Find("name") : nullptr;
  return name != nullptr && name->is_scalar() ? name->text : "";
}

YamlNode MergeStages(const YamlNode& base, const YamlNode& child) {
  if (!base.is_list() || !child.is_list()) {
    return child;
  }
  YamlNode merged = child;
  std::vector<YamlNode>& stages = merged.children;
  stages = base.children;
  std::string before;
  for (const YamlNode& entry : child.children) {
    const std::string name = NameOf(entry);
    const auto inherited = name.empty() ? stages.end() : std::ranges::find(stages, name, NameOf);
    if (inherited != stages.end()) {
      const bool is_removal = entry.Find("when") != nullptr && entry.Find("when")->is_null();
      if (is_removal) {
        before = inherited == stages.begin() ? "" : NameOf(*std::prev(inherited));
        stages.erase(inherited);
        continue;
      }
      *inherited = MergeByName(*inherited, entry);
    } else {
      const auto place = before.empty() ? stages.end() : std::ranges::find(stages, before, NameOf);
      stages.insert(place == stages.end() ? place : std::next(place), entry);
    }
    before = name;
  }
  return merged;
}

YamlNode MergeRolesOfModel(const YamlNode& base, const YamlNode& child) {
  return MergeEach(base, child, Replace, CanonicalRoleName);
}

// Both may be one name or a list of them; null stands for none.
YamlNode Concatenated(const YamlNode& base, const YamlNode& child) {
  YamlNode merged = child;
  merged.kind = YamlNode::Kind::kList;
  merged.text.clear();
  merged.children.clear();
  for (const YamlNode* names : {&base, &child}) {
    if (names->is_scalar()) {
      merged.children.push_back(*names);
    }
    merged.children.insert(merged.children.end(), names->children.begin(), names->children.end());
  }
  return merged;
}

YamlNode MergeEvents(const YamlNode& base, const YamlNode& child) {
  if (!base.is_map() || !child.is_map()) {
    return child;
  }
  YamlNode merged = base;
  for (const YamlNode& entry : child.children) {
    YamlNode* inherited = FindBy(&merged.children, entry.key, CanonicalEventName);
    if (inherited == nullptr) {
      merged.children.push_back(entry);
    } else if (!entry.is_map()) {
      YamlNode names = Concatenated(*inherited, entry);
      names.key = inherited->key;
      names.key_place = inherited->key_place;
      *inherited = std::move(names);
    } else {
      *inherited = entry;  // Not what stands there; the compiler says so.
    }
  }
  return merged;
}

YamlNode MergeMilestone(const YamlNode& base, const YamlNode& child) {
  const bool has_criteria = child.Find("all") != nullptr || child.Find("did") != nullptr;
  if (has_criteria || !child.is_map()) {
    return child;
  }
  return MergeByName(base, child);
}

YamlNode MergeRole(const YamlNode& base, const YamlNode& child) {
  const YamlNode* contact = child.Find("contact");
  if (contact != nullptr && contact->text == "true") {
    return child;
  }
  YamlNode merged = MergeByName(base, child);
  const YamlNode* inherited = base.Find("milestone");
  const YamlNode* milestone = child.Find("milestone");
  if (inherited != nullptr && milestone != nullptr && !milestone->is_null()) {
    YamlNode whole = MergeMilestone(*inherited, *milestone);
    whole.key = milestone->key;
    whole.key_place = milestone->key_place;
    *merged.Find("milestone") = std::move(whole);
  }
  // A contact that the child makes a role of its own.
  if (milestone != nullptr && contact == nullptr) {
    std::erase_if(merged.children, [](const YamlNode& node) { return node.key == "contact"; });
  }
  return merged;
}

YamlNode MergeRoles(const YamlNode& base, const YamlNode& child) {
  return MergeEach(base, child, MergeRole, CanonicalRoleName);
}

YamlNode MergeModels(const YamlNode& base, const YamlNode& child) {
  return MergeEach(base, child, MergeRolesOfModel, Same);
}

YamlNode MergeAccounts(const YamlNode& base, const YamlNode& child) {
  YamlNode merged = MergeByName(base, child);
  for (const auto& [section, merge] :
       {std::pair("models", &MergeModels), std::pair("stages", &MergeStages)}) {
    const YamlNode* inherited = base.Find(section);
    const YamlNode* own = child.Find(section);
    if (inherited != nullptr && own != nullptr && !own->is_null()) {
      YamlNode whole = merge(*inherited, *own);
      whole.key = own->key;
      whole.key_place = own->key_place;
      *merged.Find(section) = std::move(whole);
    }
  }
  return merged;
}

// Takes a role out of lists of roles under `entry`. False if something there asks for no other.
bool ForgetRole(const std::string& role, YamlNode* entry) {
  std::vector<YamlNode*> waiting = {entry};
  while (!waiting.empty()) {
    YamlNode* const node = waiting.back();
    waiting.pop_back();
    const bool names_roles = node->key == "role" || node->key == "to";
    if (names_roles && node->is_scalar() && CanonicalRoleName(node->text) == role) {
      return false;
    }
    if (names_roles && node->is_list()) {
      std::erase_if(node->children, [&](const YamlNode& name) {
        return name.is_scalar() && CanonicalRoleName(name.text) == role;
      });
      if (node->children.empty()) {
        return false;
      }
    }
    for (YamlNode& part : node->children) {
      waiting.push_back(&part);
    }
  }
  return true;
}

// Takes the roles that `child` removes out of what `base` says of them elsewhere.
YamlNode WithoutRemovedRoles(YamlNode base, const YamlNode& child) {
  const YamlNode* roles = child.Find("roles");
  if (roles == nullptr) {
    return base;
  }
  YamlNode* const accounts = base.Find("accounts");
  YamlNode* const risk = base.Find("risk");
  YamlNode* const models = accounts == nullptr ? nullptr : accounts->Find("models");
  for (const YamlNode& removed : roles->children) {
    if (!removed.is_null()) {
      continue;
    }
    const std::string role = CanonicalRoleName(removed.key);
    if (models != nullptr) {
      for (YamlNode& model : models->children) {
        std::erase_if(model.children,
                      [&](const YamlNode& entry) { return CanonicalRoleName(entry.key) == role; });
      }
    }
    for (YamlNode* section : {base.Find("blockers"), base.Find("rules"),
                              risk == nullptr ? nullptr : risk->Find("signals")}) {
      if (section != nullptr) {
        std::erase_if(section->children,
                      [&](YamlNode& entry) { return !ForgetRole(role, &entry); });
      }
    }
  }
  if (models != nullptr) {
    std::erase_if(models->children, [](const YamlNode& model) { return model.children.empty(); });
  }
  return base;
}

Merge MergeOfSection(std::string_view section) {
  if (section == "events") return MergeEvents;
  if (section == "anchors") return MergeByName;
  if (section == "rules" || section == "blockers" || section == "gate") return MergeTwoLevels;
  if (section == "roles") return MergeRoles;
  if (section == "accounts") return MergeAccounts;
  if (section == "risk") return MergeThreeLevels;
  return Replace;
}

}  // namespace

YamlNode MergePlaybooks(const YamlNode& base, const YamlNode& child) {
  YamlNode merged = WithoutRemovedRoles(base, child);
  for (const YamlNode& section : child.children) {
    YamlNode* inherited = merged.Find(section.key);
    if (inherited == nullptr) {
      merged.children.push_back(section);
      continue;
    }
    YamlNode replacement =
        section.is_null() ? section : MergeOfSection(section.key)(*inherited, section);
    replacement.key = section.key;
    replacement.key_place = section.key_place;
    *inherited = std::move(replacement);
  }
  // Its name and version are the child's own.
  std::erase_if(merged.children, [&](const YamlNode& section) {
    return section.key == "extends" || ((section.key == "playbook" || section.key == "version") &&
                                        child.Find(section.key) == nullptr);
  });
  merged.place = child.place;
  return merged;
}

}  // namespace foothold::config
