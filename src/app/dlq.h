#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold dlq list | show PLACE | requeue [PLACE...]`: what could not be used. Requeueing plans
// first.
int RunDlq(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
