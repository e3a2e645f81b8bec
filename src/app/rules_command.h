#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold rules list | pause RULE | resume RULE | kill RULE | live RULE | shadow RULE | off RULE
// | approve TENANT[|USER] RULE [RUNG] | reject TENANT[|USER] RULE [RUNG]`: what holds of the rules
// of a running system, and a word on one of them. Without --execute it says what it would write.
int RunRules(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
