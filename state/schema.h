#pragma once

// The keys of a partition's store, and the fixed header of its values. Bytes in, bytes out: what
// the values mean is codec's business.
//
//   key      := 'u' esc(tenant) esc(user)     a user
//             | 'a' esc(tenant)               an account
//             | 'e' esc(tenant) esc(hash)     salted hash of an e-mail -> user id
//             | 'f' name                      a fact of the partition: clock, roster, playbook, ...
//             | 'm'                           meta: the position and what must agree with it
//             | 't' due8 key                  timer index: due (ms, big-endian), subject's key
//             | 'g' key                       the subject of that key waits for the gate; the
//             payload
//                                             says until when
//             | 'p' esc(user)                 a person, in stores of the people stage alone
//             | 'w' esc(user) number8         its waiting record of that number (big-endian)
//   esc(s)   := s with 0x00 as 0x00 0xFF, ended by 0x00 0x01: no two pairs of ids collide, and keys
//               sort by tenant, then by user
//   value    := version1 due8 payload         due8 = 0xFF x 8: no timer
//   meta and facts carry the same header with no timer.
// Tags are permanent: never reuse a letter. 't' is an index: it is not in the changelog and is
// rebuilt from the headers of the values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/base/time.h"

namespace foothold::state {

std::string UserKey(std::string_view tenant, std::string_view user);
std::string AccountKey(std::string_view tenant);
std::string EmailKey(std::string_view tenant, std::string_view email_hash);
std::string FactKey(std::string_view name);
std::string MetaKey();
std::string GateKey(std::string_view subject_key);
std::string PersonKey(std::string_view user);
std::string WaitingKey(std::string_view user, std::uint64_t number);
// All keys of the tenant's users start with it, and no others.
std::string UserKeyPrefix(std::string_view tenant);
// Likewise of its e-mails.
std::string EmailKeyPrefix(std::string_view tenant);

enum class KeyKind : char {
  kUser = 'u',
  kAccount = 'a',
  kEmail = 'e',
  kFact = 'f',
  kMeta = 'm',
  kTimer = 't',
  kGate = 'g',
  kPerson = 'p',
  kWaiting = 'w',
};

struct ParsedKey {
  KeyKind kind = KeyKind::kMeta;
  std::string tenant;  // Users, accounts, e-mails.
  std::string id;  // The user or person, the e-mail's hash, the fact's name, or a subject's key.
};
// kCorrupt if `key` is not of this grammar. Timer keys are not parsed: they belong to the store.
Result<ParsedKey> ParseKey(std::string_view key);

// The version of the values' header and payloads that this build writes. A newer one is refused by
// name, an older one is read and upgraded.
inline constexpr std::uint8_t kValueVersion = 1;

// The latest due there can be: what lies above it in a header or in the index is damage.
inline constexpr std::uint64_t kDueMsMax = (std::uint64_t{1} << 53) - 1;

// A value with its header. `due`: the subject's earliest timer, nullopt for none.
// REQUIRES: kEpoch <= due, at most kDueMsMax.
std::string MakeValue(std::string_view payload, std::optional<Instant> due);
// Likewise: `*value` gets the header, the payload is appended by the caller.
void BeginValue(std::optional<Instant> due, std::string* value);
struct ParsedValue {
  std::uint8_t version = 0;
  std::optional<Instant> due;
  std::string_view payload;  // Within the bytes given.
};
// kCorrupt if too short; kFatal, naming both versions, if newer than this build.
Result<ParsedValue> ParseValue(std::string_view value);

}  // namespace foothold::state
