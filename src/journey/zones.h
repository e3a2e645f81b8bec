#pragma once

// Local time, from the zone rules that the playbook carries.

#include <optional>
#include <string_view>

#include "src/base/time.h"
#include "src/journey/rules.h"

namespace foothold::journey {

// The rules of a zone by its name or an alias; nullptr if the table has none of that name.
const ZoneRules* FindZone(const ZoneTable& table, std::string_view name);
// Minutes east of UTC at that time. Before the first rule: as the first one says. Null: UTC.
std::int32_t OffsetAt(const ZoneRules* zone, Instant at);

// The end of the quiet hours that `at` lies in, [from, to) in minutes of the local day; nullopt if
// it lies in none. On the day the clocks change, the local time of the end counts.
std::optional<Instant> QuietUntil(const ZoneRules* zone, std::int32_t from, std::int32_t to,
                                  Instant at);

}  // namespace foothold::journey
