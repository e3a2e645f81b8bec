#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace foothold::intake {

// Reads a base-128 varint at the front of `*rest` and advances it; nullopt if it is cut off or
// longer than 64 bits.
std::optional<std::uint64_t> ReadVarint(std::string_view* rest);

// One field of a serialised Protobuf message.
struct WireField {
  enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  std::uint32_t number = 0;
  Type type = Type::kVarint;
  std::uint64_t integer = 0;  // Of kVarint, kFixed64, kFixed32.
  std::string_view bytes;     // Of kBytes.
};

// Reads the field at the front of `*rest` and advances it; nullopt if it is damaged, or a group.
// REQUIRES: !rest->empty().
std::optional<WireField> ReadWireField(std::string_view* rest);

}  // namespace foothold::intake
