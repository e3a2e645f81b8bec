#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace foothold::config {

// Something in a file that its author must change (or, as a warning, look at).
struct Problem {
  std::string file;
  int line = 0;  // From 1; 0: the file as a whole.
  std::string what;
  std::string suggestion;  // The word that was probably meant; may be empty.
  friend bool operator==(const Problem&, const Problem&) = default;
};

// "file:line: what; did you mean 'suggestion'?"
std::string ToString(const Problem& problem);
// One line each, without a newline at the end.
std::string ToString(std::span<const Problem> problems);

// What was read, or everything that is wrong with it at once.
template <class T>
using Checked = tl::expected<T, std::vector<Problem>>;

// A line of one of the files that are read together (a playbook and the one it extends).
struct Place {
  int file = 0;  // As Problems::AddFile() returned it.
  int line = 0;
};

// Collects what is wrong while a file is read, so that its author sees all of it at once.
//
// Not thread-safe.
class Problems {
 public:
  // Makes a file known by its name; the number stands for it in every Place.
  int AddFile(std::string_view name);

  void Add(Place place, std::string what, std::string suggestion = {});
  // "<what>: no <noun> '<word>'" (`what` may be empty), with the nearest of `known` as the
  // suggestion, or else the known words themselves if they are few.
  void AddUnknown(Place place, std::string_view what, std::string_view noun, std::string_view word,
                  std::span<const std::string> known);
  void Warn(Place place, std::string what, std::string suggestion = {});

  // REQUIRES: the place is of a file that was added.
  const std::string& FileOf(Place place) const {
    return files_.at(static_cast<std::size_t>(place.file));
  }
  bool is_empty() const { return errors_.empty(); }
  // By file and line; of one line in the order of finding.
  std::vector<Problem> Errors() const { return Sorted(errors_); }
  std::vector<Problem> Warnings() const { return Sorted(warnings_); }

 private:
  struct Found {
    Place place;
    std::string what;
    std::string suggestion;
  };
  std::vector<Problem> Sorted(std::vector<Found> found) const;

  std::vector<std::string> files_;
  std::vector<Found> errors_;
  std::vector<Found> warnings_;
};

}  // namespace foothold::config
