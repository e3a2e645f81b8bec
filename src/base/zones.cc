#include "src/base/zones.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <map>
#include <string_view>

#include <date/tz.h>

namespace foothold {
namespace {

using std::chrono::duration_cast;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<ZoneOffset> OffsetsOf(const date::time_zone& zone, Instant from, Instant until) {
  std::vector<ZoneOffset> offsets;
  Instant at = from;
  while (at < until) {
    const date::sys_info info = zone.get_info(std::chrono::floor<seconds>(at));
    const auto east = static_cast<std::int32_t>(duration_cast<minutes>(info.offset).count());
    if (offsets.empty() || offsets.back().minutes != east) {
      offsets.push_back({.from = at, .minutes = east});
    }
    // The last period ends with the calendar, which milliseconds cannot hold.
    if (info.end >= std::chrono::ceil<seconds>(until)) {
      break;
    }
    at = info.end;
  }
  return offsets;
}

// "# version 2025b" is how the text form of the data, which stands beside the zones, begins.
std::string VersionOf(const date::tzdb& database) {
  constexpr std::string_view kSign = "# version ";
  if (database.version != "unknown") {
    return database.version;
  }
  std::ifstream text("/usr/share/zoneinfo/tzdata.zi");
  std::string line;
  std::getline(text, line);
  return line.starts_with(kSign) ? line.substr(kSign.size()) : "";
}

// Names that are no places: what an installation calls its own zone, and files beside the zones.
bool IsZoneName(std::string_view name) {
  return !name.empty() && name.front() >= 'A' && name.front() <= 'Z' && name != "Factory";
}

}  // namespace

ZoneData ReadZones(Instant from, Instant until) {
  ZoneData data;
  std::map<std::vector<std::int64_t>, std::string> name_by_offsets;
  try {
    const date::tzdb& database = date::get_tzdb();
    data.version = VersionOf(database);
    for (const date::time_zone& zone : database.zones) {
      if (!IsZoneName(zone.name())) {
        continue;
      }
      std::vector<ZoneOffset> offsets = OffsetsOf(zone, from, until);
      std::vector<std::int64_t> key;
      for (const ZoneOffset& offset : offsets) {
        key.push_back(ToMs(offset.from));
        key.push_back(offset.minutes);
      }
      const auto [same, is_new] = name_by_offsets.emplace(std::move(key), zone.name());
      if (is_new) {
        data.zones.push_back({.name = zone.name(), .offsets = std::move(offsets)});
      } else {
        data.links.emplace_back(zone.name(), same->second);
      }
    }
  } catch (const std::exception&) {
    return {};  // No tzdata here, or none that can be read.
  }
  std::ranges::sort(data.zones, {}, &Zone::name);
  std::ranges::sort(data.links);
  return data;
}

}  // namespace foothold
