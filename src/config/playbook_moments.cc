#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/names.h"
#include "src/config/playbook_conditions.h"
#include "src/journey/rules_check.h"

namespace foothold::config {
namespace {

using journey::Anchor;
using journey::AnchorEntry;
using journey::Moment;
using journey::SubjectKind;

constexpr Range<milliseconds> kDistance{milliseconds(0), 400 * kDay};
constexpr std::string_view kTriggerWord = "trigger";
constexpr std::string_view kOf = " of ";
constexpr std::string_view kBefore = " before ";
constexpr std::string_view kTrait = "trait ";
constexpr std::string_view kUserTrait = "user trait ";

constexpr auto kMoving = std::to_array<std::pair<std::string_view, AnchorEntry::Kind>>(
    {{"step", AnchorEntry::Kind::kStep},
     {"step_entered", AnchorEntry::Kind::kStepEntered},
     {"last_seen", AnchorEntry::Kind::kLastSeen},
     {"activated", AnchorEntry::Kind::kActivated},
     {"stage_entered", AnchorEntry::Kind::kStageEntered}});
constexpr auto kDates = std::to_array<std::string_view>({"createdAt", "trialEndsAt", "contractAt"});

std::vector<std::string> KnownAnchors(const Draft& draft) {
  std::vector<std::string> names;
  for (const Anchor& anchor : draft.playbook.anchors) {
    names.push_back(anchor.name);
  }
  for (const auto& [name, kind] : kMoving) {
    names.emplace_back(name);
  }
  names.insert(names.end(), kDates.begin(), kDates.end());
  return names;
}

// What a word stands for that is no anchor of the playbook; nullopt if it is nothing.
std::optional<std::pair<std::string, AnchorEntry>> EntryNamed(std::string_view name) {
  const auto* const moving =
      std::ranges::find(kMoving, name, &std::pair<std::string_view, AnchorEntry::Kind>::first);
  if (moving != kMoving.end()) {
    return std::pair(std::string(name),
                     AnchorEntry{.kind = moving->second, .tracker = -1, .trait = {}});
  }
  const std::string canonical = CanonicalPropertyName(name);
  const auto* const date = std::ranges::find_if(
      kDates, [&](std::string_view known) { return CanonicalPropertyName(known) == canonical; });
  if (date != kDates.end()) {
    return std::pair(
        std::string(*date),
        AnchorEntry{.kind = AnchorEntry::Kind::kAccountTrait, .tracker = -1, .trait = canonical});
  }
  for (const auto& [prefix, kind] : {std::pair(kTrait, AnchorEntry::Kind::kAccountTrait),
                                     std::pair(kUserTrait, AnchorEntry::Kind::kUserTrait)}) {
    const std::string trait =
        name.starts_with(prefix) ? CanonicalPropertyName(name.substr(prefix.size())) : "";
    if (!trait.empty()) {
      return std::pair(std::string(prefix) + trait,
                       AnchorEntry{.kind = kind, .tracker = -1, .trait = trait});
    }
  }
  return std::nullopt;
}

// The index of the anchor, made if the word stands for one; -1 if there is none.
std::int32_t AnchorNamed(std::string_view name, Draft* draft) {
  if (const std::int32_t index = draft->AnchorIndex(name); index >= 0) {
    return index;
  }
  std::optional<std::pair<std::string, AnchorEntry>> known = EntryNamed(name);
  if (!known.has_value()) {
    return -1;
  }
  if (const std::int32_t index = draft->AnchorIndex(known->first); index >= 0) {
    return index;
  }
  draft->playbook.anchors.push_back({.name = known->first, .entries = {{known->second}}});
  return static_cast<std::int32_t>(draft->playbook.anchors.size()) - 1;
}

// "3d", "trialEndsAt" and a sign.
struct MomentParts {
  std::string distance;  // Empty: none is written.
  std::string anchor;
  int sign = 1;
};

MomentParts SplitMoment(const std::string& text) {
  for (const auto& [word, sign] : {std::pair(kOf, 1), std::pair(kBefore, -1)}) {
    const std::size_t at = text.find(word);
    if (at != std::string::npos) {
      return {
          .distance = text.substr(0, at), .anchor = text.substr(at + word.size()), .sign = sign};
    }
  }
  return {.distance = {}, .anchor = text, .sign = 1};
}

void AddOfUser(const YamlNode& node, const std::string& path, const std::string& anchor,
               Draft* draft) {
  std::vector<std::string> names;
  for (const Anchor& known : draft->playbook.anchors) {
    if (journey::IsOfAccount(draft->playbook, known)) {
      names.push_back(known.name);
    }
  }
  draft->problems->Add(node.place, fmt::format("{}: '{}' is of a user; an account has {}", path,
                                               anchor, fmt::join(names, ", ")));
}

}  // namespace

std::optional<Moment> CompileMoment(const YamlNode& node, const std::string& path,
                                    const ConditionScope& scope, Draft* draft) {
  if (!node.is_scalar() || ParseDuration(node.text).has_value()) {
    draft->problems->Add(
        node.place,
        fmt::format("{}: expected a moment such as '3d of signup' or '3d before trialEndsAt'{}",
                    path, node.is_scalar() ? fmt::format(", found '{}'", node.text) : ""));
    return std::nullopt;
  }
  const MomentParts parts = SplitMoment(node.text);
  Moment moment;
  if (!parts.distance.empty()) {
    YamlNode distance = node;
    distance.text = parts.distance;
    const std::optional<milliseconds> read =
        ReadDurationValue(distance, path, kDistance, draft->problems);
    if (!read.has_value()) {
      return std::nullopt;
    }
    moment.offset = *read * parts.sign;
  }
  if (parts.anchor == kTriggerWord) {
    if (scope.has_trigger && moment.offset >= milliseconds(0)) {
      return moment;
    }
    draft->problems->Add(node.place,
                         path + (scope.has_trigger ? ": nothing is due before its trigger"
                                                   : ": there is no trigger here"));
    return std::nullopt;
  }
  moment.anchor = AnchorNamed(parts.anchor, draft);
  if (moment.anchor < 0) {
    draft->problems->AddUnknown(node.place, path, "anchor", parts.anchor, KnownAnchors(*draft));
    return std::nullopt;
  }
  if (scope.subject == SubjectKind::kAccount && IsOfUser(draft->playbook, moment)) {
    AddOfUser(node, path, parts.anchor, draft);
    return std::nullopt;
  }
  return moment;
}

bool IsOfUser(const journey::Playbook& playbook, const Moment& moment) {
  return moment.anchor != Moment::kTrigger &&
         !journey::IsOfAccount(playbook, playbook.anchors[static_cast<std::size_t>(moment.anchor)]);
}

}  // namespace foothold::config
