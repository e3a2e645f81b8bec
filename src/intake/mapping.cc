#include "src/intake/mapping.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "src/base/text.h"

namespace foothold::intake {
namespace {

constexpr std::string_view kFixedPrefix = "const:";
constexpr std::string_view kGroupTypeKey = "group_type";

constexpr std::array<std::string_view, kFieldCount> kFieldNames = {
    "kind",    "event",       "tenant", "user",       "id",   "time",       "original_time",
    "sent_at", "received_at", "traits", "properties", "role", "previous_id"};

constexpr KindSet Only(std::initializer_list<CallKind> kinds) {
  KindSet set{.bits = 0};
  for (const CallKind kind : kinds) {
    set.bits = static_cast<std::uint8_t>(set.bits | (1U << static_cast<unsigned>(kind)));
  }
  return set;
}

constexpr KindSet AllBut(CallKind kind) {
  return {.bits = static_cast<std::uint8_t>(~Only({kind}).bits)};
}

constexpr KindSet kEvery{};
constexpr KindSet kOfTrack = Only({CallKind::kTrack});
constexpr KindSet kOfGroup = Only({CallKind::kGroup});
constexpr KindSet kOfIdentify = Only({CallKind::kIdentify});
constexpr KindSet kOfPages = Only({CallKind::kPage, CallKind::kScreen});
constexpr KindSet kOfAlias = Only({CallKind::kAlias});
constexpr KindSet kOfMerges = Only({CallKind::kAlias, CallKind::kIdentify});

// One row of RECORDS.md section 1: a place of a field.
struct Row {
  Field field;
  std::string_view path;
  KindSet kinds = kEvery;
};

constexpr Row kSegmentRows[] = {
    {Field::kKind, "type"},
    {Field::kEvent, "event", kOfTrack},
    {Field::kEvent, "name", kOfPages},
    {Field::kTenant, "groupId", kOfGroup},
    {Field::kTenant, "context.groupId"},
    {Field::kTenant, "properties.tenantId"},
    {Field::kUser, "userId"},
    {Field::kId, "messageId"},
    {Field::kTime, "timestamp"},
    {Field::kOriginalTime, "originalTimestamp"},
    {Field::kSentAt, "sentAt"},
    {Field::kReceivedAt, "receivedAt"},
    {Field::kTraits, "traits"},
    // In a group call the context's traits are the user's, and `traits` the account's.
    {Field::kTraits, "context.traits", AllBut(CallKind::kGroup)},
    {Field::kProperties, "properties"},
    {Field::kRole, "traits.role"},
    {Field::kRole, "context.traits.role"},
    {Field::kPreviousId, "previousId", kOfAlias},
};

// `{group_type}` stands for the mapping's. The kind follows from the event.
constexpr Row kPosthogRows[] = {
    {Field::kEvent, "event", kOfTrack},
    {Field::kTenant, "properties.$groups.{group_type}"},
    {Field::kTenant, "properties.$group_key", kOfGroup},
    {Field::kTenant, "$group_key", kOfGroup},
    {Field::kUser, "distinct_id"},
    {Field::kUser, "properties.$user_id"},
    {Field::kId, "uuid"},
    {Field::kTime, "timestamp"},
    {Field::kTime, "sent_at"},
    {Field::kTraits, "properties.$set", AllBut(CallKind::kGroup)},
    {Field::kTraits, "$set", AllBut(CallKind::kGroup)},
    {Field::kTraits, "properties.$group_set", kOfGroup},
    {Field::kTraits, "$group_set", kOfGroup},
    {Field::kProperties, "properties"},
    {Field::kRole, "properties.$set.role"},
    {Field::kRole, "$set.role"},
    {Field::kPreviousId, "properties.$anon_distinct_id", kOfMerges},
    {Field::kPreviousId, "properties.alias", kOfAlias},
    {Field::kPreviousId, "alias", kOfAlias},
};

constexpr Row kMixpanelRows[] = {
    {Field::kEvent, "event", kOfTrack},
    {Field::kTenant, "properties.company_id"},
    {Field::kTenant, "company_id"},
    {Field::kTenant, "properties.$group_id"},
    {Field::kTenant, "$group_id"},
    // $identify says who somebody turned out to be: distinct_id may still be the anonymous one.
    {Field::kUser, "properties.$identified_id", kOfIdentify},
    {Field::kUser, "$identified_id", kOfIdentify},
    {Field::kUser, "properties.$user_id"},
    {Field::kUser, "properties.distinct_id"},
    {Field::kUser, "user_id"},
    {Field::kUser, "distinct_id"},
    {Field::kId, "properties.$insert_id"},
    {Field::kId, "insert_id"},
    {Field::kTime, "properties.time"},
    {Field::kTime, "time"},
    {Field::kTraits, "$set"},
    {Field::kTraits, "properties.$set"},
    {Field::kProperties, "properties"},
    {Field::kRole, "$set.role"},
    {Field::kRole, "properties.$set.role"},
    {Field::kPreviousId, "properties.$anon_id", kOfIdentify},
    {Field::kPreviousId, "$anon_id", kOfIdentify},
    {Field::kPreviousId, "properties.alias", kOfAlias},
    {Field::kPreviousId, "properties.$distinct_ids", kOfAlias},
    {Field::kPreviousId, "$distinct_ids", kOfAlias},
};

constexpr Row kFootholdRows[] = {
    {Field::kKind, "kind"},
    {Field::kEvent, "event", Only({CallKind::kTrack, CallKind::kPage, CallKind::kScreen})},
    {Field::kTenant, "tenant_id"},
    {Field::kUser, "user_id"},
    {Field::kId, "event_id"},
    {Field::kTime, "occurred_at"},
    {Field::kReceivedAt, "received_at"},
    {Field::kTraits, "traits"},
    {Field::kProperties, "properties"},
    {Field::kRole, "role"},
    {Field::kPreviousId, "previous_user_id"},
};

// The fields of foothold.v1.Event that an override may name.
constexpr std::string_view kMessageFields[] = {
    "kind",        "event",  "tenant_id",  "user_id", "event_id",        "occurred_at",
    "received_at", "traits", "properties", "role",    "previous_user_id"};

std::span<const Row> RowsOf(Preset preset) {
  switch (preset) {
    case Preset::kSegment:
    case Preset::kRudderstack:
      return kSegmentRows;
    case Preset::kPosthog:
      return kPosthogRows;
    case Preset::kMixpanel:
      return kMixpanelRows;
    case Preset::kFoothold:
      return kFootholdRows;
  }
  return {};
}

// The names between the dots; empty if one of them is.
std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> names;
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    if (name.empty()) {
      return {};
    }
    names.emplace_back(name);
    if (dot == std::string_view::npos) {
      return names;
    }
    path.remove_prefix(dot + 1);
  }
}

