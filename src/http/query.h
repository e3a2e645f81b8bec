#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace foothold::http {

// "a=1&b=x%20y" by name, decoded; '+' is a space. nullopt: not well-formed, a name twice, or more
// than 32 of them.
std::optional<std::map<std::string, std::string>> ParseQuery(std::string_view query);

}  // namespace foothold::http
