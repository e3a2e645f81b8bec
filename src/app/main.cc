#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#ifdef FOOTHOLD_WITH_MIMALLOC
#include <mimalloc.h>
#endif

#include "src/app/command.h"

namespace {

// A commit frees what it made and the next one takes as much again: memory goes back to the system
// only when a second has passed without a use for it. After mimalloc's own 25 ms the kernel would
// clear most of it again at each commit, which is a twelfth of the whole service's time.
void KeepFreedMemoryForASecond() {
#ifdef FOOTHOLD_WITH_MIMALLOC
#if MI_MALLOC_VERSION >= 210
  constexpr mi_option_t kDelay = mi_option_purge_delay;
#else
  constexpr mi_option_t kDelay = mi_option_decommit_delay;
#endif
  mi_option_set(kDelay, 1000);  // ms
#endif
}

}  // namespace

int main(int argc, char** argv) {
  using foothold::app::Command;
  KeepFreedMemoryForASecond();
  const std::vector<std::string> arguments(argc > 0 ? argv + 1 : argv, argv + argc);
  // Set and not empty, whatever it says.
  const char* const no_colour = std::getenv("NO_COLOR");
  const foothold::app::Surroundings surroundings{
      .out = std::cout,
      .error = std::cerr,
      .out_is_terminal = isatty(STDOUT_FILENO) != 0,
      .error_is_terminal = isatty(STDERR_FILENO) != 0,
      .is_colour_allowed = no_colour == nullptr || std::string_view(no_colour).empty(),
  };
  std::ios::sync_with_stdio(false);
  // A reader that goes away (`| head`, a log collector) is a failed write, with its message and
  // exit code, and no reason to end the service.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<Command> commands = foothold::app::Commands();
  return foothold::app::RunProgram(commands, arguments, surroundings);
}
