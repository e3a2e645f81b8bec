#include "src/intake/json_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "src/intake/json_value.h"

namespace foothold::intake {
namespace {

namespace dom = simdjson::dom;

// A path whose first name is the index of a slot: the root is walked once for all paths.
struct SlotPath {
  std::size_t slot = 0;
  std::vector<std::string> names;  // Behind the first.
  KindSet kinds;
  std::string text;
};

// What stands at the root under one of the names the mapping reads.
struct Slot {
  dom::element value;
  bool is_set = false;
};

struct SlotRule {
  std::vector<SlotPath> paths;
  std::optional<std::string> fixed;
  bool is_override = false;
};

struct Found {
  dom::element value;
  std::string_view path;
};

constexpr std::pair<std::string_view, CallKind> kPosthogKinds[] = {
    {"$identify", CallKind::kIdentify},  {"$groupidentify", CallKind::kGroup},
    {"$pageview", CallKind::kPage},      {"$screen", CallKind::kScreen},
    {"$create_alias", CallKind::kAlias},
};
constexpr std::pair<std::string_view, CallKind> kMixpanelKinds[] = {
    {"$identify", CallKind::kIdentify},
    {"$create_alias", CallKind::kAlias},
    {"$merge", CallKind::kAlias},
};

// Properties that are PostHog's envelope and have become fields of the event.
constexpr std::string_view kPosthogEnvelope[] = {"$set",       "$set_once", "$unset",
                                                 "$group_set", "$groups",   "$group_type",
                                                 "$group_key", "$user_id",  "$anon_distinct_id"};

template <std::size_t n>
CallKind KindOfEvent(const std::pair<std::string_view, CallKind> (&kinds)[n],
                     std::string_view event) {
  const auto found = std::ranges::find(kinds, event, &std::pair<std::string_view, CallKind>::first);
  return found == std::end(kinds) ? CallKind::kTrack : found->second;
}

}  // namespace

class JsonReader::Impl {
 public:
  explicit Impl(const Mapping& mapping);

  std::optional<std::string> Parse(std::string_view text, Draft* draft);
  void AddProperties(BagBuilder* builder) const;
  void AddTraits(BagBuilder* builder) const;

 private:
  std::size_t SlotOf(const std::string& name);
  void CollectLeftOut();
  void FillSlots(dom::object root);
  const SlotRule& rule(Field field) const { return rules_[static_cast<std::size_t>(field)]; }

  // The first place of the field that holds something, null not counting. A step that is no object
  // is a bad type.
  std::optional<Found> Find(Field field, Draft* draft) const;
  // False if nothing is there.
  bool Walk(const SlotPath& path, dom::element* value, Draft* draft) const;

  bool ReadKind(Draft* draft) const;
  void ReadId(Field field, TextField* out, Draft* draft) const;
  void ReadPrevious(Draft* draft) const;
  void ReadText(Field field, TextField* out, Draft* draft) const;
  void ReadRole(Draft* draft) const;
  void ReadTime(Field field, TimeField* out, Draft* draft) const;
  std::optional<dom::object> ReadObject(Field field, Draft* draft) const;
  void ReadPosthogGroup(Draft* draft) const;

  const Mapping& mapping_;
  std::array<SlotRule, kFieldCount> rules_;
  std::vector<std::string> slot_names_;
  std::vector<std::string> left_out_;       // Names in `properties` that are no properties.
  std::vector<std::string> root_left_out_;  // Likewise in a flat record.

  JsonParser parser_;
  std::vector<Slot> slots_;
  std::optional<dom::object> root_;
  std::optional<dom::object> properties_;
  std::optional<dom::object> traits_;
};

namespace {

void NoteBadType(std::string_view path, dom::element value, std::string_view needed, Draft* draft) {
  if (draft->bad_type.empty()) {
    draft->bad_type = fmt::format("{} is {}, needs {}", path, TypeName(value), needed);
  }
}

// Of ids and names, empty is absent as null is; of times and objects it is not.
bool TreatsEmptyAsAbsent(Field field) {
  switch (field) {
    case Field::kEvent:
    case Field::kTenant:
    case Field::kUser:
    case Field::kId:
    case Field::kRole:
    case Field::kPreviousId:
      return true;
    case Field::kKind:
    case Field::kTime:
    case Field::kOriginalTime:
    case Field::kSentAt:
    case Field::kReceivedAt:
    case Field::kTraits:
    case Field::kProperties:
      return false;
  }
  return false;
}

}  // namespace

JsonReader::Impl::Impl(const Mapping& mapping) : mapping_(mapping) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const FieldRule& from = mapping.rules[i];
    rules_[i].fixed = from.fixed;
    rules_[i].is_override = from.is_override;
    for (const Path& path : from.paths) {
      rules_[i].paths.push_back({.slot = SlotOf(path.names.front()),
                                 .names = {path.names.begin() + 1, path.names.end()},
                                 .kinds = path.kinds,
                                 .text = ToString(path)});
    }
  }
  root_left_out_ = slot_names_;
  if (mapping.preset == Preset::kPosthog) {
    SlotOf("properties");  // ReadPosthogGroup() looks there whatever the overrides.
  }
  slots_.resize(slot_names_.size());
  CollectLeftOut();
}

