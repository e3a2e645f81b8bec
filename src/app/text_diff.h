#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foothold::app {

// What differs between two texts, line by line, the longest common part left out but for `context`
// lines around each difference:
//
//   stories/trial.txt:12
//        11  2026-03-05 09:00  ada@acme  login
//   -    12  => ada@acme: in_progress > activated (admin)
//   +        => ada@acme: in_progress > window_expired (admin)
//
// "-": a line of `before`, with its number, that `after` does not have; "+": the other way. Equal
// texts: "".
std::string DiffWithPlaces(std::string_view path, std::string_view before, std::string_view after,
                           std::size_t context);

// The lines that only one of the two has, each with its number, nothing around them.
std::string DiffOf(std::string_view before, std::string_view after);

}  // namespace foothold::app
