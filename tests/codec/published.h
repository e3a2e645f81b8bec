#pragma once

#include <string>
#include <string_view>

namespace foothold::codec {

// Compares `text` with the published file `path` (from the root of the repository). With
// FOOTHOLD_REWRITE=1 in the environment it writes the file instead: read it before you commit it.
void ExpectPublished(const std::string& path, std::string_view text);

// One line of JSON, laid out with two spaces a level.
std::string PrettyJson(std::string_view json);

}  // namespace foothold::codec
