#include "src/config/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/text.h"

namespace foothold::config {
namespace {

// More known words than this are no help in a message.
constexpr std::size_t kListedWordsMax = 16;

}  // namespace

std::string ToString(const Problem& problem) {
  std::string text = problem.line > 0
                         ? fmt::format("{}:{}: {}", problem.file, problem.line, problem.what)
                         : fmt::format("{}: {}", problem.file, problem.what);
  if (!problem.suggestion.empty()) {
    text += fmt::format("; did you mean '{}'?", problem.suggestion);
  }
  return text;
}

std::string ToString(std::span<const Problem> problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) {
      text += '\n';
    }
    text += ToString(problem);
  }
  return text;
}

int Problems::AddFile(std::string_view name) {
  files_.emplace_back(name);
  return static_cast<int>(files_.size()) - 1;
}

void Problems::Add(Place place, std::string what, std::string suggestion) {
  errors_.push_back({place, std::move(what), std::move(suggestion)});
}

void Problems::AddUnknown(Place place, std::string_view what, std::string_view noun,
                          std::string_view word, std::span<const std::string> known) {
  const std::string_view nearest = NearestWord(word, known);
  std::string message = fmt::format("{}{}no {} '{}'", what, what.empty() ? "" : ": ", noun, word);
  if (nearest.empty() && !known.empty() && known.size() <= kListedWordsMax) {
    message += fmt::format(" (there is: {})", fmt::join(known, ", "));
  }
  Add(place, std::move(message), std::string(nearest));
}

void Problems::Warn(Place place, std::string what, std::string suggestion) {
  warnings_.push_back({place, std::move(what), std::move(suggestion)});
}

std::vector<Problem> Problems::Sorted(std::vector<Found> found) const {
  std::ranges::stable_sort(found, [](const Found& a, const Found& b) {
    return std::tie(a.place.file, a.place.line) < std::tie(b.place.file, b.place.line);
  });
  std::vector<Problem> sorted;
  sorted.reserve(found.size());
  for (Found& entry : found) {
    sorted.push_back({.file = files_[static_cast<std::size_t>(entry.place.file)],
                      .line = entry.place.line,
                      .what = std::move(entry.what),
                      .suggestion = std::move(entry.suggestion)});
  }
  return sorted;
}

}  // namespace foothold::config
