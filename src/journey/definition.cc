#include "src/journey/definition.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/journey/standard_events.h"

namespace foothold::journey {
namespace {

constexpr std::size_t kKinds = static_cast<std::size_t>(TrackerKind::kAccountAccess) + 1;

}  // namespace

Definition::Definition(Playbook playbook)
    : playbook_(std::move(playbook)),
      label_(fmt::format("{}@{}", playbook_.name, playbook_.version)),
      wakes_(playbook_),
      trackers_of_kind_(kKinds) {
  const Status valid = Validate(playbook_);
  FOOTHOLD_CHECK(valid.ok(), valid.message());
  for (std::size_t i = 0; i < playbook_.rules.size(); ++i) {
    rules_.emplace(Hash64(playbook_.rules[i].name), i);
  }
  for (const auto& [alias, canonical] : playbook_.aliases) {
    aliases_.emplace(alias, canonical);
  }
  for (std::size_t i = 0; i < playbook_.trackers.size(); ++i) {
    const Tracker& tracker = playbook_.trackers[i];
    const auto index = static_cast<std::int32_t>(i);
    trackers_of_kind_[static_cast<std::size_t>(tracker.kind)].push_back(index);
    for (const std::string& event : tracker.events) {
      trackers_of_event_[event].push_back(index);
    }
  }
}

std::string Definition::Canonical(std::string_view raw) const {
  std::string name = CanonicalEventName(raw);
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? name : alias->second;
}

std::string Definition::DisplayNameOf(std::string_view raw) const {
  return std::string(DisplayName(Canonical(raw)));
}

const std::vector<std::int32_t>& Definition::TrackersOf(const std::string& canonical) const {
  static const std::vector<std::int32_t> kNone;
  const auto found = trackers_of_event_.find(canonical);
  return found == trackers_of_event_.end() ? kNone : found->second;
}

const std::vector<std::int32_t>& Definition::TrackersOfKind(TrackerKind kind) const {
  return trackers_of_kind_[static_cast<std::size_t>(kind)];
}

std::int32_t Definition::RoleIndex(std::string_view role) const {
  const auto found = std::ranges::find(playbook_.roles, role, &Role::name);
  return found == playbook_.roles.end()
             ? -1
             : static_cast<std::int32_t>(found - playbook_.roles.begin());
}

const Milestone* Definition::MilestoneOf(std::int32_t role, std::string_view product_model) const {
  if (role < 0) {
    return nullptr;
  }
  if (!product_model.empty()) {
    const auto model = std::ranges::find(playbook_.models, product_model, &Model::name);
    if (model != playbook_.models.end()) {
      const auto change = std::ranges::find(model->overrides, role, &Model::Override::role);
      if (change != model->overrides.end()) {
        return &change->milestone;
      }
    }
  }
  const std::optional<Milestone>& milestone =
      playbook_.roles[static_cast<std::size_t>(role)].milestone;
  return milestone.has_value() ? &*milestone : nullptr;
}

bool Definition::IsCoreFeature(const std::string& canonical) const {
  return std::ranges::binary_search(playbook_.core_features, canonical);
}

const Rule* Definition::RuleOf(std::uint64_t name_hash) const {
  const auto found = rules_.find(name_hash);
  return found == rules_.end() ? nullptr : &playbook_.rules[found->second];
}

std::int32_t Definition::AnchorIndex(std::string_view name) const {
  const auto found = std::ranges::find(playbook_.anchors, name, &Anchor::name);
  return found == playbook_.anchors.end()
             ? -1
             : static_cast<std::int32_t>(found - playbook_.anchors.begin());
}

}  // namespace foothold::journey
