#include "src/base/ulid.h"

#include <string_view>

namespace foothold {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string MakeUlid(Instant at, const Hash128& hash) {
  // 128 bits as 26 digits of 5: the first digit has the upper 3 bits of the 48-bit time.
  const std::uint64_t time = static_cast<std::uint64_t>(ToMs(at)) & 0xFFFFFFFFFFFFULL;
  const std::uint64_t high = (time << 16U) | (hash.high >> 48U);
  const std::uint64_t low = hash.low;
  std::string ulid(26, '0');
  for (std::size_t i = 0; i < ulid.size(); ++i) {
    const std::size_t shift = (ulid.size() - 1 - i) * 5;
    std::uint64_t digit = 0;
    if (shift >= 64) {
      digit = high >> (shift - 64);
    } else {
      digit = low >> shift;
      if (shift > 59) {
        digit |= high << (64 - shift);
      }
    }
    ulid[i] = kAlphabet[digit & 31U];
  }
  return ulid;
}

}  // namespace foothold
