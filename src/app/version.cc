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
  JsonWriter json(&text);
  json.BeginObject();
  json.Member("version", info.version);
  json.Member("revision", info.revision);
  json.Member("compiler", info.compiler);
  json.Member("buildType", info.build_type);
  json.BeginObject("libraries");
  for (const auto& [name, version] : info.libraries) {
    json.Member(name, version);
  }
  json.EndObject();
  json.EndObject();
  text.push_back('\n');
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
