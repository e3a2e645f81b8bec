#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "src/config/config_sections.h"
#include "src/intake/mapping.h"

namespace foothold::config {
namespace {

constexpr std::size_t kTopicBytesMax = 249;
constexpr std::size_t kSourcesMax = 64;
constexpr std::size_t kTopicsMax = 1000;
constexpr Range<milliseconds> kSilence{kMinute, 30 * kDay};

std::optional<Start> ReadStart(const YamlNode& node, const std::string& path, Problems* problems) {
  if (node.is_scalar() && node.text == "earliest") {
    return Start{.kind = Start::Kind::kEarliest, .time = {}};
  }
  if (node.is_scalar() && node.text == "latest") {
    return Start{.kind = Start::Kind::kLatest, .time = {}};
  }
  const std::optional<ParsedTime> time = node.is_scalar() ? ParseRfc3339(node.text) : std::nullopt;
  if (!time.has_value()) {
    problems->Add(node.place, fmt::format("{}: expected earliest, latest or a time such as "
                                          "2026-01-31T00:00:00Z, found '{}'",
                                          path, node.text));
    return std::nullopt;
  }
  return Start{.kind = Start::Kind::kTime, .time = time->instant};
}

void ReadTopics(MapReader* reader, Source* source) {
  const YamlNode* topics = reader->Require("topics");
  if (topics == nullptr) {
    return;
  }
  const std::string path = reader->PathOf("topics");
  for (PlacedText& topic : ReadTextList(*topics, path, reader->problems())) {
    if (!IsTopicName(topic.text)) {
      reader->problems()->Add(topic.place,
                              fmt::format("{}: '{}' is no name of a topic", path, topic.text));
    } else if (std::ranges::find(source->topics, topic.text) != source->topics.end()) {
      reader->problems()->Add(topic.place,
                              fmt::format("{}: '{}' is listed twice", path, topic.text));
    } else {
      source->topics.push_back(std::move(topic.text));
    }
  }
  if (source->topics.empty() && topics->is_list() && topics->children.empty()) {
    reader->problems()->Add(topics->place, path + ": a source has at least one topic");
  }
  if (source->topics.size() > kTopicsMax) {
    reader->problems()->Add(topics->place,
                            fmt::format("{}: more than {} topics", path, kTopicsMax));
  }
}

// Checks one override at a time, so that each problem is told with its own line.
void ReadMapping(MapReader* reader, Source* source) {
  const YamlNode* mapping = reader->Take("mapping");
  std::vector<YamlNode> entries;
  if (mapping != nullptr && !mapping->is_map()) {
    reader->problems()->Add(
        mapping->place,
        reader->PathOf("mapping") + ": expected a map of a field to a path or const:<value>");
  } else if (mapping != nullptr) {
    entries = mapping->children;
  }
  if (const YamlNode* group_type = reader->Take("group_type")) {
    entries.push_back(*group_type);
  }
  for (const YamlNode& entry : entries) {
    const bool is_field = entry.key != "group_type";
    const std::string path =
        reader->PathOf(is_field ? fmt::format("mapping.{}", entry.key) : entry.key);
    const std::optional<std::string> value = ReadTextValue(entry, path, reader->problems());
    if (!value.has_value()) {
      continue;
    }
    const Result<intake::Mapping> checked =
        intake::MakeMapping(source->preset, {{entry.key, *value}});
    if (!checked.has_value()) {
      reader->problems()->Add(entry.key_place,
                              fmt::format("{}: {}", path, checked.error().message()));
      continue;
    }
    source->mapping[entry.key] = *value;
  }
}

void ReadPreset(MapReader* reader, Source* source) {
  const YamlNode* preset = reader->Require("preset");
  if (preset == nullptr) {
    return;
  }
  const std::span<const std::string> known = intake::PresetNames();
  if (!preset->is_scalar() || std::ranges::find(known, preset->text) == known.end()) {
    reader->problems()->AddUnknown(preset->place, reader->PathOf("preset"), "preset", preset->text,
                                   known);
    return;
  }
  source->preset = preset->text;
}

Source ReadSource(const YamlNode& node, const std::string& path, Problems* problems) {
  Source source;
  MapReader reader(node, path, problems);
  if (!node.is_map() && !node.is_null()) {
    return source;
  }
  if (const YamlNode* name = reader.Require("name")) {
    source.name = ReadTextValue(*name, reader.PathOf("name"), problems).value_or("");
  }
  ReadTopics(&reader, &source);
  ReadPreset(&reader, &source);
  if (source.preset.empty()) {
    reader.Take("mapping");  // Its fields mean nothing without a preset.
    reader.Take("group_type");
  } else {
    ReadMapping(&reader, &source);
  }
  reader.ReadBoolean("required", &source.is_required);
  reader.ReadBoolean("product", &source.is_product);
  if (const YamlNode* start = reader.Take("start")) {
    source.start = ReadStart(*start, reader.PathOf("start"), problems).value_or(source.start);
  }
  const YamlNode* silence = reader.Take("silence_after");
  if (silence != nullptr && silence->text != "auto") {
    source.silence_after =
        ReadDurationValue(*silence, reader.PathOf("silence_after"), kSilence, problems);
  }
  reader.Finish();
  return source;
}

}  // namespace

bool IsTopicName(std::string_view name) {
  const bool is_plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  return is_plain && !name.empty() && name.size() <= kTopicBytesMax && name != "." && name != "..";
}

void ReadSources(const YamlNode& sources, Problems* problems, std::vector<Source>* out) {
  if (!sources.is_list()) {
    problems->Add(sources.place, "sources: expected a list of sources");
    return;
  }
  if (sources.children.size() > kSourcesMax) {
    problems->Add(sources.place, fmt::format("sources: more than {}", kSourcesMax));
    return;
  }
  std::map<std::string, std::string> source_of_topic;
  for (std::size_t i = 0; i < sources.children.size(); ++i) {
    const YamlNode& node = sources.children[i];
    const std::string path = fmt::format("sources[{}]", i);
    Source source = ReadSource(node, path, problems);
    if (!source.name.empty() && std::ranges::find(*out, source.name, &Source::name) != out->end()) {
      problems->Add(node.place, fmt::format("{}: a second source '{}'", path, source.name));
    }
    for (const std::string& topic : source.topics) {
      const auto [owner, is_new] = source_of_topic.emplace(topic, source.name);
      if (!is_new) {
        problems->Add(node.place, fmt::format("{}: the topic '{}' already belongs to the source "
                                              "'{}'",
                                              path, topic, owner->second));
      }
    }
    out->push_back(std::move(source));
  }
}

}  // namespace foothold::config
