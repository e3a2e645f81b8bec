#pragma once

#include <span>
#include <string>
#include <string_view>

#include "src/app/command.h"

namespace foothold::app {

// What completes `foothold` in that shell ("bash", "zsh", "fish"): its commands, their verbs, and
// their options, which the program is asked for when they are needed, so that they are never those
// of another version. REQUIRES: one of the three.
std::string CompletionScript(std::string_view shell, std::span<const Command> commands);

// `foothold completion bash|zsh|fish`.
int RunCompletion(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
