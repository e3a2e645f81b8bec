#include "src/app/demo_words.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "src/base/json.h"

namespace foothold::app {
namespace {

// The bytes of the first character; a byte that is no UTF-8 counts as one.
std::size_t CharacterBytes(std::string_view text) {
  return std::max<std::size_t>(1, Utf8CharacterLength(text));
}

}  // namespace

std::string CountText(std::int64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t end = text.size(); end > 3 && text[end - 4] != '-'; end -= 3) {
    text.insert(end - 3, ",");
  }
  return text;
}

std::string SpanText(milliseconds span) {
  if (span < kHour) {
    return fmt::format("{} min", span / kMinute);
  }
  const auto ms = static_cast<double>(span.count());
  if (span < kDay) {
    return fmt::format("{:.1f} h", ms / static_cast<double>(kHour.count()));
  }
  return fmt::format("{:.1f} d", ms / static_cast<double>(kDay.count()));
}

std::string ShareText(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? "-" : fmt::format("{} %", (200 * part + whole) / (2 * whole));
}

std::string DayText(Instant at) {
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::string text = FormatRfc3339(at);
  return fmt::format("{} {} {}", kDays.at(std::chrono::weekday(day).c_encoding()),
                     text.substr(5, 5), text.substr(11, 5));
}

std::size_t WidthOf(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    text.remove_prefix(CharacterBytes(text));
    ++width;
  }
  return width;
}

std::string Cut(std::string_view text, std::size_t width) {
  if (WidthOf(text) <= width) {
    return std::string(text);
  }
  std::string cut;
  for (std::size_t i = 0; i + 1 < width; ++i) {
    const std::size_t bytes = CharacterBytes(text);
    cut += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return width == 0 ? cut : cut + ".";
}

std::string FitLeft(std::string_view text, std::size_t width) {
  std::string fitted = Cut(text, width);
  return fitted.append(width - WidthOf(fitted), ' ');
}

std::string FitRight(std::string_view text, std::size_t width) {
  std::string fitted = Cut(text, width);
  return fitted.insert(0, width - WidthOf(fitted), ' ');
}

}  // namespace foothold::app
