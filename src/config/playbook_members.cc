#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::Comparison;
using journey::MemberCondition;
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
                                                          {"late", Property::kLate},
                                                          {"at_risk", Property::kAtRisk}});
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

// The word that stands for a value in a table of words.
template <class T, std::size_t kSize>
std::string_view WordOf(const std::array<std::pair<std::string_view, T>, kSize>& table, T value) {
  const auto* const found =
      std::ranges::find(table, value, &std::pair<std::string_view, T>::second);
  return found == table.end() ? "" : found->first;
}

std::string BoundOf(const MemberCondition& condition) {
  std::string word(WordOf(kBounds, condition.comparison));
  std::ranges::replace(word, '_', ' ');
  return fmt::format("{} {}", word, condition.value);
}

}  // namespace

std::optional<MemberCondition> CompileMembers(MapReader* reader, Draft* draft) {
  MemberCondition condition;
  CompileSelector(reader, draft, &condition);
  const auto quantifiers = Present(reader, kQuantifiers);
  const auto bounds = Present(reader, kBounds);
  reader->ReadBoolean("or_empty", &condition.or_empty);

  const bool is_count = quantifiers.empty();
  condition.quantifier = is_count ? Quantifier::kCount : quantifiers.front().second;
  const bool has_bound = is_count || condition.quantifier == Quantifier::kShare;
  if (quantifiers.size() > 1) {
    draft->problems->Add(reader->node().place,
                         reader->path() + ": one of any, all, none, share, not several");
    return std::nullopt;
  }
  if (!is_count) {
    reader->ReadChoice(quantifiers.front().first, kProperties, &condition.property);
  }
  if (bounds.size() != (has_bound ? 1U : 0U)) {
    draft->problems->Add(
        reader->node().place,
        reader->path() + (has_bound ? ": expected one of at_least, above, at_most, below"
                                    : ": at_least and its like go with share or with a count"));
    return std::nullopt;
  }
  if (has_bound) {
    const auto& [word, comparison] = bounds.front();
    condition.comparison = comparison;
    condition.value = ReadNumberValue(*reader->node().Find(word), reader->PathOf(word),
                                      {0, is_count ? kMembersMax : 1.0}, draft->problems)
                          .value_or(0);
  }
  return condition;
}

std::string LabelOf(const MemberCondition& condition, const journey::Playbook& playbook) {
  std::string who = "members";
  if (condition.selector == Selector::kRole && condition.role >= 0) {
    who = playbook.roles[static_cast<std::size_t>(condition.role)].name + " members";
  } else if (condition.selector != Selector::kAll) {
    who = fmt::format("{} members", WordOf(kSelectors, condition.selector));
  }
  std::string property(WordOf(kProperties, condition.property));
  std::ranges::replace(property, '_', ' ');
  const std::string_view verb = condition.property == Property::kReached ? "" : "are ";
  const std::string_view quantifier = WordOf(kQuantifiers, condition.quantifier);
  std::string label;
  switch (condition.quantifier) {
    case Quantifier::kAny:
    case Quantifier::kAll:
    case Quantifier::kNone:
      label = fmt::format("{} of the {} {}{}", quantifier, who, verb, property);
      break;
    case Quantifier::kShare:
      label = fmt::format("a share {} of the {} {}{}", BoundOf(condition), who, verb, property);
      break;
    case Quantifier::kCount:
      label = fmt::format("{} {}", BoundOf(condition), who);
      break;
  }
  return condition.or_empty ? label + ", or there are none" : label;
}

}  // namespace foothold::config