std::size_t JsonReader::Impl::SlotOf(const std::string& name) {
  const auto found = std::ranges::find(slot_names_, name);
  if (found == slot_names_.end()) {
    slot_names_.push_back(name);
    return slot_names_.size() - 1;
  }
  return static_cast<std::size_t>(found - slot_names_.begin());
}

// What the mapping takes out of `properties` for the envelope is not a property as well: ids and
// times would make every repeat a conflict. Account and user stay where people look for them, but
// for Mixpanel, whose `properties` are envelope and properties in one.
void JsonReader::Impl::CollectLeftOut() {
  std::vector<Field> fields = {Field::kKind,         Field::kId,     Field::kTime,
                               Field::kOriginalTime, Field::kSentAt, Field::kReceivedAt,
                               Field::kTraits};
  if (mapping_.preset == Preset::kMixpanel) {
    fields.push_back(Field::kUser);
    fields.push_back(Field::kPreviousId);
  }
  for (const Field field : fields) {
    for (const Path& path : mapping_.rule(field).paths) {
      for (const Path& place : mapping_.rule(Field::kProperties).paths) {
        if (path.names.size() == place.names.size() + 1 &&
            std::equal(place.names.begin(), place.names.end(), path.names.begin())) {
          left_out_.push_back(path.names.back());
        }
      }
    }
  }
  if (mapping_.preset == Preset::kPosthog) {
    left_out_.insert(left_out_.end(), std::begin(kPosthogEnvelope), std::end(kPosthogEnvelope));
  }
}

void JsonReader::Impl::FillSlots(dom::object root) {
  for (Slot& slot : slots_) {
    slot.is_set = false;
  }
  for (const dom::key_value_pair member : root) {
    for (std::size_t i = 0; i < slot_names_.size(); ++i) {
      // Most differ in size or in the first letter: that is cheaper to see than a call.
      const std::string& name = slot_names_[i];
      if (name.size() != member.key.size() || name.front() != member.key.front() ||
          name != member.key) {
        continue;
      }
      if (!slots_[i].is_set) {
        slots_[i] = {.value = member.value, .is_set = true};
      }
      break;
    }
  }
}

bool JsonReader::Impl::Walk(const SlotPath& path, dom::element* value, Draft* draft) const {
  const Slot& slot = slots_[path.slot];
  if (!slot.is_set || slot.value.is_null()) {
    return false;
  }
  *value = slot.value;
  for (std::size_t i = 0; i < path.names.size(); ++i) {
    dom::object object;
    if (value->get(object) != simdjson::SUCCESS) {
      std::string place = slot_names_[path.slot];
      for (std::size_t j = 0; j < i; ++j) {
        place += '.' + path.names[j];
      }
      NoteBadType(place, *value, "an object", draft);
      return false;
    }
    if (object.at_key(path.names[i]).get(*value) != simdjson::SUCCESS || value->is_null()) {
      return false;
    }
  }
  return true;
}

std::optional<Found> JsonReader::Impl::Find(Field field, Draft* draft) const {
  dom::element value;
  for (const SlotPath& path : rule(field).paths) {
    if (!path.kinds.Contains(draft->kind) || !Walk(path, &value, draft)) {
      continue;
    }
    std::string_view text;
    if (TreatsEmptyAsAbsent(field) && value.get(text) == simdjson::SUCCESS && text.empty()) {
      continue;
    }
    return Found{.value = value, .path = path.text};
  }
  return std::nullopt;
}

