#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/base/time.h"
#include "src/journey/playbook.h"
#include "src/journey/wakes.h"

namespace foothold::journey {

// A playbook made ready to decide: the playbook and the look-up tables that follow from it.
// Immutable; shared by all subjects of a partition.
class Definition {
 public:
  // REQUIRES: Validate(playbook).ok().
  explicit Definition(Playbook playbook);

  const Playbook& playbook() const { return playbook_; }
  // "name@version".
  const std::string& label() const { return label_; }

  // The canonical name of an event: its normal form, or what that is an alias of.
  std::string Canonical(std::string_view raw) const;
  // Likewise, as the product writes it: "User-Role Changed" -> "user.role_changed".
  std::string DisplayNameOf(std::string_view raw) const;
  // Trackers (indexes) that collect this canonical event, kDid and kAccountDid.
  const std::vector<std::int32_t>& TrackersOf(const std::string& canonical) const;
  const std::vector<std::int32_t>& TrackersOfKind(TrackerKind kind) const;
  // Index of the role, -1 if the playbook has none of that name.
  std::int32_t RoleIndex(std::string_view role) const;
  // The milestone of a role under a product model (raw trait value, may be empty); nullptr: none.
  const Milestone* MilestoneOf(std::int32_t role, std::string_view product_model) const;
  bool IsCoreFeature(const std::string& canonical) const;
  // What an event, a fact or time can concern.
  const Wakes& wakes() const { return wakes_; }
  // The rule whose name has this Hash64(); nullptr: the playbook has none.
  const Rule* RuleOf(std::uint64_t name_hash) const;
  // Index of the anchor of that name, -1 if there is none.
  std::int32_t AnchorIndex(std::string_view name) const;

 private:
  Playbook playbook_;
  std::string label_;
  Wakes wakes_;
  std::unordered_map<std::uint64_t, std::size_t> rules_;  // By Hash64() of the name.
  std::unordered_map<std::string, std::string> aliases_;
  std::unordered_map<std::string, std::vector<std::int32_t>> trackers_of_event_;
  std::vector<std::vector<std::int32_t>> trackers_of_kind_;
};

}  // namespace foothold::journey