std::string DidYouMean(std::string_view word, std::span<const std::string> candidates) {
  const std::string_view nearest = NearestWord(word, candidates);
  return nearest.empty() ? fmt::format("; known: {}", fmt::join(candidates, ", "))
                         : fmt::format("; did you mean \"{}\"?", nearest);
}

Result<Preset> PresetOfName(std::string_view name) {
  const std::span<const std::string> names = PresetNames();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    return Error(Code::kInvalid,
                 fmt::format("unknown preset \"{}\"{}", name, DidYouMean(name, names)));
  }
  return static_cast<Preset>(found - names.begin());
}

Result<std::size_t> FieldOfName(std::string_view name) {
  const auto found = std::ranges::find(kFieldNames, name);
  if (found == kFieldNames.end()) {
    std::vector<std::string> names(kFieldNames.begin(), kFieldNames.end());
    names.emplace_back(kGroupTypeKey);
    return Error(Code::kInvalid,
                 fmt::format("unknown field \"{}\"{}", name, DidYouMean(name, names)));
  }
  return static_cast<std::size_t>(found - kFieldNames.begin());
}

// What a source of Protobuf can be asked for is known beforehand, unlike what JSON may hold.
Status CheckMessagePath(std::string_view field, const Path& path) {
  const std::vector<std::string> known(std::begin(kMessageFields), std::end(kMessageFields));
  const std::string& root = path.names.front();
  if (std::ranges::find(known, root) == known.end()) {
    return Error(Code::kInvalid, fmt::format("{}: \"{}\" is no field of foothold.v1.Event{}", field,
                                             root, DidYouMean(root, known)));
  }
  const bool is_map = root == "traits" || root == "properties";
  const bool wants_map =
      field == FieldName(Field::kTraits) || field == FieldName(Field::kProperties);
  if (path.names.size() != (is_map && !wants_map ? 2U : 1U) || (wants_map && !is_map)) {
    return Error(
        Code::kInvalid,
        fmt::format("{}: \"{}\" does not lead to a value of foothold.v1.Event; a path is a "
                    "field's name, or properties.<name>, or traits.<name>",
                    field, ToString(path)));
  }
  return {};
}

