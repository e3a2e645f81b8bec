#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/base/names.h"
#include "src/base/text.h"
#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::Anchor;
using journey::AnchorEntry;
using journey::Tracker;
using journey::TrackerKind;
using Group = std::vector<AnchorEntry>;

constexpr std::string_view kOr = " or ";
constexpr std::string_view kByAnyone = " by anyone";
constexpr std::string_view kTrait = "trait ";
constexpr std::string_view kUserTrait = "user trait ";
constexpr auto kSpecialEntries =
    std::to_array<std::string_view>({"access", "invited", "first_event"});

// Facts of the account, whoever reports them (PRODUCT.md section 2: these may come without a user).
constexpr auto kAccountPrefixes = std::to_array<std::string_view>(
    {"contract.", "kickoff.", "success.criteria.", "plan.", "sponsor.", "trial.", "account.renewed",
     "account.expanded", "account.churned"});

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::vector<std::string_view> SplitAlternatives(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = text.find(kOr); at != std::string_view::npos; at = text.find(kOr)) {
    parts.push_back(Trimmed(text.substr(0, at)));
    text.remove_prefix(at + kOr.size());
  }
  parts.push_back(Trimmed(text));
  return parts;
}

bool IsFactOfAccount(std::string_view canonical) {
  return std::ranges::any_of(
      kAccountPrefixes, [&](std::string_view prefix) { return canonical.starts_with(prefix); });
}

// Compiles the anchors of one map, each after those it names.
class AnchorCompiler {
 public:
  AnchorCompiler(const YamlNode& anchors, Draft* draft) : anchors_(anchors), draft_(draft) {
    for (const YamlNode& anchor : anchors.children) {
      names_.push_back(anchor.key);
    }
    names_.insert(names_.end(), kSpecialEntries.begin(), kSpecialEntries.end());
  }

  // Repeats over what is left until nothing more can be compiled: what then remains is a circle.
  void Compile() {
    std::vector<const YamlNode*> waiting;
    for (const YamlNode& anchor : anchors_.children) {
      if (!anchor.is_null()) {
        waiting.push_back(&anchor);
      }
    }
    bool has_moved = true;
    while (has_moved) {
      std::vector<const YamlNode*> still_waiting;
      for (const YamlNode* anchor : waiting) {
        if (IsWaiting(*anchor)) {
          still_waiting.push_back(anchor);
        } else {
          CompileOne(*anchor);
        }
      }
      has_moved = still_waiting.size() < waiting.size();
      waiting = std::move(still_waiting);
    }
    for (const YamlNode* anchor : waiting) {
      draft_->problems->Add(anchor->key_place,
                            fmt::format("anchors.{}: names itself, directly or through another "
                                        "anchor",
                                        anchor->key));
    }
  }

 private:
  // Of one entry: the parts of its "a or b".
  std::vector<std::vector<std::string_view>> EntriesOf(const YamlNode& anchor) const {
    std::vector<std::vector<std::string_view>> entries;
    if (anchor.is_scalar()) {
      entries.push_back(SplitAlternatives(anchor.text));
    }
    for (const YamlNode& entry : anchor.children) {
      if (anchor.is_list() && entry.is_scalar()) {
        entries.push_back(SplitAlternatives(entry.text));
      }
    }
    return entries;
  }

  bool IsAnchor(std::string_view name) const {
    const YamlNode* anchor = anchors_.Find(name);
    return anchor != nullptr && !anchor->is_null();
  }

  bool IsWaiting(const YamlNode& anchor) const {
    for (const auto& parts : EntriesOf(anchor)) {
      for (const std::string_view part : parts) {
        if (IsAnchor(part) && draft_->AnchorIndex(part) < 0) {
          return true;
        }
      }
    }
    return false;
  }

  void CompileOne(const YamlNode& node) {
    Anchor anchor{.name = node.key, .entries = {}};
    const std::string path = "anchors." + node.key;
    for (const PlacedText& entry : ReadTextList(node, path, draft_->problems)) {
      const std::vector<std::string_view> parts = SplitAlternatives(entry.text);
      const Anchor* named = parts.size() == 1 ? Named(parts.front()) : nullptr;
      if (named != nullptr) {
        anchor.entries.insert(anchor.entries.end(), named->entries.begin(), named->entries.end());
        continue;
      }
      Group group = CompileAlternatives(parts, entry.place, path);
      if (!group.empty()) {
        anchor.entries.push_back(std::move(group));
      }
    }
    // Kept even when empty, so that what names it is not reported as well.
    draft_->playbook.anchors.push_back(std::move(anchor));
  }

