// `extends: default`. What the child says replaces what it names and leaves the rest:
//
//   events                    other names are added to those there are
//   anchors, rules, gate      by name
//   roles                     by name, and in a role by key; a milestone that gives only `within`
//                             keeps its criteria; `contact: true` replaces the whole role
//   accounts.models           by name, and in a model by role; accounts.activated, .stages: whole
//   risk                      levels by key, signals by name
//   everything else           whole
//
// A name without a value (`viewer: null`) removes what was inherited; a role that is removed also
// leaves the inherited models.

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
  const YamlNode* inherited = base.Find("models");
  const YamlNode* models = child.Find("models");
  if (inherited != nullptr && models != nullptr && !models->is_null()) {
    YamlNode whole = MergeModels(*inherited, *models);
    whole.key = models->key;
    whole.key_place = models->key_place;
    *merged.Find("models") = std::move(whole);
  }
  return merged;
}

// Takes the roles that `child` removes out of what `base` says of them elsewhere.
YamlNode WithoutRemovedRoles(YamlNode base, const YamlNode& child) {
  const YamlNode* roles = child.Find("roles");
  YamlNode* accounts = base.Find("accounts");
  YamlNode* models = accounts == nullptr ? nullptr : accounts->Find("models");
  if (roles == nullptr || models == nullptr) {
    return base;
  }
  for (const YamlNode& role : roles->children) {
    if (!role.is_null()) {
      continue;
    }
    for (YamlNode& model : models->children) {
      std::erase_if(model.children, [&](const YamlNode& entry) {
        return CanonicalRoleName(entry.key) == CanonicalRoleName(role.key);
      });
    }
  }
  std::erase_if(models->children, [](const YamlNode& model) { return model.children.empty(); });
  return base;
}

Merge MergeOfSection(std::string_view section) {
  if (section == "events") return MergeEvents;
  if (section == "anchors" || section == "rules" || section == "gate") return MergeByName;
  if (section == "roles") return MergeRoles;
  if (section == "accounts") return MergeAccounts;
  if (section == "risk") return MergeTwoLevels;
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
