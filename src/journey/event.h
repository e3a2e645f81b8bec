#pragma once

#include <cstdint>
#include <string_view>

#include "src/base/bag.h"
#include "src/base/ids.h"
#include "src/base/time.h"

namespace foothold::journey {

// The call of the analytics library that carried the event. Persisted in the journal: never reuse.
enum class CallKind : std::uint8_t {
  kTrack = 1,
  kIdentify = 2,
  kGroup = 3,
  kPage = 4,
  kScreen = 5,
  kAlias = 6,
};

// Where an input record came from: what evidence points to.
struct SourcePosition {
  std::string_view source;  // The source's name in the configuration.
  std::string_view topic;
  PartitionId partition;
  std::int64_t offset = 0;
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

// One accepted event, as the journal holds it. The views live as long as the journal batch it was
// read from.
struct Event {
  CallKind kind = CallKind::kTrack;
  std::string_view tenant;  // Never empty.
  std::string_view user;    // Empty: a fact of the account alone.
  std::string_view id;      // Never empty.
  std::uint64_t fingerprint =
      0;                  // Of tenant, user, name, properties, traits: a conflict shows here.
  std::string_view name;  // Raw; "page.viewed" / "screen.viewed" for pages and screens; empty
                          // for identify, group and alias.
  Instant occurred_at;
  bool is_product = true;  // False for sources of CS, billing, support: never access.
  std::string_view role;   // Raw role of the user by this record; empty: none. (Of user.invited:
                           // the invitee's.)
  bool is_role_override = false;   // The role comes from an explicit override of the mapping.
  std::string_view previous_user;  // alias, $identify: who the user was before.
  BagView properties;              // Names as CanonicalPropertyName() makes them.
  BagView traits;                  // Likewise. Of a group call: the account's.
  SourcePosition position;
};

}  // namespace foothold::journey
