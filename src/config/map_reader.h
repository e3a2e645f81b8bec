#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/time.h"
#include "src/config/problems.h"
#include "src/config/yaml_tree.h"

namespace foothold::config {

template <class T>
struct Range {
  T min;
  T max;  // Included.
};

// Reads a map key by key and remembers which keys it was asked for, so that Finish() can name those
// nobody knows. A key without a value (or `null`) counts as absent; an absent key leaves the
// caller's default as it is. Every problem is told with the path of the key: "http.listen: ...".
//
// Not thread-safe. `node` and `problems` must outlive it.
class MapReader {
 public:
  // `path` is where the map stands: "" for the file itself, "http", "sources[0]".
  MapReader(const YamlNode& node, std::string path, Problems* problems);

  // The value under the key; nullptr if absent.
  const YamlNode* Take(std::string_view key);
  // Likewise, and a problem if it is absent.
  const YamlNode* Require(std::string_view key);
  std::string PathOf(std::string_view key) const;

  void ReadText(std::string_view key, std::string* value);
  void ReadInteger(std::string_view key, Range<std::int64_t> range, std::int64_t* value);
  void ReadInteger(std::string_view key, Range<std::int32_t> range, std::int32_t* value);
  void ReadDuration(std::string_view key, Range<milliseconds> range, milliseconds* value);
  // "64MiB", "512KiB", "1GiB", or a number of bytes.
  void ReadBytes(std::string_view key, Range<std::int64_t> range, std::int64_t* value);
  void ReadBoolean(std::string_view key, bool* value);
  // One of a closed set of words.
  template <class T, std::size_t kSize>
  void ReadChoice(std::string_view key,
                  const std::array<std::pair<std::string_view, T>, kSize>& choices, T* value) {
    const YamlNode* node = Take(key);
    if (node == nullptr) {
      return;
    }
    std::vector<std::string> words;
    for (const auto& [word, choice] : choices) {
      if (node->is_scalar() && node->text == word) {
        *value = choice;
        return;
      }
      words.emplace_back(word);
    }
    AddNoChoice(*node, PathOf(key), words);
  }

  // Names the keys that nobody asked for.
  void Finish();

  const YamlNode& node() const { return node_; }
  const std::string& path() const { return path_; }
  Problems* problems() { return problems_; }

 private:
  void AddNoChoice(const YamlNode& node, const std::string& path,
                   std::span<const std::string> words);

  const YamlNode& node_;
  const std::string path_;
  Problems* const problems_;
  std::vector<std::string> asked_;
};

// The same for single values; nullopt, with the problem added, if the value is not of that kind.
std::optional<std::string> ReadTextValue(const YamlNode& node, const std::string& path,
                                         Problems* problems);
std::optional<std::int64_t> ReadIntegerValue(const YamlNode& node, const std::string& path,
                                             Range<std::int64_t> range, Problems* problems);
std::optional<double> ReadNumberValue(const YamlNode& node, const std::string& path,
                                      Range<double> range, Problems* problems);
std::optional<bool> ReadBooleanValue(const YamlNode& node, const std::string& path,
                                     Problems* problems);
std::optional<milliseconds> ReadDurationValue(const YamlNode& node, const std::string& path,
                                              Range<milliseconds> range, Problems* problems);

// One word of a list, and where it stands.
struct PlacedText {
  std::string text;
  Place place;
};
// A scalar (a list of one) or a list of scalars.
std::vector<PlacedText> ReadTextList(const YamlNode& node, const std::string& path,
                                     Problems* problems);

// "64MiB", "512KiB", "1GiB", "1000"; nullopt otherwise.
std::optional<std::int64_t> ParseBytes(std::string_view text);
// The shortest such text.
std::string FormatBytes(std::int64_t bytes);

}  // namespace foothold::config
