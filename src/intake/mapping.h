#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/intake/event.h"

namespace foothold::intake {

// Shapes of records that are known by name (RECORDS.md section 1).
enum class Preset : std::uint8_t { kSegment, kRudderstack, kPosthog, kMixpanel, kFoothold };

// What a mapping says where to find.
enum class Field : std::uint8_t {
  kKind,
  kEvent,
  kTenant,
  kUser,
  kId,
  kTime,
  kOriginalTime,
  kSentAt,
  kReceivedAt,
  kTraits,
  kProperties,
  kRole,
  kPreviousId,
};
inline constexpr std::size_t kFieldCount = 13;

// The field's name in the configuration: "kind", "event", "tenant", ...
std::string_view FieldName(Field field);

// A set of call kinds.
struct KindSet {
  std::uint8_t bits = 0xff;
  bool Contains(CallKind kind) const { return ((bits >> static_cast<unsigned>(kind)) & 1U) != 0; }
};

// One place where a field may stand, for calls of these kinds.
struct Path {
  std::vector<std::string> names;  // From the root; never empty.
  KindSet kinds;
};

// "context.groupId".
std::string ToString(const Path& path);

struct FieldRule {
  std::vector<Path> paths;           // The first that is there.
  std::optional<std::string> fixed;  // `const:`: this, whatever the record says.
  bool is_override = false;          // Said by the configuration, not by the preset.
};

// How the records of a source are read: a preset with what the configuration overrides.
struct Mapping {
  Preset preset = Preset::kSegment;
  std::string group_type;  // PostHog: the type of the groups that are accounts.
  std::array<FieldRule, kFieldCount> rules;

  const FieldRule& rule(Field field) const { return rules[static_cast<std::size_t>(field)]; }
};

// The names MakeMapping() takes.
std::span<const std::string> PresetNames();

// The mapping of a preset with overrides: field name -> path from the root of the record
// ("context.workspace.id"), or "const:<value>". An override takes the place of all the preset's
// paths for that field. The key "group_type" gives PostHog's group type ("company" unless said).
//
// A time that is overridden may be epoch seconds or milliseconds besides RFC 3339; a role that is
// overridden counts on every record. Of the preset `foothold` a path is a field of
// foothold.v1.Event, or `properties.<name>`, `traits.<name>`. kInvalid names the preset, field or
// path that is wrong, with the nearest right one.
Result<Mapping> MakeMapping(std::string_view preset,
                            const std::map<std::string, std::string>& overrides);

}  // namespace foothold::intake
