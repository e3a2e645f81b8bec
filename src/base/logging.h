#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/time.h"

namespace foothold {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat {
  kText,  // 2026-11-22T16:46:07.123Z info  message  topic=events partition=3
  kJson,  // {"time":"...","level":"info","message":"...","topic":"events","partition":"3"}
};

struct LogField {
  std::string_view name;
  std::string value;
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // What lies below is dropped.
  LogFormat format = LogFormat::kText;
  bool has_colour = false;  // Of the level, in text.
};

// Diagnostics: one line a message, whatever bytes it holds. main() makes one and hands it down; who
// handles an error logs it, once. Secrets never come here, and people only by the id in a field.
//
// Thread-safe.
class Logger {
 public:
  // Takes one whole line without its end. Called under a lock, in order.
  using LineWriter = std::function<void(std::string_view line)>;

  // Writes to stderr. `clock` must outlive the logger.
  Logger(const LogOptions& options, const WallClock& clock);
  // Writes to `writer` instead.
  Logger(const LogOptions& options, const WallClock& clock, LineWriter writer);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void Log(LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields = {}) const;
  void Debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Warning(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  struct Sink;
  LogOptions options_;
  const WallClock& clock_;
  std::unique_ptr<Sink> sink_;
};

// "debug", "info", "warning", "error".
std::string_view LogLevelName(LogLevel level);

}  // namespace foothold
