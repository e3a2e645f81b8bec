#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/check.h"

namespace foothold::state {

// Eight bytes, the most significant first: as text they sort like the numbers.
inline void AppendBigEndian64(std::uint64_t number, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(static_cast<unsigned char>(number >> shift)));
  }
}

// REQUIRES: eight bytes.
inline std::uint64_t ReadBigEndian64(std::string_view bytes) {
  FOOTHOLD_CHECK(bytes.size() == sizeof(std::uint64_t), "a 64-bit number has eight bytes");
  std::uint64_t number = 0;
  for (const char byte : bytes) {
    number = (number << 8) | static_cast<unsigned char>(byte);
  }
  return number;
}

}  // namespace foothold::state
