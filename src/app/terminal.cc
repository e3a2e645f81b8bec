#include "src/app/terminal.h"

#include <cstdlib>
#include <ostream>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace foothold::app {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J";  // Second screen, no cursor.
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearRestOfLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

std::string_view Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Terminal::Terminal(std::ostream* out) : out_(out) { *out_ << kEnter << std::flush; }

Terminal::~Terminal() { *out_ << kLeave << std::flush; }

void Terminal::Show(const std::vector<std::string>& lines) {
  // One write a frame, and nothing is cleared before it is replaced: it does not flicker.
  std::string frame(kHome);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    frame.append(i == 0 ? "" : "\r\n").append(lines[i]).append(kClearRestOfLine);
  }
  frame += kClearBelow;
  *out_ << frame << std::flush;
}

Terminal::Size Terminal::size() {
  winsize window{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) {
    return {};
  }
  return {.columns = window.ws_col, .lines = window.ws_row};
}

bool Terminal::IsUtf8() {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = Variable(name);
    if (!value.empty()) {
      return value.find("UTF-8") != std::string_view::npos ||
             value.find("utf8") != std::string_view::npos;
    }
  }
  return false;
}

bool Terminal::CanBeRedrawn() {
  const std::string_view kind = Variable("TERM");
  return !kind.empty() && kind != "dumb";
}

}  // namespace foothold::app
