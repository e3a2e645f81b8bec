#include "src/base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace foothold {
namespace {

// Reads exactly `digits` decimal digits from the front of `*rest`.
bool ReadDigits(std::string_view* rest, std::size_t digits, int* value) {
  if (rest->size() < digits) {
    return false;
  }
  *value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = (*rest)[i];
    if (c < '0' || c > '9') {
      return false;
    }
    *value = *value * 10 + (c - '0');
  }
  rest->remove_prefix(digits);
  return true;
}

bool ReadChar(std::string_view* rest, std::string_view allowed) {
  if (rest->empty() || allowed.find(rest->front()) == std::string_view::npos) {
    return false;
  }
  rest->remove_prefix(1);
  return true;
}

// ".123456" -> 123 ms; digits past the third are read and cut.
bool ReadFraction(std::string_view* rest, int* ms) {
  *ms = 0;
  int digits = 0;
  while (!rest->empty() && rest->front() >= '0' && rest->front() <= '9') {
    if (digits < 3) {
      *ms = *ms * 10 + (rest->front() - '0');
    }
    ++digits;
    rest->remove_prefix(1);
  }
  for (int i = digits; i < 3; ++i) {
    *ms *= 10;
  }
  return digits > 0;
}

struct ClockTime {
  int hour = 0, minute = 0, second = 0, ms = 0;
};

bool ReadClockTime(std::string_view* rest, ClockTime* time) {
  if (!ReadDigits(rest, 2, &time->hour) || !ReadChar(rest, ":") ||
      !ReadDigits(rest, 2, &time->minute)) {
    return false;
  }
  if (ReadChar(rest, ":")) {
    if (!ReadDigits(rest, 2, &time->second)) {
      return false;
    }
    if (ReadChar(rest, ".,") && !ReadFraction(rest, &time->ms)) {
      return false;
    }
  }
  return time->hour <= 23 && time->minute <= 59 && time->second <= 60;
}

// "Z", "+02:00", "-0530"; nothing: `*had_zone` = false.
bool ReadZone(std::string_view* rest, int* offset_minutes, bool* had_zone) {
  *offset_minutes = 0;
  *had_zone = true;
  if (rest->empty()) {
    *had_zone = false;
    return true;
  }
  if (ReadChar(rest, "Zz")) {
    return true;
  }
  const bool is_negative = rest->front() == '-';
  int hours = 0;
  int minutes = 0;
  if (!ReadChar(rest, "+-") || !ReadDigits(rest, 2, &hours)) {
    return false;
  }
  ReadChar(rest, ":");
  if (!ReadDigits(rest, 2, &minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  *offset_minutes = (is_negative ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

// Each writes exactly so many digits and returns the place behind them.
inline char* PutTwo(unsigned value, char* to) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
  return to + 2;
}
inline char* PutThree(unsigned value, char* to) {
  *to = static_cast<char>('0' + value / 100);
  return PutTwo(value % 100, to + 1);
}
inline char* PutFour(unsigned value, char* to) {
  return PutTwo(value % 100, PutTwo(value / 100, to));
}

// What four digits of a year can say.
constexpr Instant kFirst = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Instant kLast =
    std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1) - milliseconds(1);

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

}  // namespace

std::string IsoWeekOf(Instant at) {
  // A week belongs to the year of its Thursday.
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::weekday weekday(day);
  const auto thursday = day + std::chrono::days(4 - static_cast<int>(weekday.iso_encoding()));
  const std::chrono::year_month_day date(thursday);
  const auto first = std::chrono::sys_days(date.year() / std::chrono::January / 1);
  std::string week = "0000-W00";
  PutFour(static_cast<unsigned>(static_cast<int>(date.year())), week.data());
  PutTwo(static_cast<unsigned>((thursday - first).count() / 7 + 1), week.data() + 6);
  return week;
}

char* PutRfc3339(Instant instant, char* to) {
  instant = std::clamp(instant, kFirst, kLast);
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  const auto ms = static_cast<unsigned>((instant - day).count());
  to = PutFour(static_cast<unsigned>(year), to);
  *to++ = '-';
  to = PutTwo(static_cast<unsigned>(date.month()), to);
  *to++ = '-';
  to = PutTwo(static_cast<unsigned>(date.day()), to);
  *to++ = 'T';
  to = PutTwo(ms / 3'600'000, to);
  *to++ = ':';
  to = PutTwo(ms / 60'000 % 60, to);
  *to++ = ':';
  to = PutTwo(ms / 1000 % 60, to);
  *to++ = '.';
  to = PutThree(ms % 1000, to);
  *to++ = 'Z';
  return to;
}

void AppendRfc3339(Instant instant, std::string* out) {
  std::array<char, kRfc3339Size> text;
  PutRfc3339(instant, text.data());
  out->append(text.data(), text.size());
}

std::string FormatRfc3339(Instant instant) {
  std::string text;
  text.reserve(24);
  AppendRfc3339(instant, &text);
  return text;
}

std::optional<ParsedTime> ParseRfc3339(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!ReadDigits(&text, 4, &year) || !ReadChar(&text, "-") || !ReadDigits(&text, 2, &month) ||
      !ReadChar(&text, "-") || !ReadDigits(&text, 2, &day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  ClockTime time;
  int offset_minutes = 0;
  ParsedTime parsed{.instant = {}, .had_zone = false};
  if (!text.empty()) {
    if (!ReadChar(&text, "Tt ") || !ReadClockTime(&text, &time) ||
        !ReadZone(&text, &offset_minutes, &parsed.had_zone) || !text.empty()) {
      return std::nullopt;
    }
  }
  const std::int64_t seconds =
      (static_cast<std::int64_t>(time.hour) * 60 + time.minute - offset_minutes) * 60 + time.second;
  parsed.instant = std::chrono::sys_days(date) + milliseconds(seconds * 1000 + time.ms);
  return parsed;
}

std::optional<milliseconds> ParseDuration(std::string_view text) {
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc() || count < 0) {
    return std::nullopt;
  }
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  for (const auto& [name, ms] : kUnits) {
    if (unit == name) {
      if (count > std::numeric_limits<std::int64_t>::max() / ms) {
        return std::nullopt;
      }
      return milliseconds(count * ms);
    }
  }
  return std::nullopt;
}

std::string FormatDuration(milliseconds duration) {
  const std::int64_t ms = duration.count();
  for (std::size_t i = kUnits.size(); i-- > 0;) {
    if (ms != 0 && ms % kUnits[i].second == 0) {
      return fmt::format("{}{}", ms / kUnits[i].second, kUnits[i].first);
    }
  }
  return "0s";
}

Instant SystemWallClock::Now() const {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

}  // namespace foothold
