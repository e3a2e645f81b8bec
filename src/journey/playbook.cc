#include "src/journey/playbook.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/journey/rules_check.h"

namespace foothold::journey {
namespace {

constexpr std::int32_t kKeepMax = 1000;

std::uint64_t MixText(std::uint64_t seed, std::string_view text) {
  return MixHash(seed, Hash64(text));
}

template <class T>
bool IsIndexOf(std::int32_t index, const std::vector<T>& items) {
  return index >= 0 && static_cast<std::size_t>(index) < items.size();
}

Status CheckWindow(const Playbook& playbook, const std::optional<Window>& window,
                   std::string_view where) {
  if (!window.has_value()) {
    return {};
  }
  if (!IsIndexOf(window->anchor, playbook.anchors)) {
    return Error(Code::kInvalid, fmt::format("{}: the window's anchor does not exist", where));
  }
  if (!IsFixed(playbook.anchors[static_cast<std::size_t>(window->anchor)])) {
    return Error(Code::kInvalid, fmt::format("{}: no window opens at what moves on", where));
  }
  if (window->length <= milliseconds(0)) {
    return Error(Code::kInvalid, fmt::format("{}: a window is longer than nothing", where));
  }
  return {};
}

Status CheckCriterion(const Playbook& playbook, const Criterion& criterion,
                      std::string_view where) {
  if (!IsIndexOf(criterion.tracker, playbook.trackers)) {
    return Error(Code::kInvalid,
                 fmt::format("{}: criterion '{}' has no tracker", where, criterion.label));
  }
  const Tracker& tracker = playbook.trackers[static_cast<std::size_t>(criterion.tracker)];
  if (tracker.is_latest) {
    return Error(Code::kInvalid, fmt::format("{}: criterion '{}' counts from the earliest", where,
                                             criterion.label));
  }
  if (criterion.at_least < 1 || criterion.at_least > tracker.keep) {
    return Error(Code::kInvalid,
                 fmt::format("{}: criterion '{}' needs {} occurrences and its tracker keeps {}",
                             where, criterion.label, criterion.at_least, tracker.keep));
  }
  return CheckWindow(playbook, criterion.within, where);
}

Status CheckMilestone(const Playbook& playbook, const Milestone& milestone,
                      std::string_view where) {
  if (milestone.all.empty()) {
    return Error(Code::kInvalid, fmt::format("{}: a milestone has at least one criterion", where));
  }
  for (const Criterion& criterion : milestone.all) {
    FOOTHOLD_TRY(CheckCriterion(playbook, criterion, where));
  }
  return CheckWindow(playbook, milestone.within, where);
}

Status CheckRole(const Playbook& playbook, const Role& role) {
  const std::string where = fmt::format("role '{}'", role.name);
  if (role.name.empty()) {
    return Error(Code::kInvalid, "a role has a name");
  }
  if (role.milestone.has_value()) {
    FOOTHOLD_TRY(CheckMilestone(playbook, *role.milestone, where));
  } else if (!role.is_contact) {
    return Error(Code::kInvalid, where + " has no milestone and is not a contact");
  }
  if (role.milestone.has_value() && (role.steps.size() < 3 || role.steps.size() > 5)) {
    return Error(Code::kInvalid,
                 fmt::format("{} has {} steps; a ladder has 3 to 5", where, role.steps.size()));
  }
  for (const Step& step : role.steps) {
    if (step.is_milestone == step.criterion.has_value()) {
      return Error(Code::kInvalid, fmt::format("{}: step '{}' is the milestone or has a criterion",
                                               where, step.name));
    }
    if (step.criterion.has_value()) {
      FOOTHOLD_TRY(CheckCriterion(playbook, *step.criterion, where));
    }
  }
  return {};
}

Status CheckTrackers(const Playbook& playbook) {
  std::set<std::uint64_t> keys;
  for (const Tracker& tracker : playbook.trackers) {
    const bool has_events =
        tracker.kind == TrackerKind::kDid || tracker.kind == TrackerKind::kAccountDid;
    if (has_events == tracker.events.empty()) {
      return Error(Code::kInvalid, "a tracker of events names them, no other does");
    }
    if (tracker.is_latest && !tracker.distinct.empty()) {
      return Error(Code::kInvalid, "a tracker keeps the latest occurrences, or distinct values");
    }
    if (!std::ranges::is_sorted(tracker.events)) {
      return Error(Code::kInvalid, "a tracker's events are sorted");
    }
    if (tracker.keep < 1 || tracker.keep > kKeepMax) {
      return Error(Code::kInvalid, fmt::format("a tracker keeps 1 to {} occurrences, not {}",
                                               kKeepMax, tracker.keep));
    }
    if (tracker.key != TrackerKey(tracker) || !keys.insert(tracker.key).second) {
      return Error(Code::kInvalid, "a tracker's key is that of its definition, and unique");
    }
  }
  return {};
}

Status CheckAnchors(const Playbook& playbook) {
  std::set<std::string_view> names;
  for (const Anchor& anchor : playbook.anchors) {
    if (!names.insert(anchor.name).second) {
      return Error(Code::kInvalid, fmt::format("a second anchor '{}'", anchor.name));
    }
    for (const std::vector<AnchorEntry>& group : anchor.entries) {
      for (const AnchorEntry& entry : group) {
        const bool is_tracker = entry.kind == AnchorEntry::Kind::kTracker;
        const bool is_trait = entry.kind == AnchorEntry::Kind::kUserTrait ||
                              entry.kind == AnchorEntry::Kind::kAccountTrait;
        const bool names_tracker =
            IsIndexOf(entry.tracker, playbook.trackers) &&
            !playbook.trackers[static_cast<std::size_t>(entry.tracker)].is_latest;
        if ((is_tracker && !names_tracker) || (is_trait && entry.trait.empty())) {
          return Error(Code::kInvalid,
                       fmt::format("anchor '{}' has an entry that names nothing", anchor.name));
        }
      }
    }
  }
  return {};
}

}  // namespace

std::uint64_t TrackerKey(const Tracker& tracker) {
  std::uint64_t key = MixHash(0, static_cast<std::uint64_t>(tracker.kind));
  for (const std::string& event : tracker.events) {
    key = MixText(key, event);
  }
  key = MixText(key, tracker.distinct);
  if (tracker.is_latest) {  // Others have the keys they had before there was such a thing.
    key = MixText(key, "latest");
  }
  for (const PropertyCondition& condition : tracker.where) {
    key = MixText(key, condition.property);
    key = MixHash(key, static_cast<std::uint64_t>(condition.comparison));
    key = MixHash(key, condition.holds_if_absent ? 1 : 0);
    for (const std::string& value : condition.any_of) {
      key = MixText(key, value);
    }
  }
  return key;
}

bool IsOfAccount(TrackerKind kind) {
  return kind == TrackerKind::kAccountDid || kind == TrackerKind::kAnyEvent ||
         kind == TrackerKind::kAccountAccess;
}

bool DecidesAlike(const Playbook& a, const Playbook& b) {
  Playbook other = b;
  other.version = a.version;
  other.yaml = a.yaml;
  return a == other;
}

Status Validate(const Playbook& playbook) {
  if (playbook.name.empty() || playbook.version < 1) {
    return Error(Code::kInvalid, "a playbook has a name and a version from 1");
  }
  FOOTHOLD_TRY(CheckTrackers(playbook));
  FOOTHOLD_TRY(CheckAnchors(playbook));
  for (const Role& role : playbook.roles) {
    FOOTHOLD_TRY(CheckRole(playbook, role));
  }
  for (const Model& model : playbook.models) {
    for (const Model::Override& change : model.overrides) {
      if (!IsIndexOf(change.role, playbook.roles)) {
        return Error(Code::kInvalid,
                     fmt::format("model '{}' overrides a role that does not exist", model.name));
      }
      FOOTHOLD_TRY(
          CheckMilestone(playbook, change.milestone, fmt::format("model '{}'", model.name)));
    }
  }
  if (playbook.account_activated.empty()) {
    return Error(Code::kInvalid, "accounts.activated has at least one condition");
  }
  for (const MemberCondition& condition : playbook.account_activated) {
    if (condition.selector == MemberCondition::Selector::kRole &&
        !IsIndexOf(condition.role, playbook.roles)) {
      return Error(Code::kInvalid, "accounts.activated names a role that does not exist");
    }
  }
  return CheckRules(playbook);
}

}  // namespace foothold::journey
