#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/app/command.h"

namespace foothold::app {

// What this binary was made of, fixed when the build was configured.
struct BuildInfo {
  std::string_view version;   // "0.1.0"
  std::string_view revision;  // What `git describe` said, or "unknown" outside a clone.
  std::string_view compiler;  // "GNU 12.2.0"
  std::string_view build_type;
  std::vector<std::pair<std::string_view, std::string_view>> libraries;  // Name and version.
};
BuildInfo GetBuildInfo();

// `foothold version [-o text|json]`.
int RunVersion(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
