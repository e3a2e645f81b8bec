#pragma once

#include <optional>
#include <span>
#include <string>

#include "src/app/command.h"
#include "src/log/log.h"

namespace foothold::app {

// Which records are shown; what is empty selects all.
struct TapFilter {
  std::string tenant;
  std::string user;
  std::string rule;  // Without its version.
};
// By subject and rule of the headers; a tombstone has its key alone.
bool Passes(const TapFilter& filter, const log::RecordView& record);
// A record as a line for people: time, topic, subject, and what it says. Whole and one line
// whatever is in it: a terminal wraps it, grep and `less -S` get it as it is.
std::string TapLine(const log::RecordView& record);

// `foothold tap`: what a system decides, as it decides it. Reads the output topics.
int RunTap(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace foothold::app
