#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foothold {

using std::chrono::milliseconds;

// A point of event time or wall time: milliseconds since 1970-01-01T00:00:00Z, no leap seconds.
using Instant = std::chrono::sys_time<milliseconds>;

// The UTC day that `at` lies in, counted from 1970-01-01.
constexpr std::int32_t UtcDayOf(Instant at) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}

// No event lies before this (PRODUCT.md section 2: earlier times are unusable).
inline constexpr Instant kEpoch{milliseconds{0}};
inline constexpr milliseconds kDay{24LL * 3600 * 1000};
inline constexpr milliseconds kHour{3600LL * 1000};
inline constexpr milliseconds kMinute{60LL * 1000};

inline constexpr Instant InstantFromMs(std::int64_t ms) { return Instant{milliseconds{ms}}; }
inline constexpr std::int64_t ToMs(Instant instant) { return instant.time_since_epoch().count(); }

// "2026-11-22T16:46:07.123Z": RFC 3339, UTC, always three digits.
std::string FormatRfc3339(Instant instant);
// Appends the same 24 characters to `out`. Beyond the years 0..9999: the nearest time in them.
void AppendRfc3339(Instant instant, std::string* out);
// Writes them at `to`, which has room for them, and returns the place behind.
inline constexpr std::size_t kRfc3339Size = 24;
char* PutRfc3339(Instant instant, char* to);

// The ISO 8601 week that `at` lies in, by UTC: "2026-W03".
std::string IsoWeekOf(Instant at);

struct ParsedTime {
  Instant instant;
  bool had_zone = true;  // False: no zone was given and UTC was assumed.
};
// Reads RFC 3339: `T`, `t` or a space between date and time, `Z` or +hh:mm (or +hhmm), digits past
// milliseconds cut, seconds optional, a bare date is its midnight. A leap second (:60) is the next
// second. nullopt if it is not a time of the calendar.
std::optional<ParsedTime> ParseRfc3339(std::string_view text);

// Reads "30m", "48h", "3d", "10s", "250ms" (one number, one unit; 3d = 3 x 24 h). nullopt
// otherwise.
std::optional<milliseconds> ParseDuration(std::string_view text);
// The shortest such text: 3d, 36h, 90m, 5s, 250ms.
std::string FormatDuration(milliseconds duration);

// Wall time, handed in where it may enter. Implementations are thread-safe.
class WallClock {
 public:
  virtual ~WallClock() = default;
  virtual Instant Now() const = 0;
};

class SystemWallClock final : public WallClock {
 public:
  Instant Now() const override;
};

}  // namespace foothold
