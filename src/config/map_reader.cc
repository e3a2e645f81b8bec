#include "src/config/map_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/check.h"

namespace foothold::config {
namespace {

std::string_view KindName(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  FOOTHOLD_CHECK(false, "a kind of YAML node without a name");
}

// "'text'", or what stands there instead of a scalar.
std::string Found(const YamlNode& node) {
  return node.is_scalar() ? fmt::format("'{}'", node.text) : std::string(KindName(node));
}

void AddExpected(const YamlNode& node, const std::string& path, std::string_view expected,
                 Problems* problems) {
  problems->Add(node.place, fmt::format("{}: expected {}, found {}", path, expected, Found(node)));
}

template <class T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return std::nullopt;
  }
  return value;
}

constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kByteUnits = {
    {{"GiB", std::int64_t{1} << 30U},
     {"MiB", std::int64_t{1} << 20U},
     {"KiB", std::int64_t{1} << 10U},
     {"B", 1}}};

}  // namespace

std::optional<std::int64_t> ParseBytes(std::string_view text) {
  std::int64_t unit = 1;
  for (const auto& [name, bytes] : kByteUnits) {
    if (text.ends_with(name)) {
      text.remove_suffix(name.size());
      unit = bytes;
      break;
    }
  }
  const std::optional<std::int64_t> count = ParseNumber<std::int64_t>(text);
  if (!count.has_value() || *count < 0 ||
      *count > std::numeric_limits<std::int64_t>::max() / unit) {
    return std::nullopt;
  }
  return *count * unit;
}

std::string FormatBytes(std::int64_t bytes) {
  for (const auto& [name, unit] : kByteUnits) {
    if (bytes != 0 && bytes % unit == 0) {
      return fmt::format("{}{}", bytes / unit, name);
    }
  }
  return "0B";
}

