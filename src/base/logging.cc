#include "src/base/logging.h"

#include <mutex>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "src/base/json.h"
#include "src/base/text.h"

namespace foothold {
namespace {

// Hands each line to a function.
class WriterSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WriterSink(Logger::LineWriter writer) : writer_(std::move(writer)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& entry) override {
    writer_(std::string_view(entry.payload.data(), entry.payload.size()));
  }
  void flush_() override {}

  Logger::LineWriter writer_;
};

std::string_view LevelColour(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "\x1b[2m";
    case LogLevel::kInfo:
      return "\x1b[32m";
    case LogLevel::kWarning:
      return "\x1b[33m";
    case LogLevel::kError:
      return "\x1b[31m";
  }
  return "";
}

bool IsPlainWord(std::string_view text) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte <= ' ' || byte == '"' || byte == '=' || byte >= 0x7f) {
      return false;
    }
  }
  return !text.empty();
}

std::string TextLine(const LogOptions& options, Instant now, LogLevel level,
                     std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = FormatRfc3339(now);
  line.push_back(' ');
  const std::string_view name = LogLevelName(level);
  if (options.has_colour) {
    line.append(LevelColour(level)).append(name).append("\x1b[0m");
  } else {
    line.append(name);
  }
  line.append(std::string_view("        ").substr(name.size()));
  AppendOnOneLine(message, &line);  // It may quote what came from outside.
  for (const LogField& field : fields) {
    line.push_back(' ');
    line.append(field.name).push_back('=');
    if (IsPlainWord(field.value)) {
      line.append(field.value);
    } else {
      AppendJsonString(field.value, &line);
    }
  }
  return line;
}

std::string JsonLine(Instant now, LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line = "{\"time\":\"";
  AppendRfc3339(now, &line);
  line.append("\",\"level\":\"").append(LogLevelName(level)).append("\",\"message\":");
  AppendJsonString(message, &line);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendJsonString(field.name, &line);
    line.push_back(':');
    AppendJsonString(field.value, &line);
  }
  line.push_back('}');
  return line;
}

}  // namespace

struct Logger::Sink {
  explicit Sink(spdlog::sink_ptr target) : logger("foothold", std::move(target)) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    // The last line before an abort is the one that matters.
    logger.flush_on(spdlog::level::trace);
  }
  spdlog::logger logger;
};

Logger::Logger(const LogOptions& options, const WallClock& clock)
    : options_(options),
      clock_(clock),
      sink_(std::make_unique<Sink>(std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Logger::Logger(const LogOptions& options, const WallClock& clock, LineWriter writer)
    : options_(options),
      clock_(clock),
      sink_(std::make_unique<Sink>(std::make_shared<WriterSink>(std::move(writer)))) {}

Logger::~Logger() = default;

void Logger::Log(LogLevel level, std::string_view message,
                 std::initializer_list<LogField> fields) const {
  if (level < options_.level) {
    return;
  }
  const Instant now = clock_.Now();
  const std::string line = options_.format == LogFormat::kJson
                               ? JsonLine(now, level, message, fields)
                               : TextLine(options_, now, level, message, fields);
  sink_->logger.log(spdlog::level::info, line);
}

void Logger::Debug(std::string_view message, std::initializer_list<LogField> fields) const {
  Log(LogLevel::kDebug, message, fields);
}

void Logger::Info(std::string_view message, std::initializer_list<LogField> fields) const {
  Log(LogLevel::kInfo, message, fields);
}

void Logger::Warning(std::string_view message, std::initializer_list<LogField> fields) const {
  Log(LogLevel::kWarning, message, fields);
}

void Logger::Error(std::string_view message, std::initializer_list<LogField> fields) const {
  Log(LogLevel::kError, message, fields);
}

std::string_view LogLevelName(LogLevel level) {
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
  return "";
}

}  // namespace foothold
