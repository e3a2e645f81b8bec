#pragma once

#include <span>
#include <string>

#include "src/app/command.h"

namespace foothold::app {

// `foothold playbook show | history | diff FILE | publish FILE`: the playbook of a running system.
// Publishing says first which of the three it is (PRODUCT.md section 9), replaces the version that
// held when it was planned, and acts with --execute. What the playbook asks of the past is looked
// up before: see Preparation.
int RunPlaybook(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
