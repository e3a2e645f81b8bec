#include "src/app/version.h"

#include <optional>
#include <ostream>

#include <fmt/format.h>

#include "src/app/flags.h"
#include "src/base/json.h"

namespace foothold::app {
namespace {

std::string TextOf(const BuildInfo& info) {
  std::string text = fmt::format("foothold {} ({})\nbuilt by {}, {}\n", info.version, info.revision,
                                 info.compiler, info.build_type);
  for (const auto& [name, version] : info.libraries) {
    text += fmt::format("  {:<20} {}\n", name, version);
  }
  return text;
}

std::string JsonOf(const BuildInfo& info) {
  std::string text;
  const auto member = [&text](std::string_view name, std::string_view value) {
    AppendJsonString(name, &text);
    text.push_back(':');
    AppendJsonString(value, &text);
  };
  text.push_back('{');
  member("version", info.version);
  text.push_back(',');
  member("revision", info.revision);
  text.push_back(',');
  member("compiler", info.compiler);
  text.push_back(',');
  member("buildType", info.build_type);
  text.append(",\"libraries\":{");
  bool is_first = true;
  for (const auto& [name, version] : info.libraries) {
    if (!is_first) {
      text.push_back(',');
    }
    is_first = false;
    member(name, version);
  }
  text.append("}}\n");
  return text;
}

}  // namespace

int RunVersion(std::span<const std::string> arguments, const Surroundings& surroundings) {
  std::string format = "text";
  Flags flags("version", "Says what this binary is and what it was built with.");
  flags.AddChoice("-o,--output", &format, {"text", "json"}, "How it is printed");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings)) {
    return *code;
  }
  const BuildInfo info = GetBuildInfo();
  surroundings.out << (format == "json" ? JsonOf(info) : TextOf(info));
  return kExitOk;
}

}  // namespace foothold::app
