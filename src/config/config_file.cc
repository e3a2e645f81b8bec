#include "src/config/config_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "src/config/config_sections.h"
#include "src/config/map_reader.h"
#include "src/config/text_file.h"

namespace foothold::config {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::int64_t kMiB = std::int64_t{1} << 20U;
constexpr std::int64_t kGiB = std::int64_t{1} << 30U;

constexpr auto kClockModes = std::to_array<std::pair<std::string_view, journey::ClockMode>>(
    {{"wall", journey::ClockMode::kWall}, {"event", journey::ClockMode::kEvent}});
constexpr auto kLogLevels =
    std::to_array<std::pair<std::string_view, LogLevel>>({{"debug", LogLevel::kDebug},
                                                          {"info", LogLevel::kInfo},
                                                          {"warning", LogLevel::kWarning},
                                                          {"error", LogLevel::kError}});
constexpr auto kLogFormats = std::to_array<std::pair<std::string_view, LogFormat>>(
    {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});

// A name that becomes part of topics, groups and transactional ids.
void ReadName(MapReader* reader, std::string_view key, std::string* out) {
  const YamlNode* node = reader->Take(key);
  if (node == nullptr) {
    return;
  }
  if (!node->is_scalar() || !IsTopicName(node->text) || node->text.size() > kNameBytesMax) {
    reader->problems()->Add(
        node->place, fmt::format("{}: expected up to {} letters, digits, '.', '_', '-', found '{}'",
                                 reader->PathOf(key), kNameBytesMax, node->text));
    return;
  }
  *out = node->text;
}

void ReadKafka(const YamlNode& kafka, Problems* problems,
               std::map<std::string, std::string>* properties) {
  const MapReader shape(kafka, "kafka", problems);
  for (const YamlNode& property : kafka.children) {
    const std::string path = "kafka." + property.key;
    if (property.is_null() || !kafka.is_map()) {
      continue;
    }
    if (!property.is_scalar()) {
      problems->Add(property.key_place, path + ": expected one value, as librdkafka takes it");
      continue;
    }
    (*properties)[property.key] = property.text;
  }
}

// "127.0.0.1:9464", "[::1]:9464".
void ReadListen(MapReader* reader, std::string* listen) {
  const YamlNode* node = reader->Take("listen");
  if (node == nullptr) {
    return;
  }
  const std::string_view text = node->text;
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const std::string_view digits =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  std::int32_t port = -1;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool is_port = !digits.empty() && parsed.ec == std::errc() &&
                       parsed.ptr == digits.data() + digits.size() && port >= 0 && port <= 65535;
  if (!node->is_scalar() || host.empty() || !is_port) {
    reader->problems()->Add(
        node->place,
        fmt::format("{}: expected an address and a port such as 127.0.0.1:9464, found '{}'",
                    reader->PathOf("listen"), node->text));
    return;
  }
  *listen = node->text;
}

// Reads `key` as a map with `read`, if it is there.
template <class Read>
void ReadSection(MapReader* root, std::string_view key, Read read) {
  if (const YamlNode* node = root->Take(key)) {
    MapReader section(*node, std::string(key), root->problems());
    read(&section);
    section.Finish();
  }
}

void ReadPlainSections(MapReader* root, Config* config) {
  ReadSection(root, "journal", [&](MapReader* section) {
    section->ReadInteger("partitions", Range<std::int32_t>{1, 1000}, &config->journal.partitions);
    section->ReadDuration("retention", {kDay, 3650 * kDay}, &config->journal.retention);
  });
  ReadSection(root, "state", [&](MapReader* section) {
    section->ReadText("dir", &config->state.dir);
    section->ReadBytes("memory", {16 * kMiB, 1024 * kGiB}, &config->state.memory_bytes);
    section->ReadBytes("cache", {0, 1024 * kGiB}, &config->state.cache_bytes);
    section->ReadDuration("checkpoint_interval", {milliseconds{0}, 10 * kMinute},
                          &config->state.checkpoint_interval);
  });
  ReadSection(root, "intake", [&](MapReader* section) {
    section->ReadInteger("workers", Range<std::int32_t>{1, 64}, &config->intake_workers);
  });
  ReadSection(root, "people", [&](MapReader* section) {
    section->ReadInteger("workers", Range<std::int32_t>{1, 64}, &config->people.workers);
    section->ReadInteger("partitions", Range<std::int32_t>{1, 64}, &config->people.partitions);
    section->ReadBytes("waiting", {kMiB, 1024 * kGiB}, &config->people.waiting_bytes);
  });
  ReadSection(root, "journey", [&](MapReader* section) {
    section->ReadInteger("workers", Range<std::int32_t>{1, 64}, &config->journey_workers);
  });
  ReadSection(root, "clock", [&](MapReader* section) {
    section->ReadChoice("idle", kClockModes, &config->clock);
  });
  ReadSection(root, "http", [&](MapReader* section) {
    ReadListen(section, &config->http_listen);
    section->ReadDuration("ready_lag_max", {milliseconds(1000), 3650 * kDay},
                          &config->ready_lag_max);
  });
  ReadSection(root, "serve", [&](MapReader* section) {
    ReadListen(section, &config->serve.listen);
    section->ReadText("token_file", &config->serve.token_file);
    section->ReadBoolean("approvals", &config->serve.has_approvals);
  });
  ReadSection(root, "log", [&](MapReader* section) {
    section->ReadChoice("level", kLogLevels, &config->log.level);
    section->ReadChoice("format", kLogFormats, &config->log.format);
  });
}

// No topic has two meanings: what is written must never be read as input.
void CheckTopicsApart(const Config& config, const YamlNode& root, Problems* problems) {
  std::map<std::string, std::string> meaning;
  for (const char* suffix :
       {"journal", "people", "people-changelog", "state-changelog", "control"}) {
    meaning.emplace(fmt::format("{}-{}", config.app, suffix), "an internal topic");
  }
  const auto claim = [&](const std::string& topic, std::string_view key, std::string_view what) {
    const auto [owner, is_new] = meaning.emplace(topic, what);
    if (!is_new) {
      const YamlNode* section = root.Find(key);
      problems->Add(section == nullptr ? root.place : section->key_place,
                    fmt::format("{}: the topic '{}' is {} and cannot be {} as well", key, topic,
                                owner->second, what));
    }
  };
  const Outputs& outputs = config.outputs;
  claim(outputs.activation.topic, "outputs", "outputs.activation");
  claim(outputs.risk.topic, "outputs", "outputs.risk");
  claim(outputs.progress.topic, "outputs", "outputs.progress");
  claim(outputs.interventions_email.topic, "outputs", "outputs.interventions_email");
  claim(outputs.interventions_in_app.topic, "outputs", "outputs.interventions_in_app");
  claim(outputs.interventions_cs.topic, "outputs", "outputs.interventions_cs");
  claim(outputs.interventions_log.topic, "outputs", "outputs.interventions_log");
  claim(outputs.user_status.topic, "outputs", "outputs.user_status");
  claim(outputs.account_status.topic, "outputs", "outputs.account_status");
  claim(outputs.dead_letter, "outputs", "outputs.dead_letter");
  for (const Source& source : config.sources) {
    for (const std::string& topic : source.topics) {
      const auto owner = meaning.find(topic);
      if (owner != meaning.end()) {
        claim(topic, "sources", fmt::format("read by the source '{}'", source.name));
      }
    }
  }
}

std::string FromDirectoryOf(std::string_view file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).string();
}

}  // namespace

