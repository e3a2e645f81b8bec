#include "src/app/text_diff.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "src/base/text.h"

namespace foothold::app {
namespace {

struct DiffLine {
  enum class Side : std::uint8_t { kBoth, kBefore, kAfter };
  Side side = Side::kBoth;
  std::size_t number = 0;  // In `before`, for kAfter in `after`; from 1.
  std::string_view text;
};

// Both texts as one list in which the longest common part stands once.
std::vector<DiffLine> Merge(std::string_view before, std::string_view after) {
  using enum DiffLine::Side;
  const std::vector<std::string_view> a = LinesOf(before);
  const std::vector<std::string_view> b = LinesOf(after);
  // common[i][j]: of a from i and b from j.
  std::vector<std::vector<std::uint32_t>> common(a.size() + 1,
                                                 std::vector<std::uint32_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i][j] =
          a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<DiffLine> merged;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      merged.push_back({.side = kBoth, .number = i + 1, .text = a[i]});
      ++i;
      ++j;
    } else if (i < a.size() && (j == b.size() || common[i + 1][j] >= common[i][j + 1])) {
      merged.push_back({.side = kBefore, .number = i + 1, .text = a[i]});
      ++i;
    } else {
      merged.push_back({.side = kAfter, .number = j + 1, .text = b[j]});
      ++j;
    }
  }
  return merged;
}

}  // namespace

std::string DiffWithPlaces(std::string_view path, std::string_view before, std::string_view after,
                           std::size_t context) {
  using enum DiffLine::Side;
  const std::vector<DiffLine> merged = Merge(before, after);
  std::vector<bool> is_shown(merged.size());
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (merged[i].side == kBoth) {
      continue;
    }
    const std::size_t end = std::min(merged.size(), i + context + 1);
    std::fill(is_shown.begin() + static_cast<std::ptrdiff_t>(i - std::min(i, context)),
              is_shown.begin() + static_cast<std::ptrdiff_t>(end), true);
  }
  std::string diff;
  std::size_t line = 1;  // Of `before`.
  std::size_t begin = 0;
  std::optional<std::size_t> first;  // Of `before`, in the present piece.
  for (std::size_t i = 0; i <= merged.size(); ++i) {
    if (i == merged.size() || !is_shown[i]) {
      if (first.has_value()) {
        diff.insert(begin, fmt::format("{}:{}\n", path, *first));
        first.reset();
      }
      begin = diff.size();
    } else {
      const DiffLine& shown = merged[i];
      if (shown.side != kBoth && !first.has_value()) {
        // What is new follows from the line before it.
        first = shown.side == kAfter && line > 1 ? line - 1 : line;
      }
      diff += shown.side == kAfter ? fmt::format("+       {}\n", shown.text)
                                   : fmt::format("{} {:>4}  {}\n", shown.side == kBoth ? ' ' : '-',
                                                 shown.number, shown.text);
    }
    line += i < merged.size() && merged[i].side != kAfter ? 1U : 0U;
  }
  return diff;
}

std::string DiffOf(std::string_view before, std::string_view after) {
  std::string diff;
  for (const DiffLine& line : Merge(before, after)) {
    if (line.side != DiffLine::Side::kBoth) {
      diff += fmt::format("{} {:>4}  {}\n", line.side == DiffLine::Side::kBefore ? '-' : '+',
                          line.number, line.text);
    }
  }
  return diff;
}

}  // namespace foothold::app
