#include "src/intake/wire.h"

#include <cstddef>

namespace foothold::intake {
namespace {

constexpr std::uint32_t kFieldNumberMax = (1U << 29U) - 1;

std::optional<std::uint64_t> ReadFixed(std::string_view* rest, std::size_t size) {
  if (rest->size() < size) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i) {
    value = (value << 8U) | static_cast<unsigned char>((*rest)[i - 1]);
  }
  rest->remove_prefix(size);
  return value;
}

}  // namespace

std::optional<std::uint64_t> ReadVarint(std::string_view* rest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < rest->size() && i < 10; ++i) {
    const std::uint64_t byte = static_cast<unsigned char>((*rest)[i]);
    if (i == 9 && byte > 1) {
      return std::nullopt;
    }
    value |= (byte & 0x7fU) << (7 * i);
    if (byte < 0x80) {
      rest->remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<WireField> ReadWireField(std::string_view* rest) {
  const std::optional<std::uint64_t> tag = ReadVarint(rest);
  if (!tag.has_value() || (*tag >> 3U) == 0 || (*tag >> 3U) > kFieldNumberMax) {
    return std::nullopt;
  }
  WireField field;
  field.number = static_cast<std::uint32_t>(*tag >> 3U);
  std::optional<std::uint64_t> integer;
  switch (*tag & 7U) {
    case 0:
      field.type = WireField::Type::kVarint;
      integer = ReadVarint(rest);
      break;
    case 1:
      field.type = WireField::Type::kFixed64;
      integer = ReadFixed(rest, 8);
      break;
    case 2: {
      field.type = WireField::Type::kBytes;
      const std::optional<std::uint64_t> size = ReadVarint(rest);
      if (!size.has_value() || *size > rest->size()) {
        return std::nullopt;
      }
      field.bytes = rest->substr(0, *size);
      rest->remove_prefix(*size);
      return field;
    }
    case 5:
      field.type = WireField::Type::kFixed32;
      integer = ReadFixed(rest, 4);
      break;
    default:  // Groups, which proto3 has not, and the types 6 and 7, which nobody has.
      return std::nullopt;
  }
  if (!integer.has_value()) {
    return std::nullopt;
  }
  field.integer = *integer;
  return field;
}

}  // namespace foothold::intake
