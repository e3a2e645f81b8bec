#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace foothold::intake {

// A JSON value that owns what it holds: for commands that look at few fields of many forms. What
// decodes events is JsonReader.
struct JsonTree {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  std::string text = {};                // A string's content; of anything else its JSON, minified.
  std::vector<std::string> names = {};  // kObject: of `items`, in order.
  std::vector<JsonTree> items = {};     // kArray, kObject.

  // The member of that name (the first of several); null if there is none, or this is no object.
  const JsonTree& operator[](std::string_view name) const;
  // Likewise along "a/b/c"; array elements have no names.
  const JsonTree& At(std::string_view path) const;
  bool Has(std::string_view name) const;
  bool is_null() const { return kind == Kind::kNull; }

  // kInvalid: `json` is not valid; nested deeper than kNestingMax is not, either.
  static Result<JsonTree> Read(std::string_view json);
};

}  // namespace foothold::intake