std::optional<std::string> ReadTextValue(const YamlNode& node, const std::string& path,
                                         Problems* problems) {
  if (!node.is_scalar() || node.text.empty()) {
    AddExpected(node, path, "a text", problems);
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::int64_t> ReadIntegerValue(const YamlNode& node, const std::string& path,
                                             Range<std::int64_t> range, Problems* problems) {
  const std::optional<std::int64_t> value =
      node.is_scalar() ? ParseNumber<std::int64_t>(node.text) : std::nullopt;
  if (!value.has_value() || *value < range.min || *value > range.max) {
    AddExpected(node, path, fmt::format("a whole number from {} to {}", range.min, range.max),
                problems);
    return std::nullopt;
  }
  return value;
}

std::optional<double> ReadNumberValue(const YamlNode& node, const std::string& path,
                                      Range<double> range, Problems* problems) {
  const std::optional<double> value =
      node.is_scalar() ? ParseNumber<double>(node.text) : std::nullopt;
  // Written so that NaN is refused too.
  if (!value.has_value() || !(*value >= range.min && *value <= range.max)) {
    AddExpected(node, path, fmt::format("a number from {} to {}", range.min, range.max), problems);
    return std::nullopt;
  }
  return value;
}

std::optional<bool> ReadBooleanValue(const YamlNode& node, const std::string& path,
                                     Problems* problems) {
  if (node.is_scalar() && (node.text == "true" || node.text == "false")) {
    return node.text == "true";
  }
  // What YAML 1.1 took for them; only one spelling is taken here.
  const bool is_yes = node.text == "yes" || node.text == "on" || node.text == "True";
  const bool is_no = node.text == "no" || node.text == "off" || node.text == "False";
  problems->Add(node.place, fmt::format("{}: expected true or false, found {}", path, Found(node)),
                is_yes  ? "true"
                : is_no ? "false"
                        : "");
  return std::nullopt;
}

std::optional<milliseconds> ReadDurationValue(const YamlNode& node, const std::string& path,
                                              Range<milliseconds> range, Problems* problems) {
  const std::optional<milliseconds> value =
      node.is_scalar() ? ParseDuration(node.text) : std::nullopt;
  if (!value.has_value()) {
    AddExpected(node, path, "a duration such as 250ms, 30s, 10m, 48h, 7d", problems);
    return std::nullopt;
  }
  if (*value < range.min || *value > range.max) {
    AddExpected(node, path,
                fmt::format("a duration from {} to {}", FormatDuration(range.min),
                            FormatDuration(range.max)),
                problems);
    return std::nullopt;
  }
  return value;
}

std::vector<PlacedText> ReadTextList(const YamlNode& node, const std::string& path,
                                     Problems* problems) {
  std::vector<PlacedText> texts;
  if (node.is_scalar() && !node.text.empty()) {
    texts.push_back({node.text, node.place});
    return texts;
  }
  if (!node.is_list()) {
    AddExpected(node, path, "a text or a list of texts", problems);
    return texts;
  }
  for (const YamlNode& child : node.children) {
    if (child.is_scalar() && !child.text.empty()) {
      texts.push_back({child.text, child.place});
    } else {
      AddExpected(child, path, "a text", problems);
    }
  }
  return texts;
}

MapReader::MapReader(const YamlNode& node, std::string path, Problems* problems)
    : node_(node), path_(std::move(path)), problems_(problems) {
  if (!node_.is_map() && !node_.is_null()) {
    AddExpected(node_, path_.empty() ? "the file" : path_, "a map (key: value)", problems_);
  }
}

const YamlNode* MapReader::Take(std::string_view key) {
  if (std::ranges::find(asked_, key) == asked_.end()) {
    asked_.emplace_back(key);
  }
  const YamlNode* found = node_.is_map() ? node_.Find(key) : nullptr;
  return found == nullptr || found->is_null() ? nullptr : found;
}

const YamlNode* MapReader::Require(std::string_view key) {
  const YamlNode* found = Take(key);
  if (found == nullptr && (node_.is_map() || node_.is_null())) {
    problems_->Add(node_.key.empty() ? node_.place : node_.key_place,
                   fmt::format("{} is missing", PathOf(key)));
  }
  return found;
}

std::string MapReader::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void MapReader::ReadText(std::string_view key, std::string* value) {
  if (const YamlNode* node = Take(key)) {
    *value = ReadTextValue(*node, PathOf(key), problems_).value_or(*value);
  }
}

void MapReader::ReadInteger(std::string_view key, Range<std::int64_t> range, std::int64_t* value) {
  if (const YamlNode* node = Take(key)) {
    *value = ReadIntegerValue(*node, PathOf(key), range, problems_).value_or(*value);
  }
}

void MapReader::ReadInteger(std::string_view key, Range<std::int32_t> range, std::int32_t* value) {
  std::int64_t wide = *value;
  ReadInteger(key, Range<std::int64_t>{range.min, range.max}, &wide);
  *value = static_cast<std::int32_t>(wide);
}

void MapReader::ReadDuration(std::string_view key, Range<milliseconds> range, milliseconds* value) {
  if (const YamlNode* node = Take(key)) {
    *value = ReadDurationValue(*node, PathOf(key), range, problems_).value_or(*value);
  }
}

void MapReader::ReadBytes(std::string_view key, Range<std::int64_t> range, std::int64_t* value) {
  const YamlNode* node = Take(key);
  if (node == nullptr) {
    return;
  }
  const std::optional<std::int64_t> bytes =
      node->is_scalar() ? ParseBytes(node->text) : std::nullopt;
  if (!bytes.has_value() || *bytes < range.min || *bytes > range.max) {
    AddExpected(*node, PathOf(key),
                fmt::format("a size from {} to {}, such as 512KiB or 64MiB", FormatBytes(range.min),
                            FormatBytes(range.max)),
                problems_);
    return;
  }
  *value = *bytes;
}

void MapReader::ReadBoolean(std::string_view key, bool* value) {
  if (const YamlNode* node = Take(key)) {
    *value = ReadBooleanValue(*node, PathOf(key), problems_).value_or(*value);
  }
}

void MapReader::AddNoChoice(const YamlNode& node, const std::string& path,
                            std::span<const std::string> words) {
  if (!node.is_scalar()) {
    AddExpected(node, path, fmt::format("one of {}", fmt::join(words, ", ")), problems_);
    return;
  }
  problems_->AddUnknown(node.place, path, "choice", node.text, words);
}

void MapReader::Finish() {
  for (const YamlNode& child : node_.children) {
    if (node_.is_map() && std::ranges::find(asked_, child.key) == asked_.end()) {
      problems_->AddUnknown(child.key_place, path_, "key", child.key, asked_);
    }
  }
}

}  // namespace foothold::config