bool JsonReader::Impl::ReadKind(Draft* draft) const {
  const SlotRule& kind_rule = rule(Field::kKind);
  if (kind_rule.fixed.has_value()) {
    draft->kind = *CallKindOfName(*kind_rule.fixed);
    return true;
  }
  if (kind_rule.paths.empty()) {  // PostHog and Mixpanel: the event's name says it.
    TextField event;
    ReadText(Field::kEvent, &event, draft);
    draft->kind = mapping_.preset == Preset::kPosthog ? KindOfEvent(kPosthogKinds, event.text())
                                                      : KindOfEvent(kMixpanelKinds, event.text());
    return draft->bad_type.empty();
  }
  const std::optional<Found> found = Find(Field::kKind, draft);
  if (!found.has_value()) {
    if (draft->bad_type.empty()) {
      draft->bad_type = fmt::format("{} is missing", kind_rule.paths.front().text);
    }
    return false;
  }
  std::string_view name;
  if (found->value.get(name) != simdjson::SUCCESS) {
    NoteBadType(found->path, found->value, "a string", draft);
    return false;
  }
  const std::optional<CallKind> kind = CallKindOfName(name);
  if (!kind.has_value()) {
    draft->bad_type =
        fmt::format("{} is none of track, identify, group, page, screen, alias", found->path);
    return false;
  }
  draft->kind = *kind;
  return true;
}

void JsonReader::Impl::ReadId(Field field, TextField* out, Draft* draft) const {
  if (rule(field).fixed.has_value()) {
    out->Set(*rule(field).fixed);
    return;
  }
  const std::optional<Found> found = Find(field, draft);
  if (!found.has_value()) {
    return;
  }
  std::string_view text;
  std::int64_t integer = 0;
  std::uint64_t large = 0;
  if (found->value.get(text) == simdjson::SUCCESS) {
    out->Set(text);
  } else if (found->value.is_int64() && found->value.get(integer) == simdjson::SUCCESS) {
    out->SetInteger(integer);
  } else if (found->value.is_uint64() && found->value.get(large) == simdjson::SUCCESS) {
    out->SetUnsigned(large);
  } else {
    NoteBadType(found->path, found->value, "a string or an integer", draft);
  }
}

// Mixpanel's $merge names two ids of one person: the one that is not the user was before.
void JsonReader::Impl::ReadPrevious(Draft* draft) const {
  const std::optional<Found> found = Find(Field::kPreviousId, draft);
  dom::array ids;
  if (mapping_.preset != Preset::kMixpanel || rule(Field::kPreviousId).fixed.has_value() ||
      !found.has_value() || found->value.get(ids) != simdjson::SUCCESS) {
    ReadId(Field::kPreviousId, &draft->previous_id, draft);
    return;
  }
  std::array<std::string_view, 2> pair;
  std::size_t count = 0;
  for (const dom::element id : ids) {
    if (count == pair.size()) {
      break;
    }
    if (id.get(pair[count]) != simdjson::SUCCESS) {
      NoteBadType(found->path, id, "strings", draft);
      return;
    }
    ++count;
  }
  if (count < pair.size()) {
    return;
  }
  if (draft->user.is_absent()) {
    draft->user.Set(pair[1]);
  }
  draft->previous_id.Set(draft->user.text() == pair[0] ? pair[1] : pair[0]);
}

void JsonReader::Impl::ReadText(Field field, TextField* out, Draft* draft) const {
  if (rule(field).fixed.has_value()) {
    out->Set(*rule(field).fixed);
    return;
  }
  const std::optional<Found> found = Find(field, draft);
  std::string_view text;
  if (found.has_value() && found->value.get(text) != simdjson::SUCCESS) {
    NoteBadType(found->path, found->value, "a string", draft);
  } else if (found.has_value()) {
    out->Set(text);
  }
}

// A trait that happens to be called role and is no text says nothing; an override must be text.
void JsonReader::Impl::ReadRole(Draft* draft) const {
  if (rule(Field::kRole).is_override) {
    ReadText(Field::kRole, &draft->role, draft);
    return;
  }
  const std::optional<Found> found = Find(Field::kRole, draft);
  std::string_view text;
  if (found.has_value() && found->value.get(text) == simdjson::SUCCESS) {
    draft->role.Set(text);
  }
}

void JsonReader::Impl::ReadTime(Field field, TimeField* out, Draft* draft) const {
  out->name = FieldName(field);
  if (rule(field).fixed.has_value()) {
    out->form = TimeField::Form::kText;
    out->text = *rule(field).fixed;
    return;
  }
  const std::optional<Found> found = Find(field, draft);
  if (!found.has_value()) {
    return;
  }
  out->name = found->path;
  const bool takes_numbers = rule(field).is_override || mapping_.preset == Preset::kMixpanel;
  if (found->value.get(out->text) == simdjson::SUCCESS) {
    out->form = TimeField::Form::kText;
  } else if (takes_numbers && found->value.is_number() &&
             found->value.get(out->number) == simdjson::SUCCESS) {
    out->form = TimeField::Form::kNumber;
  } else {
    NoteBadType(found->path, found->value, takes_numbers ? "a string or a number" : "a string",
                draft);
  }
}

