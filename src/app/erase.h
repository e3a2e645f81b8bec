#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold erase TENANT USER`: forgets a person, in every partition of the journal and of the
// people topic, through the ledger. Plans first.
int RunErase(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
