#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "src/base/bag.h"
#include "src/base/time.h"
#include "src/intake/vocabulary.h"

namespace foothold::intake {

// The call of the analytics library that carried the event. The values are those of the journal.
enum class CallKind : std::uint8_t {
  kTrack = 1,
  kIdentify = 2,
  kGroup = 3,
  kPage = 4,
  kScreen = 5,
  kAlias = 6,
};

// "track", "identify", ...
std::string_view CallKindName(CallKind kind);
// The kind of that name; nullopt if there is none.
std::optional<CallKind> CallKindOfName(std::string_view name);

// One accepted event in canonical form, whatever the preset it came by. The views live until the
// next Decode() of the Decoder that made it.
struct Event {
  CallKind kind = CallKind::kTrack;
  std::string_view tenant;  // Empty: none is named, see Unplaced.
  std::string_view user;    // Empty: a fact of the account alone.
  std::string_view id;      // Never empty.
  // Of user, name, properties, traits and tenant; independent of the order of keys.
  std::uint64_t fingerprint = 0;
  // Raw; "page.viewed" or "screen.viewed" of a page or screen; empty of identify, group and alias.
  std::string_view name;
  Instant occurred_at;
  bool is_product = true;
  NameClass name_class = NameClass::kOther;  // Of a track call's name.
  std::string_view role;                     // Raw; empty: none. Of an invite, the invitee's.
  bool is_role_override = false;             // The mapping names the role's place explicitly.
  std::string_view previous_user;
  BagView properties;  // Names as CanonicalPropertyName() makes them.
  BagView traits;      // Likewise. Of a group call, the account's.
};

// The fingerprint of an event in an account, by that of the event without it.
std::uint64_t FingerprintIn(std::string_view tenant, std::uint64_t fingerprint);

}  // namespace foothold::intake