Checked<Config> ReadConfig(std::string_view text, std::string_view file) {
  Problems problems;
  const int number = problems.AddFile(file);
  const std::optional<YamlNode> root = ParseYaml(text, number, &problems);
  if (!root.has_value()) {
    return tl::unexpected(problems.Errors());
  }
  Config config;
  MapReader reader(*root, "", &problems);
  ReadName(&reader, "app", &config.app);
  ReadName(&reader, "instance", &config.instance);
  if (const YamlNode* kafka = reader.Take("kafka")) {
    ReadKafka(*kafka, &problems, &config.kafka);
  }
  if (const YamlNode* sources = reader.Take("sources")) {
    ReadSources(*sources, &problems, &config.sources);
  }
  reader.ReadText("playbook", &config.playbook);
  if (!config.playbook.empty()) {
    config.playbook = FromDirectoryOf(file, config.playbook);
  }
  if (const YamlNode* outputs = reader.Take("outputs")) {
    ReadOutputs(*outputs, &problems, &config.outputs);
  }
  ReadPlainSections(&reader, &config);
  if (!config.serve.token_file.empty()) {
    config.serve.token_file = FromDirectoryOf(file, config.serve.token_file);
  }
  reader.ReadDuration("commit_interval", {milliseconds(10), kMinute}, &config.commit_interval);
  reader.ReadBytes("record_bytes_max", {1024, 64 * kMiB}, &config.record_bytes_max);
  reader.ReadDuration("watchdog", {10 * milliseconds(1000), kHour}, &config.watchdog);
  reader.ReadDuration("session_timeout", {6 * milliseconds(1000), 30 * kMinute},
                      &config.session_timeout);
  reader.ReadText("email_salt", &config.email_salt);
  reader.Finish();
  CheckTopicsApart(config, *root, &problems);
  if (!problems.is_empty()) {
    return tl::unexpected(problems.Errors());
  }
  return config;
}

Checked<Config> LoadConfig(const std::string& path) {
  const Result<std::string> text = ReadTextFile(path);
  if (!text.has_value()) {
    return tl::unexpected(std::vector<Problem>{
        {.file = path, .line = 0, .what = text.error().message(), .suggestion = {}}});
  }
  return ReadConfig(*text, path);
}

Status CheckRunnable(const Config& config) {
  const auto has_brokers = [&](const char* name) {
    const auto found = config.kafka.find(name);
    return found != config.kafka.end() && !found->second.empty();
  };
  // librdkafka takes both names.
  if (!has_brokers("bootstrap.servers") && !has_brokers("metadata.broker.list")) {
    return Error(Code::kInvalid, "kafka.bootstrap.servers is missing: name at least one broker");
  }
  if (config.sources.empty()) {
    return Error(Code::kInvalid, "sources is missing: name at least one topic to read");
  }
  return {};
}

}  // namespace foothold::config
