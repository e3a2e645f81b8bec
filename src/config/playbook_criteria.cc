#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/names.h"
#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::Comparison;
using journey::Criterion;
using journey::Milestone;
using journey::PropertyCondition;
using journey::Tracker;
using journey::TrackerKind;
using journey::Window;

constexpr std::int64_t kOccurrencesMax = 1000;
// A window is judged from state that the journal can rebuild; see RetentionNeeded().
constexpr Range<milliseconds> kWindowLength{kMinute, 400 * kDay};
constexpr std::string_view kOf = " of ";

constexpr auto kOperators = std::to_array<std::pair<std::string_view, Comparison>>({
    // Longer ones first: ">= 5" also begins with ">".
    {">=", Comparison::kGreaterEqual},
    {"<=", Comparison::kLessEqual},
    {"!=", Comparison::kNotEqual},
    {"==", Comparison::kEqual},
    {">", Comparison::kGreater},
    {"<", Comparison::kLess},
});

std::optional<PropertyCondition> CompileCondition(const YamlNode& node, const std::string& path,
                                                  Problems* problems) {
  PropertyCondition condition{.property = CanonicalPropertyName(node.key),
                              .comparison = Comparison::kEqual,
                              .any_of = {},
                              .holds_if_absent = false};
  if (condition.property.empty()) {
    problems->Add(node.key_place, path + ": a property has a name");
    return std::nullopt;
  }
  if (!node.is_scalar()) {
    for (PlacedText& value : ReadTextList(node, path, problems)) {
      condition.any_of.push_back(std::move(value.text));
    }
    std::ranges::sort(condition.any_of);
    return condition.any_of.empty() ? std::nullopt : std::optional(condition);
  }
  auto [comparison, value] = SplitComparison(node.text);
  if (value.empty()) {
    problems->Add(node.place,
                  path + ": expected a value or a comparison such as \"> 0\" or \"!= test\"");
    return std::nullopt;
  }
  condition.comparison = comparison;
  condition.any_of.push_back(std::move(value));
  return condition;
}

std::vector<PropertyCondition> CompileWhere(MapReader* reader, std::string* label) {
  std::vector<PropertyCondition> conditions;
  bool holds_if_absent = false;
  const YamlNode* where = reader->Take("where");
  reader->ReadBoolean("or_without_property", &holds_if_absent);
  if (where == nullptr) {
    if (holds_if_absent) {
      reader->problems()->Add(reader->node().place,
                              reader->PathOf("or_without_property") + ": there is no where");
    }
    return conditions;
  }
  const std::string path = reader->PathOf("where");
  if (!where->is_map()) {
    reader->problems()->Add(where->place, path + ": expected a map of a property to its value");
    return conditions;
  }
  std::vector<std::string> words;
  for (const YamlNode& child : where->children) {
    const std::string child_path = fmt::format("{}.{}", path, child.key);
    std::optional<PropertyCondition> condition =
        CompileCondition(child, child_path, reader->problems());
    if (!condition.has_value()) {
      continue;
    }
    condition->holds_if_absent = holds_if_absent;
    words.push_back(child.is_scalar()
                        ? fmt::format("{} {}", child.key, child.text)
                        : fmt::format("{} {}", child.key, fmt::join(condition->any_of, "/")));
    conditions.push_back(std::move(*condition));
  }
  if (!words.empty()) {
    *label += fmt::format(", where {}", fmt::join(words, " and "));
  }
  // In one order, so that equal conditions make equal trackers.
  std::ranges::sort(conditions, {}, &PropertyCondition::property);
  return conditions;
}

// The kind of tracker that a word stands for which is no event; nullopt for all others.
std::optional<TrackerKind> SpecialKind(std::string_view word, Actor actor) {
  if (word == "access") {
    return actor == Actor::kUser ? TrackerKind::kAccess : TrackerKind::kAccountAccess;
  }
  return word == "invited" && actor == Actor::kUser ? std::optional(TrackerKind::kInvited)
                                                    : std::nullopt;
}

// What `did:` names: fills kind and events of the tracker and begins the label.
bool CompileDid(const YamlNode& did, const std::string& path, Actor actor, Draft* draft,
                Tracker* tracker, std::string* label) {
  tracker->kind = actor == Actor::kUser ? TrackerKind::kDid : TrackerKind::kAccountDid;
  const std::vector<PlacedText> names = ReadTextList(did, path, draft->problems);
  if (did.is_list() && did.children.empty()) {
    draft->problems->Add(did.place, path + ": expected at least one event");
  }
  std::vector<std::string> written;
  for (const PlacedText& name : names) {
    const std::optional<TrackerKind> special = SpecialKind(name.text, actor);
    written.push_back(name.text == "core_features" ? "core features" : name.text);
    if (name.text == "any_step") {
      draft->problems->Add(name.place,
                           path + ": any_step stands alone, and in conditions on a user only");
    } else if (special.has_value() && names.size() > 1) {
      draft->problems->Add(name.place,
                           fmt::format("{}: '{}' cannot stand in a list", path, name.text));
    } else if (special.has_value()) {
      tracker->kind = *special;
    } else if (name.text == "core_features") {
      const std::vector<std::string>& core = draft->playbook.core_features;
      tracker->events.insert(tracker->events.end(), core.begin(), core.end());
      if (core.empty()) {
        draft->problems->Add(name.place, path + ": the playbook has no core_features");
      }
    } else {
      tracker->events.push_back(draft->events.Resolve(name.text, name.place, draft->problems));
    }
  }
  *label = fmt::format("{}", fmt::join(written, " or "));
  const bool needs_events =
      tracker->kind == TrackerKind::kDid || tracker->kind == TrackerKind::kAccountDid;
  return !needs_events || !tracker->events.empty();
}

