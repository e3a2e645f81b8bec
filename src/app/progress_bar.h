#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// How far long work is, redrawn in one line of the terminal that stderr is; nothing if it is none.
//
// Not thread-safe.
class ProgressBar {
 public:
  // `what` stands before the bar.
  ProgressBar(std::string what, const Surroundings& surroundings);
  ~ProgressBar() { Clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // 0 to 1; -1: nobody knows. A few times a second at most it is drawn.
  void Show(double share);
  // Takes it away.
  void Clear();

 private:
  std::string what_;
  std::ostream* out_;  // Null: not a terminal.
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point drawn_at_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace foothold::app
