#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace foothold::app {

// A terminal's second screen, from construction to destruction: what was on the first one comes
// back, with nothing of this in between.
//
// Not thread-safe.
class Terminal {
 public:
  struct Size {
    std::size_t columns = 80;
    std::size_t lines = 24;
  };

  // `out` leads to the terminal of stdout and outlives this.
  explicit Terminal(std::ostream* out);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Replaces what is shown; as many lines as the terminal has, at most.
  void Show(const std::vector<std::string>& lines);

  // As it is now; 80 x 24 if it does not say.
  static Size size();
  // The environment says that it shows UTF-8.
  static bool IsUtf8();
  // It understands more than lines of text.
  static bool CanBeRedrawn();

 private:
  std::ostream* out_;
};

}  // namespace foothold::app
