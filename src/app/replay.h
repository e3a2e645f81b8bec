#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold replay`: events of files, or a running system's journal, through the whole engine on a
// log in memory. Prints every output record as one line of JSON, byte-identical at every run.
int RunReplay(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
