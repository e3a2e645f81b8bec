#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold offsets show | reset --to WHERE`: how far each stage has read; setting intake
// elsewhere, which plans first.
int RunOffsets(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
