#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold test`: plays stories and holds what follows against what they say follows.
int RunTest(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
