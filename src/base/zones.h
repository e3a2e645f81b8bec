#pragma once

// The time zones that the system knows, as plain values.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "src/base/time.h"

namespace foothold {

// An offset of a zone that holds from `from` on.
struct ZoneOffset {
  Instant from;
  std::int32_t minutes = 0;  // East of UTC; seconds of old local times are cut.
  friend bool operator==(const ZoneOffset&, const ZoneOffset&) = default;
};

struct Zone {
  std::string name;                 // "Europe/Berlin".
  std::vector<ZoneOffset> offsets;  // By time; the first holds at the beginning of the span read.
  friend bool operator==(const Zone&, const Zone&) = default;
};

struct ZoneData {
  std::string version;      // "2025b"; "" if the system does not say.
  std::vector<Zone> zones;  // By name; no two have the same offsets.
  // Every other name -> the zone in `zones` with the same offsets in the span, by name.
  std::vector<std::pair<std::string, std::string>> links;
};

// What the system's tzdata says of [from, until). Empty where there is none. Its files tell changes
// up to 2037; after the last one told, its offset holds. Reads hundreds of files.
ZoneData ReadZones(Instant from, Instant until);

}  // namespace foothold
