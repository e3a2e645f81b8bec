#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "src/base/time.h"

namespace foothold::app {

// What --until means for an input whose last event is at `last`: "" is that time, "+30d" so long
// after it, else a time. nullopt: none of these.
std::optional<Instant> ParseUntil(const std::string& text, Instant last);
// The line that says so.
std::string UntilMistake(std::string_view command, const std::string& text);

}  // namespace foothold::app
