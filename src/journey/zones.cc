#include "src/journey/zones.h"

#include <algorithm>

namespace foothold::journey {
namespace {

constexpr std::int64_t kMinutesOfDay = 24 * 60;

}  // namespace

const ZoneRules* FindZone(const ZoneTable& table, std::string_view name) {
  const auto link =
      std::ranges::lower_bound(table.links, name, {}, &std::pair<std::string, std::string>::first);
  if (link != table.links.end() && link->first == name) {
    name = link->second;
  }
  const auto zone = std::ranges::lower_bound(table.zones, name, {}, &ZoneRules::name);
  return zone == table.zones.end() || zone->name != name ? nullptr : &*zone;
}

std::int32_t OffsetAt(const ZoneRules* zone, Instant at) {
  if (zone == nullptr || zone->offsets.empty()) {
    return 0;
  }
  const auto next = std::ranges::upper_bound(zone->offsets, at, {}, &ZoneRules::Offset::from);
  return next == zone->offsets.begin() ? next->minutes : std::prev(next)->minutes;
}

std::optional<Instant> QuietUntil(const ZoneRules* zone, std::int32_t from, std::int32_t to,
                                  Instant at) {
  if (from == to) {
    return std::nullopt;
  }
  const std::int32_t offset = OffsetAt(zone, at);
  const Instant local = at + std::chrono::minutes(offset);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::int64_t minute =
      std::chrono::floor<std::chrono::minutes>(local - day).count() % kMinutesOfDay;
  const bool is_quiet = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!is_quiet) {
    return std::nullopt;
  }
  const Instant local_end =
      day + std::chrono::minutes(to) + (minute >= to ? kDay : milliseconds(0));
  const Instant end = local_end - std::chrono::minutes(offset);
  return end + std::chrono::minutes(offset - OffsetAt(zone, end));
}

}  // namespace foothold::journey
