#pragma once

// The small words of Protobuf's wire format, which the flat state encoding shares: varints, zigzag,
// little-endian words. For src/codec only.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace foothold::codec {

inline constexpr std::size_t kVarintBytesMax = 10;

inline std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

inline std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

// Writes at `to`, which has room for kVarintBytesMax, and returns the place behind.
inline char* PutVarint(std::uint64_t value, char* to) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  *to++ = static_cast<char>(value);
  return to;
}

inline char* PutFixed64(std::uint64_t value, char* to) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(to, &value, sizeof(value));
    return to + sizeof(value);
  }
  for (unsigned shift = 0; shift < 64; shift += 8) {
    *to++ = static_cast<char>(value >> shift);
  }
  return to;
}

inline void AppendVarint(std::uint64_t value, std::string* out) {
  std::array<char, kVarintBytesMax> bytes;
  out->append(bytes.data(), PutVarint(value, bytes.data()));
}

inline void AppendFixed64(std::uint64_t value, std::string* out) {
  std::array<char, 8> bytes;
  out->append(bytes.data(), PutFixed64(value, bytes.data()));
}

// Reads from the front of a range of bytes. Every call returns false, and changes nothing that
// matters, when the bytes do not hold what was asked for.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool is_done() const { return next_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }

  bool Varint(std::uint64_t* value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && next_ != end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*next_++);
      *value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) {
        return shift < 63 || byte <= 1;  // The tenth byte has room for one bit.
      }
    }
    return false;
  }

  bool Fixed64(std::uint64_t* value) {
    if (left() < 8) {
      return false;
    }
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 8) {
      *value |= static_cast<std::uint64_t>(static_cast<unsigned char>(*next_++)) << shift;
    }
    return true;
  }

  bool Byte(std::uint8_t* value) {
    if (next_ == end_) {
      return false;
    }
    *value = static_cast<std::uint8_t>(*next_++);
    return true;
  }

  // `*bytes` lies within the range that is read.
  bool Bytes(std::uint64_t size, std::string_view* bytes) {
    if (size > left()) {
      return false;
    }
    *bytes = std::string_view(next_, static_cast<std::size_t>(size));
    next_ += size;
    return true;
  }

  // A varint size and as many bytes.
  bool SizedBytes(std::string_view* bytes) {
    std::uint64_t size = 0;
    return Varint(&size) && Bytes(size, bytes);
  }

 private:
  const char* next_;
  const char* end_;
};

}  // namespace foothold::codec
