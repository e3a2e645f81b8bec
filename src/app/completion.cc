#include "src/app/completion.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"

namespace foothold::app {
namespace {

// What follows the name of a command that has verbs.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kVerbs = {{
    {"rules", "list pause resume kill live shadow off approve reject"},
    {"playbook", "show history diff publish"},
    {"dlq", "list show requeue"},
    {"offsets", "show reset"},
    {"state", "get scan export verify"},
    {"completion", "bash zsh fish"},
}};

// Within single quotes of any of the shells.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char byte : text) {
    quoted += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
  }
  return quoted + "'";
}

std::string Names(std::span<const Command> commands) {
  std::string names;
  for (const Command& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
  }
  return names;
}

std::string Bash(std::span<const Command> commands) {
  std::string text =
      "# bash: source <(foothold completion bash)\n"
      "_foothold() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" command=\"${COMP_WORDS[1]}\" words=''\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n" +
      fmt::format("    words={}\n", Quoted(Names(commands))) +
      "  elif [ \"${word#-}\" != \"$word\" ]; then\n"
      "    words=\"$(foothold \"$command\" --help 2>/dev/null | grep -oE -- "
      "'--[a-z][a-z-]*')\"\n"
      "  elif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
      "    case \"$command\" in\n";
  for (const auto& [command, verbs] : kVerbs) {
    text += fmt::format("      {}) words={} ;;\n", command, Quoted(verbs));
  }
  return text +
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _foothold foothold\n";
}

std::string Zsh(std::span<const Command> commands) {
  std::string text =
      "#compdef foothold\n"
      "# zsh: source <(foothold completion zsh)\n"
      "_foothold() {\n"
      "  local -a names\n"
      "  if (( CURRENT == 2 )); then\n"
      "    names=(\n";
  for (const Command& command : commands) {
    text += fmt::format("      {}\n", Quoted(command.name + ":" + command.summary));
  }
  text +=
      "    )\n"
      "    _describe command names\n"
      "    return\n"
      "  fi\n"
      "  if [[ $words[CURRENT] == -* ]]; then\n"
      "    names=(${(f)\"$(foothold $words[2] --help 2>/dev/null | grep -oE -- "
      "'--[a-z][a-z-]*')\"})\n"
      "    compadd -- $names\n"
      "    return\n"
      "  fi\n"
      "  if (( CURRENT == 3 )); then\n"
      "    case $words[2] in\n";
  for (const auto& [command, verbs] : kVerbs) {
    text += fmt::format("      {}) compadd -- {}; return ;;\n", command, verbs);
  }
  return text +
         "    esac\n"
         "  fi\n"
         "  _files\n"
         "}\n"
         "compdef _foothold foothold\n";
}

std::string Fish(std::span<const Command> commands) {
  std::string text =
      "# fish: foothold completion fish | source\n"
      "function __foothold_options\n"
      "  foothold (commandline -opc)[2] --help 2>/dev/null | string match -ar -- "
      "'--[a-z][a-z-]*'\n"
      "end\n";
  for (const Command& command : commands) {
    text += fmt::format("complete -c foothold -n __fish_use_subcommand -f -a {} -d {}\n",
                        command.name, Quoted(command.summary));
  }
  for (const auto& [command, verbs] : kVerbs) {
    text += fmt::format(
        "complete -c foothold -n '__fish_seen_subcommand_from {}; and test (count (commandline "
        "-opc)) -eq 2' -f -a '{}'\n",
        command, verbs);
  }
  return text +
         "complete -c foothold -n 'not __fish_use_subcommand; and string match -q -- \"-*\" "
         "(commandline -ct)' -f -a '(__foothold_options)'\n";
}

}  // namespace

std::string CompletionScript(std::string_view shell, std::span<const Command> commands) {
  if (shell == "bash") {
    return Bash(commands);
  }
  return shell == "zsh" ? Zsh(commands) : Fish(commands);
}

int RunCompletion(std::span<const std::string> arguments, const Surroundings& surroundings) {
  std::vector<std::string> words;
  Flags flags("completion", "What completes commands, verbs and options in a shell.");
  flags.AddPositionals("SHELL", &words, 1, "bash, zsh or fish");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  const bool is_known =
      words.size() == 1 && (words[0] == "bash" || words[0] == "zsh" || words[0] == "fish");
  if (!is_known) {
    return Refuse("completion", Status(Code::kInvalid, "there are: bash, zsh, fish"), surroundings);
  }
  surroundings.out << CompletionScript(words[0], Commands());
  return kExitOk;
}

}  // namespace foothold::app
