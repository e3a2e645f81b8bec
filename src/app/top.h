#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold top`: workers, partitions, lag and the clock of instances, again and again. Asks their
// /metrics; where none answers, the broker how far the groups are.
int RunTop(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
