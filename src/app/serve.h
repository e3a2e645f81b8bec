#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold serve -c FILE` and `foothold serve FILE...`: the accounts, people and funnels of a
// running system, or of files, as a page and an HTTP API.
int RunServe(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
