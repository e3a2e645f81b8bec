#pragma once

// State of the journey <-> bytes: the payloads of the store's values (state/schema.h). The grammar
// of users, accounts, clock and meta stands in flat.h; a playbook is a message of
// proto/playbook.proto.
//
// Decoding anything returns kCorrupt for bytes that are damaged or cut, and kFatal, naming both
// versions, for those of a newer build. Equal values are equal bytes, on every machine.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/journey/account.h"
#include "src/journey/clock.h"
#include "src/journey/person.h"
#include "src/journey/playbook.h"
#include "src/journey/user.h"

namespace foothold::codec {

// What the subjects of a walk are visited with. Persisted: never reuse.
enum class WalkKind : std::uint8_t {
  kRecheck = 1,  // journey::VisitKind::kRecheck, the members of one account.
  kFinal = 2,    // journey::VisitKind::kFinal, every subject of the partition.
  kSweep = 3,    // journey::VisitKind::kSweep, likewise.
  kMeasure = 4,  // journey::VisitKind::kMeasure, of whom rests on the measurement.
};

// A walk over subjects that is not finished: it goes on behind `cursor`.
struct PendingWalk {
  WalkKind kind = WalkKind::kRecheck;
  std::string tenant;  // kRecheck: whose members.
  std::string cursor;  // Key of the last subject that was visited; empty: none yet.
  friend bool operator==(const PendingWalk&, const PendingWalk&) = default;
};

// The position of a partition's state in its journal, and what must agree with it.
struct Meta {
  NextOffset journal_next;           // The batch that is not finished yet.
  std::uint32_t next_entry = 0;      // Index in it of the next entry.
  std::uint64_t control_number = 0;  // Of the last control entry that was applied; 0: none.
  std::map<std::string, std::uint64_t> counters;
  std::vector<PendingWalk> walks;  // In the order in which they are to be done.
  friend bool operator==(const Meta&, const Meta&) = default;
};

std::string EncodeUser(const journey::User& user);
// Behind what `*out` holds.
void AppendUser(const journey::User& user, std::string* out);
Result<journey::User> DecodeUser(std::string_view bytes);

std::string EncodeAccount(const journey::Account& account);
void AppendAccount(const journey::Account& account, std::string* out);
Result<journey::Account> DecodeAccount(std::string_view bytes);

std::string EncodePerson(const journey::Person& person);
Result<journey::Person> DecodePerson(std::string_view bytes);

std::string EncodeClock(const journey::Clock::Parts& parts);
Result<journey::Clock::Parts> DecodeClock(std::string_view bytes);

std::string EncodeMeta(const Meta& meta);
Result<Meta> DecodeMeta(std::string_view bytes);

// The playbook decoded is one that journey::Validate() accepts.
std::string EncodePlaybook(const journey::Playbook& playbook);
Result<journey::Playbook> DecodePlaybook(std::string_view bytes);

}  // namespace foothold::codec
