#include "src/app/flags.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/text.h"

namespace foothold::app {
namespace {

const std::map<std::string, LogLevel>& LevelsByName() {
  static const std::map<std::string, LogLevel> kLevels{{"debug", LogLevel::kDebug},
                                                       {"info", LogLevel::kInfo},
                                                       {"warning", LogLevel::kWarning},
                                                       {"error", LogLevel::kError}};
  return kLevels;
}

const std::map<std::string, LogFormat>& FormatsByName() {
  static const std::map<std::string, LogFormat> kFormats{{"text", LogFormat::kText},
                                                         {"json", LogFormat::kJson}};
  return kFormats;
}

// "-c,--config" -> "FOOTHOLD_CONFIG".
std::string Twin(std::string_view spelling) {
  const std::size_t dashes = spelling.find("--");
  FOOTHOLD_CHECK(dashes != std::string_view::npos, "an option without a long name has no twin");
  std::string twin = "FOOTHOLD_";
  for (const char character : spelling.substr(dashes + 2)) {
    const bool is_lower = character >= 'a' && character <= 'z';
    twin.push_back(
        character == '-' ? '_' : static_cast<char>(is_lower ? character - 'a' + 'A' : character));
  }
  // Kubernetes sets these for every pod beside a service called "foothold".
  FOOTHOLD_CHECK(!twin.starts_with("FOOTHOLD_PORT") && !twin.starts_with("FOOTHOLD_SERVICE"),
                 "the twin would be set by Kubernetes");
  return twin;
}

}  // namespace

struct Flags::Parser {
  Parser(std::string_view command_name, std::string_view summary)
      : command(command_name), app(std::string(summary), "foothold " + command) {
    app.get_formatter()->column_width(38);
    app.set_help_flag("-h,--help", "Print this and exit");
  }

  CLI::Option* WithTwin(CLI::Option* option, std::string_view spelling) {
    option->envname(Twin(spelling));
    std::string_view rest = spelling;
    rest.remove_prefix(rest.find("--"));
    long_names.emplace_back(rest);
    return option;
  }

  // " (from FOOTHOLD_X)" if the option that `mistake` begins with was not among the arguments.
  static std::string VariableOf(std::string_view mistake, std::span<const std::string> arguments) {
    const std::string name(mistake.substr(0, mistake.find(':')));
    const bool is_typed = std::ranges::any_of(
        arguments, [&](const std::string& argument) { return argument.starts_with(name); });
    if (!name.starts_with("--") || name.find(' ') != std::string::npos || is_typed) {
      return "";
    }
    const std::string twin = Twin(name);
    return std::getenv(twin.c_str()) == nullptr ? "" : fmt::format(" (from {})", twin);
  }

  // The line that says what is wrong with the arguments.
  std::string Complaint(const CLI::ParseError& mistake,
                        std::span<const std::string> arguments) const {
    std::string line = fmt::format("foothold {}: {}", command, mistake.what());
    while (!line.empty() && (line.back() == '\n' || line.back() == '.')) {
      line.pop_back();
    }
    line += VariableOf(mistake.what(), arguments);
    for (const std::string& argument : arguments) {
      const std::string name = argument.substr(0, argument.find('='));
      if (!name.starts_with("--") || std::ranges::count(long_names, name) > 0) {
        continue;
      }
      const std::string_view nearest = NearestWord(name, long_names);
      if (!nearest.empty()) {
        return line + fmt::format("; did you mean {}?", nearest);
      }
    }
    return line + fmt::format("; `foothold {} --help` lists the options", command);
  }

  std::string command;
  CLI::App app;
  std::vector<std::string> long_names;
};

Flags::Flags(std::string_view command, std::string_view summary)
    : parser_(std::make_unique<Parser>(command, summary)) {}

Flags::~Flags() = default;

void Flags::AddText(std::string_view spelling, std::string* target, std::string_view help) {
  parser_->WithTwin(
      parser_->app.add_option(std::string(spelling), *target, std::string(help))->type_name("TEXT"),
      spelling);
  if (!target->empty()) {
    parser_->app.get_option(parser_->long_names.back())->capture_default_str();
  }
}

void Flags::AddTexts(std::string_view spelling, std::vector<std::string>* target,
                     std::string_view help) {
  // One value an occurrence: a second one would swallow the positionals that follow.
  parser_->WithTwin(parser_->app.add_option(std::string(spelling), *target, std::string(help))
                        ->type_name("TEXT")
                        ->allow_extra_args(false)
                        ->take_all(),
                    spelling);
}

void Flags::AddNumber(std::string_view spelling, std::int64_t* target, std::int64_t low,
                      std::int64_t high, std::string_view help) {
  parser_->WithTwin(parser_->app.add_option(std::string(spelling), *target, std::string(help))
                        ->check(CLI::Range(low, high))
                        ->type_name("NUMBER")
                        ->capture_default_str(),
                    spelling);
}

void Flags::AddSwitch(std::string_view spelling, bool* target, std::string_view help) {
  parser_->WithTwin(parser_->app.add_flag(std::string(spelling), *target, std::string(help)),
                    spelling);
}

void Flags::AddChoice(std::string_view spelling, std::string* target,
                      const std::vector<std::string>& choices, std::string_view help) {
  parser_->WithTwin(parser_->app.add_option(std::string(spelling), *target, std::string(help))
                        ->check(CLI::IsMember(choices))
                        ->type_name("TEXT")
                        ->capture_default_str(),
                    spelling);
}

void Flags::AddPositionals(std::string_view name, std::vector<std::string>* target, int count_min,
                           std::string_view help) {
  CLI::Option* const option =
      parser_->app.add_option(std::string(name), *target, std::string(help));
  option->type_name("");
  if (count_min > 0) {
    option->required()->expected(count_min, CLI::detail::expected_max_vector_size);
  }
}

void Flags::AddLogging(LogOptions* target) {
  parser_->WithTwin(
      parser_->app.add_option("--log-level", target->level, "What is worth a line on stderr")
          ->transform(CLI::CheckedTransformer(LevelsByName()))
          ->type_name("TEXT")
          ->default_str("info"),
      "--log-level");
  parser_->WithTwin(
      parser_->app.add_option("--log-format", target->format, "How such a line is written")
          ->transform(CLI::CheckedTransformer(FormatsByName()))
          ->type_name("TEXT")
          ->default_str("text"),
      "--log-format");
}

std::optional<int> Flags::Parse(std::span<const std::string> arguments,
                                const Surroundings& surroundings) {
  // CLI11 takes them last first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    parser_->app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    surroundings.out << parser_->app.help();
    return kExitOk;
  } catch (const CLI::ParseError& mistake) {
    surroundings.error << parser_->Complaint(mistake, arguments) << '\n';
    return kExitConfig;
  }
  return std::nullopt;
}

}  // namespace foothold::app
