#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold stuck`: who has not got past a step, since when and why.
int RunStuck(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
