#pragma once

// What of librdkafka's own log lines is worth a line of ours.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "src/base/mutex.h"
#include "src/kafka/kafka_log.h"

namespace foothold::kafka {

// A line as we would write it.
struct ClientLine {
  LogLevel level = LogLevel::kDebug;
  std::string text;
};

// Most of what librdkafka logs it repeats by itself until it works, or tells the caller of the port
// as well, who says it once with its remedy: such lines are for debugging. What nobody else tells,
// such as the loss of one broker of several, is a warning. `handle` names the client,
// `syslog_level` is 0 to 7, `facility` a word such as FAIL.
ClientLine ReadClientLine(std::string_view handle, int syslog_level, std::string_view facility,
                          std::string_view text);

// Passes lines on, but a warning or an error that was written within the last minute not again:
// every handle says it, and says it at every attempt.
//
// Thread-safe: librdkafka's threads come here.
class ClientLog {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  // `on_log` as in KafkaOptions; not empty.
  explicit ClientLog(std::function<void(LogLevel, const std::string&)> on_log,
                     Clock clock = std::chrono::steady_clock::now);

  void Write(LogLevel level, const std::string& text) EXCLUDES_MUTEX(mutex_);

 private:
  bool IsNews(const std::string& text) EXCLUDES_MUTEX(mutex_);

  const std::function<void(LogLevel, const std::string&)> on_log_;
  const Clock clock_;
  Mutex mutex_;
  // When each line was written last; bounded.
  std::map<std::string, std::chrono::steady_clock::time_point> written_at_ GUARDED_BY(mutex_);
};

}  // namespace foothold::kafka
