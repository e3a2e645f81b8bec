#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/config/config_file.h"
#include "src/config/map_reader.h"

namespace foothold::config {
namespace {

constexpr std::string_view kHidden = "***";

// Substrings of the names of properties that hold, or may hold, what lets somebody in. Rather one
// too many: sasl.oauthbearer.config and sasl.jaas.config carry secrets among other things.
constexpr auto kSecretParts = std::to_array<std::string_view>(
    {"password", "secret", "key.pem", "oauthbearer.config", "jaas.config", "token"});

// Quoted as JSON strings are, which YAML takes; whatever the bytes, it stays on its line.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string_view FormatText(OutputFormat format) {
  switch (format) {
    case OutputFormat::kJson:
      return "{format: json";
    case OutputFormat::kProtobufRaw:
      return "{format: protobuf, framing: raw";
    case OutputFormat::kProtobufFramed:
      return "{format: protobuf, framing: framed";
  }
  FOOTHOLD_CHECK(false, "an output format without a name");
}

std::string_view LevelText(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  FOOTHOLD_CHECK(false, "a log level without a name");
}

std::string StartText(const Start& start) {
  switch (start.kind) {
    case Start::Kind::kEarliest:
      return "earliest";
    case Start::Kind::kLatest:
      return "latest";
    case Start::Kind::kTime:
      return FormatRfc3339(start.time);
  }
  FOOTHOLD_CHECK(false, "a start without a name");
}

// Lines of YAML, one key each.
class YamlLines {
 public:
  void Line(std::string_view text) { text_.append(text).push_back('\n'); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

void DescribeSource(const Source& source, YamlLines* lines) {
  lines->Line(fmt::format("  - name: {}", Quoted(source.name)));
  lines->Line("    topics:");
  for (const std::string& topic : source.topics) {
    lines->Line(fmt::format("      - {}", Quoted(topic)));
  }
  lines->Line(fmt::format("    preset: {}", source.preset));
  lines->Line(source.mapping.empty() ? "    mapping: {}" : "    mapping:");
  for (const auto& [field, path] : source.mapping) {
    lines->Line(fmt::format("      {}: {}", Quoted(field), Quoted(path)));
  }
  lines->Line(fmt::format("    required: {}", source.is_required));
  lines->Line(fmt::format("    product: {}", source.is_product));
  lines->Line(fmt::format("    start: {}", StartText(source.start)));
  lines->Line(fmt::format("    silence_after: {}", source.silence_after.has_value()
                                                       ? FormatDuration(*source.silence_after)
                                                       : "auto"));
}

enum class PersonSwitch : std::uint8_t { kOffered, kNone };

void DescribeOutput(std::string_view key, const OutputTopic& output, PersonSwitch person,
                    YamlLines* lines) {
  std::string text =
      fmt::format("  {}: {}, topic: {}", key, FormatText(output.format), Quoted(output.topic));
  if (output.format == OutputFormat::kProtobufFramed) {
    text += fmt::format(", schema_id: {}", output.schema_id);
  }
  if (person == PersonSwitch::kOffered) {
    text += fmt::format(", person: {}", output.has_person);
  }
  lines->Line(text + "}");
}

void DescribeOutputs(const Outputs& outputs, YamlLines* lines) {
  lines->Line("outputs:");
  DescribeOutput("activation", outputs.activation, PersonSwitch::kOffered, lines);
  DescribeOutput("risk", outputs.risk, PersonSwitch::kOffered, lines);
  DescribeOutput("progress", outputs.progress, PersonSwitch::kNone, lines);
  DescribeOutput("interventions_email", outputs.interventions_email, PersonSwitch::kOffered, lines);
  DescribeOutput("interventions_in_app", outputs.interventions_in_app, PersonSwitch::kOffered,
                 lines);
  DescribeOutput("interventions_cs", outputs.interventions_cs, PersonSwitch::kOffered, lines);
  DescribeOutput("interventions_log", outputs.interventions_log, PersonSwitch::kOffered, lines);
  DescribeOutput("user_status", outputs.user_status, PersonSwitch::kOffered, lines);
  DescribeOutput("account_status", outputs.account_status, PersonSwitch::kNone, lines);
  lines->Line(fmt::format("  dead_letter: {{topic: {}}}", Quoted(outputs.dead_letter)));
  lines->Line(fmt::format("  partitions: {}", outputs.partitions));
  lines->Line(fmt::format("  replication: {}", outputs.replication));
}

}  // namespace

bool IsSecretProperty(std::string_view name) {
  return std::ranges::any_of(kSecretParts, [&](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  });
}

std::string Describe(const Config& config) {
  YamlLines lines;
  lines.Line(fmt::format("app: {}", Quoted(config.app)));
  lines.Line(config.instance.empty() ? "instance: null"
                                     : fmt::format("instance: {}", Quoted(config.instance)));
  lines.Line(config.kafka.empty() ? "kafka: {}" : "kafka:");
  for (const auto& [name, value] : config.kafka) {
    lines.Line(fmt::format("  {}: {}", Quoted(name),
                           Quoted(IsSecretProperty(name) ? kHidden : std::string_view(value))));
  }
  lines.Line(config.sources.empty() ? "sources: []" : "sources:");
  for (const Source& source : config.sources) {
    DescribeSource(source, &lines);
  }
  lines.Line(config.playbook.empty() ? "playbook: null"
                                     : fmt::format("playbook: {}", Quoted(config.playbook)));
  DescribeOutputs(config.outputs, &lines);
  lines.Line(fmt::format("journal: {{partitions: {}, retention: {}}}", config.journal.partitions,
                         FormatDuration(config.journal.retention)));
  lines.Line(fmt::format("state: {{dir: {}, memory: {}, cache: {}, checkpoint_interval: {}}}",
                         Quoted(config.state.dir), FormatBytes(config.state.memory_bytes),
                         FormatBytes(config.state.cache_bytes),
                         FormatDuration(config.state.checkpoint_interval)));
  lines.Line(fmt::format("intake: {{workers: {}}}", config.intake_workers));
  lines.Line(fmt::format("people: {{workers: {}, partitions: {}, waiting: {}}}",
                         config.people.workers, config.people.partitions,
                         FormatBytes(config.people.waiting_bytes)));
  lines.Line(fmt::format("journey: {{workers: {}}}", config.journey_workers));
  lines.Line(fmt::format("commit_interval: {}", FormatDuration(config.commit_interval)));
  lines.Line(fmt::format("record_bytes_max: {}", FormatBytes(config.record_bytes_max)));
  lines.Line(fmt::format("clock: {{idle: {}}}",
                         config.clock == journey::ClockMode::kWall ? "wall" : "event"));
  lines.Line(fmt::format("http: {{listen: {}, ready_lag_max: {}}}", Quoted(config.http_listen),
                         FormatDuration(config.ready_lag_max)));
  const auto or_null = [](const std::string& text) {
    return text.empty() ? std::string("null") : Quoted(text);
  };
  lines.Line(fmt::format("serve: {{listen: {}, token_file: {}, approvals: {}}}",
                         or_null(config.serve.listen), or_null(config.serve.token_file),
                         config.serve.has_approvals));
  lines.Line(fmt::format("log: {{level: {}, format: {}}}", LevelText(config.log.level),
                         config.log.format == LogFormat::kText ? "text" : "json"));
  lines.Line(fmt::format("watchdog: {}", FormatDuration(config.watchdog)));
  lines.Line(fmt::format("session_timeout: {}", FormatDuration(config.session_timeout)));
  lines.Line(config.email_salt.empty() ? "email_salt: null"
                                       : fmt::format("email_salt: \"{}\"", kHidden));
  return lines.Take();
}

}  // namespace foothold::config
