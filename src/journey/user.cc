#include "src/journey/user.h"

#include <bit>
#include <tuple>

namespace foothold::journey {

bool IsEarlier(const Occurrence& a, const Occurrence& b) {
  return std::tie(a.at, a.event_id, a.fingerprint) < std::tie(b.at, b.event_id, b.fingerprint);
}

Evidence EvidenceOf(const Occurrence& occurrence) {
  return {.event_id = occurrence.event_id,
          .event = occurrence.event,
          .occurred_at = occurrence.at,
          .source = occurrence.source,
          .topic = occurrence.topic,
          .partition = occurrence.partition,
          .offset = occurrence.offset};
}

std::uint64_t RecentId(std::string_view event_id, std::uint64_t fingerprint) {
  return (Hash64(event_id) & 0xFFFFFFFF00000000ULL) | (fingerprint & 0xFFFFFFFFULL);
}

void ActiveDays::Add(Instant at) {
  const std::int32_t day = UtcDayOf(at);
  if (last_day == 0) {
    last_day = day;
    bits[0] = 1;
    return;
  }
  if (day > last_day) {
    const auto shift = static_cast<std::size_t>(day - last_day);
    const std::size_t words = shift / 64;
    const std::size_t rest = shift % 64;
    std::array<std::uint64_t, 7> moved{};
    for (std::size_t to = words; to < moved.size(); ++to) {
      moved[to] = bits[to - words] << rest;
      if (rest > 0 && to > words) {
        moved[to] |= bits[to - words - 1] >> (64 - rest);
      }
    }
    moved.back() &= (1ULL << (kDays % 64)) - 1;  // Days further back are forgotten.
    bits = moved;
    bits[0] |= 1;
    last_day = day;
    return;
  }
  const int back = last_day - day;
  if (back < kDays) {
    bits[static_cast<std::size_t>(back) / 64] |= 1ULL << (static_cast<std::size_t>(back) % 64);
  }
}

int ActiveDays::count() const {
  int days = 0;
  for (const std::uint64_t word : bits) {
    days += std::popcount(word);
  }
  return days;
}

}  // namespace foothold::journey
