#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold backtest`: what another playbook would have done with what has happened.
int RunBacktest(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
