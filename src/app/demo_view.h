#pragma once

// The demo's pages as text: a screen that is redrawn in place, a block of plain lines a week, and
// the summary. Pure: the same arguments give the same text.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/app/demo_board.h"
#include "src/base/time.h"

namespace foothold::app {

// What the demo itself knows of its run; everything about the company is in the Picture.
struct RunFacts {
  std::string playbook;     // "name@version"
  std::string url;  // "http://127.0.0.1:9464/": of the page and of /metrics.
  int weeks = 0;
  Instant start, now, end;            // Of event time: what has been laid into the source.
  std::int64_t records = 0;           // As many records.
  std::int64_t records_a_second = 0;  // Lately.
  milliseconds left{0};               // Until the end, by the wall.
};

// What the engine cost, for the summary.
struct RunCost {
  milliseconds wall{0};
  milliseconds cpu{0};  // Of the whole process.
  std::int64_t memory_bytes_max = 0;
  bool is_stopped = false;  // Before the end.
};

struct ScreenStyle {
  std::size_t columns = 80;
  std::size_t lines = 24;
  bool has_colour = false;
  bool has_blocks = false;  // The terminal shows UTF-8, and with it bars of eighths.
};

// At most `lines` lines of at most `columns` columns each, escape sequences apart.
std::vector<std::string> DrawScreen(const Picture& picture, const RunFacts& facts,
                                    const ScreenStyle& style);
// The state at the end of a week: lines with their ends.
std::string DrawWeek(const Picture& picture, const RunFacts& facts, int week);
std::string DrawSummary(const Picture& picture, const RunFacts& facts, const RunCost& cost);

}  // namespace foothold::app