bool CanBeFixed(Field field) {
  return field != Field::kTraits && field != Field::kProperties && field != Field::kId;
}

Result<FieldRule> MakeRule(Preset preset, Field field, const std::string& text) {
  const std::string_view name = FieldName(field);
  FieldRule rule{.paths = {}, .fixed = std::nullopt, .is_override = true};
  if (text.starts_with(kFixedPrefix)) {
    rule.fixed = text.substr(kFixedPrefix.size());
    if (rule.fixed->empty()) {
      return Error(Code::kInvalid, fmt::format("{}: nothing after \"{}\"", name, kFixedPrefix));
    }
    if (!CanBeFixed(field)) {
      return Error(Code::kInvalid, fmt::format("{}: cannot be a fixed value; give a path", name));
    }
    if (field == Field::kKind && !CallKindOfName(*rule.fixed).has_value()) {
      return Error(Code::kInvalid, fmt::format("{}: unknown kind \"{}\"; known: track, identify, "
                                               "group, page, screen, alias",
                                               name, *rule.fixed));
    }
    return rule;
  }
  Path path{.names = SplitPath(text), .kinds = kEvery};
  if (path.names.empty()) {
    return Error(Code::kInvalid,
                 fmt::format("{}: \"{}\" is not a path; write names with dots between them, or "
                             "\"const:<value>\"",
                             name, text));
  }
  if (preset == Preset::kFoothold) {
    FOOTHOLD_TRY(CheckMessagePath(name, path));
  }
  rule.paths.push_back(std::move(path));
  return rule;
}

}  // namespace

std::string_view FieldName(Field field) { return kFieldNames[static_cast<std::size_t>(field)]; }

std::string ToString(const Path& path) { return fmt::format("{}", fmt::join(path.names, ".")); }

std::span<const std::string> PresetNames() {
  static const std::array<std::string, 5> kNames = {"segment", "rudderstack", "posthog", "mixpanel",
                                                    "foothold"};
  return kNames;
}

Result<Mapping> MakeMapping(std::string_view preset,
                            const std::map<std::string, std::string>& overrides) {
  Mapping mapping;
  FOOTHOLD_ASSIGN(mapping.preset, PresetOfName(preset));
  mapping.group_type = "company";
  const auto group_type = overrides.find(std::string(kGroupTypeKey));
  if (group_type != overrides.end()) {
    if (mapping.preset != Preset::kPosthog || group_type->second.empty()) {
      return Error(Code::kInvalid, "group_type: a name, and only of the preset posthog");
    }
    mapping.group_type = group_type->second;
  }

  for (const Row& row : RowsOf(mapping.preset)) {
    Path path{.names = SplitPath(row.path), .kinds = row.kinds};
    std::ranges::replace(path.names, std::string("{group_type}"), mapping.group_type);
    mapping.rules[static_cast<std::size_t>(row.field)].paths.push_back(std::move(path));
  }
  for (const auto& [name, text] : overrides) {
    if (name == kGroupTypeKey) {
      continue;
    }
    FOOTHOLD_ASSIGN(const std::size_t field, FieldOfName(name));
    FOOTHOLD_ASSIGN(mapping.rules[field],
                    MakeRule(mapping.preset, static_cast<Field>(field), text));
  }
  return mapping;
}

}  // namespace foothold::intake