  const Anchor* Named(std::string_view name) const {
    const std::int32_t index = draft_->AnchorIndex(name);
    return index < 0 ? nullptr : &draft_->playbook.anchors[static_cast<std::size_t>(index)];
  }

  // Plain events of the user share one tracker, as do events of the account: the first of any.
  Group CompileAlternatives(const std::vector<std::string_view>& parts, Place place,
                            const std::string& path) {
    Group group;
    std::vector<std::string> user_events;
    std::vector<std::string> account_events;
    for (const std::string_view part : parts) {
      if (part.empty()) {
        draft_->problems->Add(place, path + ": nothing stands beside 'or'");
      } else if (const Anchor* named = Named(part)) {
        if (named->entries.size() == 1) {
          group.insert(group.end(), named->entries[0].begin(), named->entries[0].end());
        } else {
          draft_->problems->Add(place, fmt::format("{}: '{}' has several entries and cannot stand "
                                                   "beside 'or'",
                                                   path, part));
        }
      } else if (!CompileSpecial(part, &group)) {
        CompileEvent(part, place, path, &user_events, &account_events);
      }
    }
    if (!user_events.empty()) {
      AddTracker(TrackerKind::kDid, std::move(user_events), &group);
    }
    if (!account_events.empty()) {
      AddTracker(TrackerKind::kAccountDid, std::move(account_events), &group);
    }
    return group;
  }

  bool CompileSpecial(std::string_view part, Group* group) {
    if (part == "access") {
      AddTracker(TrackerKind::kAccess, {}, group);
    } else if (part == "invited") {
      AddTracker(TrackerKind::kInvited, {}, group);
    } else if (part == "first_event") {
      AddTracker(TrackerKind::kAnyEvent, {}, group);
    } else if (part.starts_with(kTrait)) {
      AddTrait(AnchorEntry::Kind::kAccountTrait, part.substr(kTrait.size()), group);
    } else if (part.starts_with(kUserTrait)) {
      AddTrait(AnchorEntry::Kind::kUserTrait, part.substr(kUserTrait.size()), group);
    } else {
      return false;
    }
    return true;
  }

  void CompileEvent(std::string_view part, Place place, const std::string& path,
                    std::vector<std::string>* user_events,
                    std::vector<std::string>* account_events) {
    const bool is_by_anyone = part.ends_with(kByAnyone);
    if (is_by_anyone) {
      part = Trimmed(part.substr(0, part.size() - kByAnyone.size()));
    }
    // A bare word that is no known event is a misspelt anchor rather than an event.
    const bool is_bare = part.find_first_of(". -") == std::string_view::npos;
    const std::string_view nearest = NearestWord(part, names_);
    if (is_bare && !is_by_anyone && !nearest.empty() &&
        !draft_->events.IsKnown(CanonicalEventName(part))) {
      draft_->problems->Add(place, fmt::format("{}: no event or anchor '{}'", path, part),
                            std::string(nearest));
      return;
    }
    std::string event = draft_->events.Resolve(part, place, draft_->problems);
    const bool is_of_account = is_by_anyone || IsFactOfAccount(event);
    (is_of_account ? account_events : user_events)->push_back(std::move(event));
  }

  void AddTracker(TrackerKind kind, std::vector<std::string> events, Group* group) {
    group->push_back({.kind = AnchorEntry::Kind::kTracker,
                      .tracker = draft_->AddTrackerOf(kind, std::move(events)),
                      .trait = {}});
  }

  static void AddTrait(AnchorEntry::Kind kind, std::string_view name, Group* group) {
    group->push_back({.kind = kind, .tracker = -1, .trait = CanonicalPropertyName(name)});
  }

  const YamlNode& anchors_;
  Draft* const draft_;
  std::vector<std::string> names_;
};

}  // namespace

void CompileAnchors(const YamlNode& anchors, Draft* draft) {
  if (!anchors.is_map()) {
    draft->problems->Add(anchors.place, "anchors: expected a map of a name to its entries");
    return;
  }
  AnchorCompiler(anchors, draft).Compile();
}

}  // namespace foothold::config
