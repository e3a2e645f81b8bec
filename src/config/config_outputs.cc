#include <array>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "src/config/config_sections.h"

namespace foothold::config {
namespace {

constexpr auto kFormats = std::to_array<std::pair<std::string_view, OutputFormat>>(
    {{"json", OutputFormat::kJson}, {"protobuf", OutputFormat::kProtobufRaw}});
enum class Framing : std::uint8_t { kRaw, kFramed };
constexpr auto kFramings = std::to_array<std::pair<std::string_view, Framing>>(
    {{"raw", Framing::kRaw}, {"framed", Framing::kFramed}});

// Which records carry a person at all.
enum class PersonSwitch : std::uint8_t { kOffered, kNone };

void CheckTopic(const YamlNode* node, const std::string& path, const std::string& topic,
                Problems* problems) {
  if (node != nullptr && node->is_scalar() && !IsTopicName(topic)) {
    problems->Add(node->place, fmt::format("{}: '{}' is no name of a topic", path, topic));
  }
}

void ReadOutputTopic(MapReader* outputs, std::string_view key, PersonSwitch person,
                     OutputTopic* out) {
  const YamlNode* node = outputs->Take(key);
  if (node == nullptr) {
    return;
  }
  MapReader reader(*node, outputs->PathOf(key), outputs->problems());
  reader.ReadText("topic", &out->topic);
  CheckTopic(node->Find("topic"), reader.PathOf("topic"), out->topic, reader.problems());
  reader.ReadChoice("format", kFormats, &out->format);
  Framing framing = Framing::kRaw;
  const YamlNode* framing_node = node->Find("framing");
  reader.ReadChoice("framing", kFramings, &framing);
  const YamlNode* schema_id = node->Find("schema_id");
  reader.ReadInteger("schema_id", Range<std::int32_t>{1, std::numeric_limits<std::int32_t>::max()},
                     &out->schema_id);
  if (person == PersonSwitch::kOffered) {
    reader.ReadBoolean("person", &out->has_person);
  }
  if (framing_node != nullptr && !framing_node->is_null() && out->format == OutputFormat::kJson) {
    reader.problems()->Add(framing_node->key_place,
                           reader.PathOf("framing") + ": goes with format: protobuf");
  }
  if (framing == Framing::kFramed && out->format == OutputFormat::kProtobufRaw) {
    out->format = OutputFormat::kProtobufFramed;
  }
  const bool is_framed = out->format == OutputFormat::kProtobufFramed;
  if (is_framed && schema_id == nullptr) {
    reader.problems()->Add(
        framing_node->key_place,
        reader.PathOf("schema_id") + " is missing: framing: framed carries the registry's id");
  }
  if (!is_framed && schema_id != nullptr) {
    reader.problems()->Add(schema_id->key_place,
                           reader.PathOf("schema_id") + ": goes with framing: framed");
  }
  reader.Finish();
}

}  // namespace

void ReadOutputs(const YamlNode& outputs, Problems* problems, Outputs* out) {
  MapReader reader(outputs, "outputs", problems);
  ReadOutputTopic(&reader, "activation", PersonSwitch::kOffered, &out->activation);
  ReadOutputTopic(&reader, "risk", PersonSwitch::kOffered, &out->risk);
  ReadOutputTopic(&reader, "progress", PersonSwitch::kNone, &out->progress);
  ReadOutputTopic(&reader, "interventions_email", PersonSwitch::kOffered,
                  &out->interventions_email);
  ReadOutputTopic(&reader, "interventions_in_app", PersonSwitch::kOffered,
                  &out->interventions_in_app);
  ReadOutputTopic(&reader, "interventions_cs", PersonSwitch::kOffered, &out->interventions_cs);
  ReadOutputTopic(&reader, "interventions_log", PersonSwitch::kOffered, &out->interventions_log);
  ReadOutputTopic(&reader, "user_status", PersonSwitch::kOffered, &out->user_status);
  ReadOutputTopic(&reader, "account_status", PersonSwitch::kNone, &out->account_status);
  if (const YamlNode* dead_letter = reader.Take("dead_letter")) {
    MapReader topic(*dead_letter, "outputs.dead_letter", problems);
    topic.ReadText("topic", &out->dead_letter);
    CheckTopic(dead_letter->Find("topic"), "outputs.dead_letter.topic", out->dead_letter, problems);
    topic.Finish();
  }
  reader.ReadInteger("partitions", Range<std::int32_t>{1, 10'000}, &out->partitions);
  reader.ReadInteger("replication", Range<std::int32_t>{-1, 100}, &out->replication);
  if (out->replication == 0) {
    const YamlNode* replication = outputs.Find("replication");
    problems->Add(replication->place,
                  "outputs.replication: from 1, or -1 for the broker's default");
    out->replication = -1;
  }
  reader.Finish();
}

}  // namespace foothold::config
