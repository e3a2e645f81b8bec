#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace foothold::app {

// Exit codes. A supervisor should not restart after kExitConfig: it would end the same way.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure =
    1;  // It was tried and failed; the last line on stderr says why.
inline constexpr int kExitConfig = 78;  // Bad flag, environment, configuration or playbook.

// What a command may touch of the world around it. The streams outlive the command.
struct Surroundings {
  std::ostream& out;    // Data, and nothing else.
  std::ostream& error;  // Diagnostics, progress.
  bool out_is_terminal = false;
  bool error_is_terminal = false;
  // NO_COLOR is not set (https://no-color.org); colour still needs a terminal.
  bool is_colour_allowed = true;
};

// One row of the table of commands: everything the program can do.
struct Command {
  std::string name;     // What is typed: "version".
  std::string summary;  // One line of the overview, without a full stop.
  // Gets what follows the name; returns the exit code.
  int (*run)(std::span<const std::string> arguments, const Surroundings& surroundings) = nullptr;
};

// The table, in the order of the overview.
std::vector<Command> Commands();

// Finds the command that arguments[0] names and runs it with the rest. Answers --help, --version
// and a wrong name itself. kExitFailure if what went to `out` could not be written.
int RunProgram(std::span<const Command> commands, std::span<const std::string> arguments,
               const Surroundings& surroundings);

}  // namespace foothold::app