Milestone WithWindow(const Milestone& inherited, std::optional<Window> within) {
  Milestone milestone = inherited;
  milestone.within = within;
  return milestone;
}

}  // namespace

std::optional<Window> CompileWindow(const YamlNode& node, const std::string& path, Draft* draft) {
  const std::size_t of = node.is_scalar() ? node.text.find(kOf) : std::string::npos;
  if (of == std::string::npos) {
    draft->problems->Add(node.place, path + ": expected a window such as '7d of signup'");
    return std::nullopt;
  }
  YamlNode length = node;
  length.text = node.text.substr(0, of);
  const std::optional<milliseconds> duration =
      ReadDurationValue(length, path, kWindowLength, draft->problems);
  const std::string anchor = node.text.substr(of + kOf.size());
  const std::int32_t index = draft->AnchorIndex(anchor);
  if (index < 0) {
    std::vector<std::string> names;
    for (const journey::Anchor& known : draft->playbook.anchors) {
      names.push_back(known.name);
    }
    draft->problems->AddUnknown(node.place, path, "anchor", anchor, names);
  }
  if (!duration.has_value() || index < 0) {
    return std::nullopt;
  }
  return Window{.length = *duration, .anchor = index};
}

std::pair<Comparison, std::string> SplitComparison(std::string_view text) {
  for (const auto& [sign, comparison] : kOperators) {
    if (text.starts_with(sign)) {
      const std::size_t begin = text.find_first_not_of(' ', sign.size());
      return {comparison,
              begin == std::string_view::npos ? std::string() : std::string(text.substr(begin))};
    }
  }
  return {Comparison::kEqual, std::string(text)};
}

std::optional<Occurrences> CompileOccurrences(MapReader* reader, const YamlNode* did, Actor actor,
                                              Draft* draft) {
  Occurrences counted;
  const bool has_events = did != nullptr && CompileDid(*did, reader->PathOf(did->key), actor, draft,
                                                       &counted.tracker, &counted.label);
  std::string distinct;
  reader->ReadText("distinct", &distinct);
  reader->ReadInteger("at_least", Range<std::int32_t>{1, kOccurrencesMax}, &counted.at_least);
  if (!distinct.empty()) {
    counted.label += fmt::format(", {} distinct {}", counted.at_least, distinct);
    counted.tracker.distinct = CanonicalPropertyName(distinct);
  } else if (counted.at_least > 1) {
    counted.label += fmt::format(", {} times", counted.at_least);
  }
  counted.tracker.where = CompileWhere(reader, &counted.label);
  counted.tracker.keep = counted.at_least;
  return has_events ? std::optional(std::move(counted)) : std::nullopt;
}

std::optional<Criterion> CompileCriterion(MapReader* reader, Draft* draft) {
  const YamlNode* account_did =
      reader->node().is_map() ? reader->node().Find("account_did") : nullptr;
  if (account_did != nullptr) {
    reader->Take("account_did");
    draft->problems->Add(account_did->key_place,
                         reader->PathOf("account_did") +
                             ": a criterion counts what the user did; facts of the account are for "
                             "stages and rules",
                         "did");
  }
  const YamlNode* did = account_did != nullptr ? reader->Take("did") : reader->Require("did");
  std::optional<Occurrences> counted = CompileOccurrences(reader, did, Actor::kUser, draft);
  if (!counted.has_value()) {
    return std::nullopt;
  }
  return Criterion{.label = std::move(counted->label),
                   .tracker = draft->AddTracker(std::move(counted->tracker)),
                   .at_least = counted->at_least,
                   .within = std::nullopt};
}

std::optional<Milestone> CompileMilestone(const YamlNode& node, const std::string& path,
                                          const Milestone* inherited, Draft* draft) {
  MapReader reader(node, path, draft->problems);
  if (!node.is_map()) {
    return std::nullopt;
  }
  std::optional<Window> within;
  const YamlNode* all = reader.Take("all");
  if (const YamlNode* window = reader.Take("within")) {
    within = CompileWindow(*window, reader.PathOf("within"), draft);
  }
  const bool has_single = node.Find("did") != nullptr || node.Find("account_did") != nullptr;
  if (all == nullptr && !has_single && inherited != nullptr) {
    reader.Finish();
    return WithWindow(*inherited, within);
  }
  Milestone milestone{.all = {}, .within = within};
  if (all == nullptr) {
    if (std::optional<Criterion> criterion = CompileCriterion(&reader, draft)) {
      milestone.all.push_back(std::move(*criterion));
    }
  } else if (!all->is_list() || all->children.empty()) {
    draft->problems->Add(all->place, reader.PathOf("all") + ": expected a list of criteria");
  } else {
    for (std::size_t i = 0; i < all->children.size(); ++i) {
      MapReader entry(all->children[i], fmt::format("{}.all[{}]", path, i), draft->problems);
      std::optional<Criterion> criterion = CompileCriterion(&entry, draft);
      if (const YamlNode* window = entry.Take("within"); window != nullptr) {
        std::optional<Window> own = CompileWindow(*window, entry.PathOf("within"), draft);
        if (criterion.has_value()) {
          criterion->within = own;
        }
      }
      entry.Finish();
      if (criterion.has_value()) {
        milestone.all.push_back(std::move(*criterion));
      }
    }
  }
  reader.Finish();
  return milestone.all.empty() ? std::nullopt : std::optional(std::move(milestone));
}

}  // namespace foothold::config