std::optional<dom::object> JsonReader::Impl::ReadObject(Field field, Draft* draft) const {
  const std::optional<Found> found = Find(field, draft);
  if (!found.has_value()) {
    return std::nullopt;
  }
  dom::object object;
  if (found->value.get(object) != simdjson::SUCCESS) {
    NoteBadType(found->path, found->value, "an object", draft);
    return std::nullopt;
  }
  return object;
}

// $groupidentify may be about a project, not a company; and its sender is not a person when
// PostHog's libraries make up the id "$<type>_<key>".
void JsonReader::Impl::ReadPosthogGroup(Draft* draft) const {
  std::string_view type;
  for (const std::string_view name : {"properties", ""}) {
    dom::object holder = *root_;
    const bool is_there = name.empty() || holder.at_key(name).get(holder) == simdjson::SUCCESS;
    if (is_there && type.empty() && holder.at_key("$group_type").get(type) != simdjson::SUCCESS) {
      type = {};
    }
  }
  if (!type.empty() && type != mapping_.group_type && !rule(Field::kTenant).is_override) {
    draft->is_foreign_group = true;
  }
  const std::string_view user = draft->user.text();
  const std::string_view tenant = draft->tenant.text();
  if (user.size() == mapping_.group_type.size() + tenant.size() + 2 && user.starts_with('$') &&
      user.substr(1).starts_with(mapping_.group_type) && user.ends_with(tenant)) {
    draft->user.Clear();
  }
}

std::optional<std::string> JsonReader::Impl::Parse(std::string_view text, Draft* draft) {
  root_.reset();
  properties_.reset();
  traits_.reset();
  dom::element root;
  if (std::optional<std::string> problem = parser_.Parse(text, &root)) {
    return problem;
  }
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    NoteBadType("the record", root, "an object", draft);
    return std::nullopt;
  }
  root_ = object;
  FillSlots(object);
  if (!ReadKind(draft)) {
    return std::nullopt;
  }
  ReadText(Field::kEvent, &draft->event, draft);
  ReadId(Field::kTenant, &draft->tenant, draft);
  ReadId(Field::kUser, &draft->user, draft);
  ReadId(Field::kId, &draft->id, draft);
  ReadPrevious(draft);
  ReadRole(draft);
  ReadTime(Field::kTime, &draft->time, draft);
  ReadTime(Field::kOriginalTime, &draft->original_time, draft);
  ReadTime(Field::kSentAt, &draft->sent_at, draft);
  ReadTime(Field::kReceivedAt, &draft->received_at, draft);
  properties_ = ReadObject(Field::kProperties, draft);
  traits_ = ReadObject(Field::kTraits, draft);
  if (mapping_.preset == Preset::kPosthog && draft->kind == CallKind::kGroup) {
    ReadPosthogGroup(draft);
  }
  return std::nullopt;
}

void JsonReader::Impl::AddProperties(BagBuilder* builder) const {
  const bool is_flat = !properties_.has_value() && mapping_.preset == Preset::kMixpanel &&
                       !rule(Field::kProperties).is_override && root_.has_value();
  if (!properties_.has_value() && !is_flat) {
    return;
  }
  const std::vector<std::string>& left_out = is_flat ? root_left_out_ : left_out_;
  for (const dom::key_value_pair member : is_flat ? *root_ : *properties_) {
    if (std::ranges::find(left_out, member.key) != left_out.end()) {
      continue;
    }
    AddToBag(member.key, member.value, builder);
  }
}

void JsonReader::Impl::AddTraits(BagBuilder* builder) const {
  if (traits_.has_value()) {
    for (const dom::key_value_pair member : *traits_) {
      AddToBag(member.key, member.value, builder);
    }
  }
}

JsonReader::JsonReader(const Mapping& mapping) : impl_(std::make_unique<Impl>(mapping)) {}
JsonReader::~JsonReader() = default;

std::optional<std::string> JsonReader::Parse(std::string_view text, Draft* draft) {
  return impl_->Parse(text, draft);
}

void JsonReader::AddProperties(BagBuilder* builder) const { impl_->AddProperties(builder); }
void JsonReader::AddTraits(BagBuilder* builder) const { impl_->AddTraits(builder); }

}  // namespace foothold::intake
