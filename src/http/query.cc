#include "src/http/query.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace foothold::http {
namespace {

constexpr std::size_t kNamesMax = 32;

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned char byte = 0;
    const char* const begin = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(begin, begin + 2, byte, 16).ptr != begin + 2) {
      return std::nullopt;
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<std::map<std::string, std::string>> ParseQuery(std::string_view query) {
  std::map<std::string, std::string> parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::optional<std::string> name = Decode(part.substr(0, equals));
    const std::optional<std::string> value = Decode(part.substr(std::min(equals + 1, part.size())));
    if (!name.has_value() || !value.has_value() || parameters.size() == kNamesMax ||
        !parameters.emplace(*name, *value).second) {
      return std::nullopt;
    }
  }
  return parameters;
}

}  // namespace foothold::http
