#pragma once

// Inside of src/intake only: where the fields of a mapping stand in a JSON record.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "src/intake/draft.h"
#include "src/intake/mapping.h"

namespace foothold::intake {

struct FoundField {
  simdjson::dom::element value;
  std::string_view path;  // As it stands in messages; lives as long as the JsonFields.
};

// Notes "<path> is <a type>, needs <needed>" unless an earlier bad type is noted.
void NoteBadType(std::string_view path, simdjson::dom::element value, std::string_view needed,
                 Draft* draft);

// The paths of a mapping, made ready: the root of a record is walked once for all of them.
class JsonFields {
 public:
  explicit JsonFields(const Mapping& mapping);

  void Fill(simdjson::dom::object root);
  // The first place of the field, for a call of draft->kind, that holds something: null does not
  // count, nor does an empty id or name. A step on the way that is no object is a bad type.
  std::optional<FoundField> Find(Field field, Draft* draft) const;
  // The names at the root that the mapping reads.
  const std::vector<std::string>& names() const { return names_; }

 private:
  // A path whose first name is an index into names_.
  struct SlotPath {
    std::size_t slot = 0;
    std::vector<std::string> names;  // Behind the first.
    KindSet kinds;
    std::string text;
  };
  // What stands at the root under one of the names.
  struct Slot {
    simdjson::dom::element value;
    bool is_set = false;
  };

  std::size_t SlotOf(const std::string& name);
  // False if nothing is there.
  bool Walk(const SlotPath& path, simdjson::dom::element* value, Draft* draft) const;

  std::array<std::vector<SlotPath>, kFieldCount> paths_;
  std::vector<std::string> names_;
  std::vector<Slot> slots_;
};

}  // namespace foothold::intake
