#include "src/intake/json_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "src/intake/json_value.h"

namespace foothold::intake {
namespace {

namespace dom = simdjson::dom;

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

void NoteBadType(std::string_view path, dom::element value, std::string_view needed, Draft* draft) {
  if (draft->bad_type.empty()) {
    draft->bad_type = fmt::format("{} is {}, needs {}", path, TypeName(value), needed);
  }
}

JsonFields::JsonFields(const Mapping& mapping) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    for (const Path& path : mapping.rules[i].paths) {
      paths_[i].push_back({.slot = SlotOf(path.names.front()),
                           .names = {path.names.begin() + 1, path.names.end()},
                           .kinds = path.kinds,
                           .text = ToString(path)});
    }
  }
  slots_.resize(names_.size());
}

std::size_t JsonFields::SlotOf(const std::string& name) {
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) {
    names_.push_back(name);
    return names_.size() - 1;
  }
  return static_cast<std::size_t>(found - names_.begin());
}

void JsonFields::Fill(dom::object root) {
  for (Slot& slot : slots_) {
    slot.is_set = false;
  }
  for (const dom::key_value_pair member : root) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      // Most differ in size or in the first letter: that is cheaper to see than a call.
      const std::string& name = names_[i];
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

bool JsonFields::Walk(const SlotPath& path, dom::element* value, Draft* draft) const {
  const Slot& slot = slots_[path.slot];
  if (!slot.is_set || slot.value.is_null()) {
    return false;
  }
  *value = slot.value;
  for (std::size_t i = 0; i < path.names.size(); ++i) {
    dom::object object;
    if (value->get(object) != simdjson::SUCCESS) {
      std::string place = names_[path.slot];
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

std::optional<FoundField> JsonFields::Find(Field field, Draft* draft) const {
  dom::element value;
  for (const SlotPath& path : paths_[static_cast<std::size_t>(field)]) {
    if (!path.kinds.Contains(draft->kind) || !Walk(path, &value, draft)) {
      continue;
    }
    std::string_view text;
    if (TreatsEmptyAsAbsent(field) && value.get(text) == simdjson::SUCCESS && text.empty()) {
      continue;
    }
    return FoundField{.value = value, .path = path.text};
  }
  return std::nullopt;
}

}  // namespace foothold::intake
