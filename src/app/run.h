#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold run`: the service against Kafka, until SIGTERM or SIGINT; with --drain until what lay
// in the sources at the start is decided.
int RunRun(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
