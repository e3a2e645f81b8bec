#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold demo`: a simulated SaaS company's traffic through the whole engine on a log in memory,
// weeks in about a minute. A live screen if stdout is a terminal, else a block of plain lines a
// week; then a summary. All its numbers but the pace are read from the output topics.
int RunDemo(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
