#include "src/stream/progress_note.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace foothold::stream {
namespace {

constexpr std::string_view kVersion = "1 ";

std::string TimeText(const std::optional<Instant>& at) {
  return at.has_value() ? fmt::format("{}", ToMs(*at)) : "-";
}

bool ParseTime(std::string_view text, std::optional<Instant>* at) {
  if (text == "-") {
    at->reset();
    return true;
  }
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc() || end != text.data() + text.size() || ms < 0) {
    return false;
  }
  *at = InstantFromMs(ms);
  return true;
}

}  // namespace

std::string EncodeProgressNote(const intake::ReadProgress& read) {
  return fmt::format("{}{} {} {}", kVersion, TimeText(read.event_time_max),
                     TimeText(read.event_time_min), TimeText(read.broker_time_max));
}

intake::ReadProgress DecodeProgressNote(std::string_view note) {
  intake::ReadProgress read;
  if (!note.starts_with(kVersion)) {
    return {};
  }
  note.remove_prefix(kVersion.size());
  const std::array times{&read.event_time_max, &read.event_time_min, &read.broker_time_max};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::size_t end = i + 1 < times.size() ? note.find(' ') : note.size();
    if (end == std::string_view::npos || !ParseTime(note.substr(0, end), times[i])) {
      return {};
    }
    note.remove_prefix(std::min(note.size(), end + 1));
  }
  return read;
}

}  // namespace foothold::stream
