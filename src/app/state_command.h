#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold state get TENANT [USER] | scan [TENANT] | export | verify`: what a system knows. Reads
// the changelog, or with --store the stores of a stopped instance.
int RunState(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
