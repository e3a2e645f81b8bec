#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold validate`: checks playbooks and configurations; problems with file and line.
int RunValidate(std::span<const std::string> arguments, const Surroundings& surroundings);

// `foothold config`: the configuration in effect, defaults included, secrets hidden.
int RunConfig(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
