#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/app/command.h"
#include "src/base/logging.h"

namespace foothold::app {

// The options of one command. Each --long-name has its twin FOOTHOLD_LONG_NAME in the environment;
// the command line wins over it, and it over the default. `spelling` is "--config" or
// "-c,--config". A target keeps its value when nothing is given: that is the default, and the help
// shows it.
//
// Targets must outlive Parse(). Not thread-safe.
class Flags {
 public:
  // `command` as it is typed: "replay".
  Flags(std::string_view command, std::string_view summary);
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  void AddText(std::string_view spelling, std::string* target, std::string_view help);
  // May be given several times; its twin holds one value.
  void AddTexts(std::string_view spelling, std::vector<std::string>* target, std::string_view help);
  // Whole numbers in [low, high].
  void AddNumber(std::string_view spelling, std::int64_t* target, std::int64_t low,
                 std::int64_t high, std::string_view help);
  // True when given; its twin holds true or false.
  void AddSwitch(std::string_view spelling, bool* target, std::string_view help);
  // One of `choices`.
  void AddChoice(std::string_view spelling, std::string* target,
                 const std::vector<std::string>& choices, std::string_view help);
  // What stands without a name: "FILE". No twin. At least `count_min` of them.
  void AddPositionals(std::string_view name, std::vector<std::string>* target, int count_min,
                      std::string_view help);
  // --log-level, --log-format.
  void AddLogging(LogOptions* target);

  // Reads the arguments. nullopt: go on. Else the exit code to return: kExitOk after --help, which
  // went to `out`; kExitConfig after a mistake, which one line on `error` names.
  std::optional<int> Parse(std::span<const std::string> arguments,
                           const Surroundings& surroundings);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace foothold::app
