#include "src/kafka/client_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace foothold::kafka {
namespace {

constexpr std::chrono::minutes kQuietFor{1};
constexpr std::size_t kLinesMax = 256;

// Lost connections and failed logins: the facilities whose lines an operator needs although the
// client goes on trying.
constexpr std::array<std::string_view, 3> kOperators = {"FAIL", "SSL", "SASL"};

LogLevel LevelOf(int syslog_level, std::string_view facility) {
  if (syslog_level >= 5) {
    return LogLevel::kDebug;
  }
  const bool is_for_operators = std::ranges::find(kOperators, facility) != kOperators.end();
  return is_for_operators ? LogLevel::kWarning : LogLevel::kDebug;
}

// "[thrd:x:9092/1]: x:9092/1: Connect to ... failed: ... (after 0ms in state CONNECT, 3 identical
// error(s) suppressed)": without the thread and without the numbers that differ each time.
std::string_view Essence(std::string_view text) {
  if (text.starts_with("[thrd:")) {
    const std::size_t end = text.find("]: ");
    text.remove_prefix(end == std::string_view::npos ? 0 : end + 3);
  }
  return text.substr(0, text.find(" (after "));
}

}  // namespace

ClientLine ReadClientLine(std::string_view handle, int syslog_level, std::string_view facility,
                          std::string_view text) {
  const LogLevel level = LevelOf(syslog_level, facility);
  if (level == LogLevel::kDebug) {
    return {.level = level, .text = fmt::format("{}: {}: {}", handle, facility, text)};
  }
  return {.level = level, .text = fmt::format("kafka: {}; trying again", Essence(text))};
}

ClientLog::ClientLog(std::function<void(LogLevel, const std::string&)> on_log, Clock clock)
    : on_log_(std::move(on_log)), clock_(std::move(clock)) {}

void ClientLog::Write(LogLevel level, const std::string& text) {
  const bool may_repeat = level == LogLevel::kInfo || level == LogLevel::kDebug;
  if (may_repeat || IsNews(text)) {
    on_log_(level, text);
  }
}

bool ClientLog::IsNews(const std::string& text) {
  const auto now = clock_();
  const MutexLock lock(mutex_);
  std::erase_if(written_at_, [&](const auto& entry) { return now - entry.second >= kQuietFor; });
  if (written_at_.size() >= kLinesMax) {
    return false;
  }
  return written_at_.emplace(text, now).second;
}

}  // namespace foothold::kafka
