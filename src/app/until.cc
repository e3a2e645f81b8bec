#include "src/app/until.h"

#include <fmt/format.h>

namespace foothold::app {

std::optional<Instant> ParseUntil(const std::string& text, Instant last) {
  if (text.empty()) {
    return last;
  }
  if (text.front() == '+') {
    const std::optional<milliseconds> span = ParseDuration(std::string_view(text).substr(1));
    return span.has_value() ? std::optional<Instant>(last + *span) : std::nullopt;
  }
  const std::optional<ParsedTime> at = ParseRfc3339(text);
  return at.has_value() ? std::optional<Instant>(at->instant) : std::nullopt;
}

std::string UntilMistake(std::string_view command, const std::string& text) {
  return fmt::format("{}: --until takes a time (2026-05-01T00:00:00Z) or +30d, not '{}'", command,
                     text);
}

}  // namespace foothold::app
