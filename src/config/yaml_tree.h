#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/config/problems.h"

namespace foothold::config {

// A YAML document as plain values that remember where they stood. Of YAML it is the part that one
// reads aloud: maps, lists, scalars; anchors, aliases and several documents in a file are refused.
struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string text;  // Of a scalar.
  Place place;
  std::string key;  // Of the child of a map.
  Place key_place;
  std::vector<YamlNode> children;  // Of a list or a map, in the order of the file.

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // The child of a map under that key; nullptr if there is none.
  const YamlNode* Find(std::string_view child_key) const;
  YamlNode* Find(std::string_view child_key);
};

// Reads one document. An empty one is null. A key given twice in one map is a problem. nullopt,
// with the problem added, if `text` is not YAML of the kind described above.
std::optional<YamlNode> ParseYaml(std::string_view text, int file, Problems* problems);

}  // namespace foothold::config
