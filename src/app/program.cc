#include <algorithm>
#include <ostream>
#include <string_view>

#include <fmt/format.h>

#include "src/app/command.h"
#include "src/base/text.h"

namespace foothold::app {
namespace {

std::string Overview(std::span<const Command> commands) {
  std::string text =
      "Foothold tells, from a Kafka stream of product events, which users and accounts have got a\n"
      "foothold in the product.\n\n"
      "Usage: foothold COMMAND [OPTIONS]\n\nCommands:\n";
  std::size_t width = 0;
  for (const Command& command : commands) {
    width = std::max(width, command.name.size());
  }
  for (const Command& command : commands) {
    text += fmt::format("  {:<{}}  {}\n", command.name, width, command.summary);
  }
  text +=
      "\n`foothold COMMAND --help` lists the options of one. Every option --like-this may come "
      "from\n"
      "the environment as FOOTHOLD_LIKE_THIS; the command line wins.\n";
  return text;
}

const Command* FindCommand(std::span<const Command> commands, std::string_view name) {
  const auto found = std::ranges::find(commands, name, &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

int RefuseName(std::span<const Command> commands, std::string_view name,
               const Surroundings& surroundings) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    names.push_back(command.name);
  }
  const std::string_view nearest = NearestWord(name, names);
  surroundings.error << fmt::format("foothold: there is no command '{}'", name);
  if (!nearest.empty()) {
    surroundings.error << fmt::format("; did you mean '{}'?", nearest);
  }
  surroundings.error << "\n`foothold --help` lists them.\n";
  return kExitConfig;
}

int Dispatch(std::span<const Command> commands, std::span<const std::string> arguments,
             const Surroundings& surroundings) {
  if (arguments.empty()) {
    surroundings.error << Overview(commands);
    return kExitConfig;
  }
  std::string_view name = arguments.front();
  const std::span<const std::string> rest = arguments.subspan(1);
  if (name == "--help" || name == "-h" || (name == "help" && rest.empty())) {
    surroundings.out << Overview(commands);
    return kExitOk;
  }
  if (name == "help") {
    const Command* const asked = FindCommand(commands, rest.front());
    const std::vector<std::string> help{"--help"};
    return asked == nullptr ? RefuseName(commands, rest.front(), surroundings)
                            : asked->run(help, surroundings);
  }
  if (name == "--version") {
    name = "version";
  }
  const Command* const command = FindCommand(commands, name);
  return command == nullptr ? RefuseName(commands, name, surroundings)
                            : command->run(rest, surroundings);
}

}  // namespace

int RunProgram(std::span<const Command> commands, std::span<const std::string> arguments,
               const Surroundings& surroundings) {
  const int code = Dispatch(commands, arguments, surroundings);
  surroundings.out.flush();
  if (surroundings.out.fail()) {
    // A full disk behind `> file` must not look like success.
    surroundings.error << "foothold: the output could not be written to stdout\n";
    return code == kExitOk ? kExitFailure : code;
  }
  return code;
}

}  // namespace foothold::app
