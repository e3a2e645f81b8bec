#include "tests/codec/published.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace foothold::codec {

void ExpectPublished(const std::string& path, std::string_view text) {
  const std::string full = std::string(FOOTHOLD_SOURCE_DIR "/") + path;
  if (const char* const rewrite = std::getenv("FOOTHOLD_REWRITE");
      rewrite != nullptr && std::string_view(rewrite) == "1") {
    std::ofstream(full, std::ios::binary) << text;
  }
  std::ifstream file(full, std::ios::binary);
  std::ostringstream published;
  published << file.rdbuf();
  EXPECT_EQ(published.str(), text) << path << ": FOOTHOLD_REWRITE=1 writes it anew";
}

std::string PrettyJson(std::string_view json) {
  std::string pretty;
  std::size_t depth = 0;
  bool is_in_string = false;
  const auto new_line = [&] { pretty += '\n' + std::string(2 * depth, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (is_in_string) {
      pretty += c;
      if (c == '\\') {
        pretty += json[++i];
      }
      is_in_string = c != '"';
    } else if ((c == '{' || c == '[') && i + 1 < json.size() &&
               (json[i + 1] == '}' || json[i + 1] == ']')) {
      pretty += c;
      pretty += json[++i];
    } else if (c == '{' || c == '[') {
      pretty += c;
      ++depth;
      new_line();
    } else if (c == '}' || c == ']') {
      --depth;
      new_line();
      pretty += c;
    } else if (c == ',') {
      pretty += c;
      new_line();
    } else if (c == ':') {
      pretty += ": ";
    } else {
      pretty += c;
      is_in_string = c == '"';
    }
  }
  return pretty + '\n';
}

}  // namespace foothold::codec
