#include "src/app/progress_bar.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include <fmt/format.h>

#include "src/app/terminal.h"

namespace foothold::app {
namespace {

constexpr int kBarWidth = 30;
constexpr std::chrono::milliseconds kRedrawAfter{100};

}  // namespace

ProgressBar::ProgressBar(std::string what, const Surroundings& surroundings)
    : what_(std::move(what)),
      out_(surroundings.error_is_terminal && Terminal::CanBeRedrawn() ? &surroundings.error
                                                                      : nullptr),
      drawn_at_(std::chrono::steady_clock::now()),
      begin_(drawn_at_) {}

void ProgressBar::Show(double share) {
  const auto now = std::chrono::steady_clock::now();
  if (out_ == nullptr || now - drawn_at_ < kRedrawAfter) {
    return;
  }
  drawn_at_ = now;
  is_shown_ = true;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - begin_).count();
  if (share < 0) {
    *out_ << fmt::format("\r\x1b[K{}  {} s", what_, seconds) << std::flush;
    return;
  }
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  *out_ << fmt::format("\r\x1b[K{}  [{}{}] {:3.0f} %  {} s", what_,
                       std::string(static_cast<std::size_t>(filled), '#'),
                       std::string(static_cast<std::size_t>(kBarWidth - filled), '.'), share * 100,
                       seconds)
        << std::flush;
}

void ProgressBar::Clear() {
  if (std::exchange(is_shown_, false)) {
    *out_ << "\r\x1b[K" << std::flush;
  }
}

}  // namespace foothold::app
