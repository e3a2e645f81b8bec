#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold import`: the history of existing customers into the journal of a running system.
int RunImport(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
