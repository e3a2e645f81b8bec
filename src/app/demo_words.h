#pragma once

// How the demo writes numbers and times for people, and fits them into columns.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/time.h"

namespace foothold::app {

// "12,480"
std::string CountText(std::int64_t count);
// "18 min", "5.5 h", "2.1 d"
std::string SpanText(milliseconds span);
// "26 %", or "-" of nothing.
std::string ShareText(std::int64_t part, std::int64_t whole);
// "Tue 01-06 14:20", UTC.
std::string DayText(Instant at);

// Characters, of which a terminal shows one a column.
std::size_t WidthOf(std::string_view text);
// Exactly `width` columns: filled with spaces on the right, or cut with a dot at the end.
std::string FitLeft(std::string_view text, std::size_t width);
// Likewise with the spaces on the left.
std::string FitRight(std::string_view text, std::size_t width);
// At most `width` columns.
std::string Cut(std::string_view text, std::size_t width);

}  // namespace foothold::app
