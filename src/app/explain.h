#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold explain`: why a user or an account is where it is.
int RunExplain(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
