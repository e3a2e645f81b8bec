#include "src/intake/json_reader.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "src/intake/json_fields.h"
#include "src/intake/json_value.h"

namespace foothold::intake {
namespace {

namespace dom = simdjson::dom;

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
  void CollectLeftOut();
  const FieldRule& rule(Field field) const { return mapping_.rule(field); }

  bool ReadKind(Draft* draft) const;
  void ReadId(Field field, TextField* out, Draft* draft) const;
  void ReadPrevious(Draft* draft) const;
  void ReadText(Field field, TextField* out, Draft* draft) const;
  void ReadRole(Draft* draft) const;
  void ReadTime(Field field, TimeField* out, Draft* draft) const;
  std::optional<dom::object> ReadObject(Field field, Draft* draft) const;
  void ReadPosthogGroup(Draft* draft) const;

  const Mapping& mapping_;
  std::vector<std::string> left_out_;  // Names in `properties` that are no properties.

  JsonParser parser_;
  JsonFields fields_;
  std::optional<dom::object> root_;
  std::optional<dom::object> properties_;
  std::optional<dom::object> traits_;
};

JsonReader::Impl::Impl(const Mapping& mapping) : mapping_(mapping), fields_(mapping) {
  CollectLeftOut();
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

bool JsonReader::Impl::ReadKind(Draft* draft) const {
  const FieldRule& kind_rule = rule(Field::kKind);
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
  const std::optional<FoundField> found = fields_.Find(Field::kKind, draft);
  if (!found.has_value()) {
    if (draft->bad_type.empty()) {
      draft->bad_type = fmt::format("{} is missing", ToString(kind_rule.paths.front()));
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
  const std::optional<FoundField> found = fields_.Find(field, draft);
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
  const std::optional<FoundField> found = fields_.Find(Field::kPreviousId, draft);
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
  const std::optional<FoundField> found = fields_.Find(field, draft);
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
  const std::optional<FoundField> found = fields_.Find(Field::kRole, draft);
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
  const std::optional<FoundField> found = fields_.Find(field, draft);
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
  const std::optional<FoundField> found = fields_.Find(field, draft);
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
  fields_.Fill(object);
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
  const std::vector<std::string>& left_out = is_flat ? fields_.names() : left_out_;
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
