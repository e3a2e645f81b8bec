#pragma once

// What the records of one visit share: when it decides, the ids, the mode, the cause, the evidence.

#include <string>
#include <string_view>
#include <vector>

#include "src/journey/engine.h"
#include "src/journey/records.h"

namespace foothold::journey {

struct Occasion {
  const Definition& definition;
  const Context& context;
  const Visit& visit;
  const Event* event;  // What set it off, if that was an event; else null.
  const Account& account;
  Instant decided_at;  // A timer's due time; an event's: the later of its time and the clock.
};

// When the visit decides. `event` as in Occasion; `fallback` for visits that have neither event,
// due time nor clock.
Instant DecisionTime(const Context& context, const Visit& visit, const Event* event,
                     Instant fallback);

enum class Correcting : std::uint8_t { kNo, kYes };
Mode ModeOf(const Occasion& occasion, Correcting correcting);
// The id of the event that set it off, or "timer:<timer>@<due>".
std::string CausationOf(const Occasion& occasion, std::string_view timer);

// What tells one record from all others: nothing in it depends on where the journal lies
// (PRODUCT.md section 8).
struct RecordName {
  std::string_view user;  // "" for the account's.
  std::string_view kind;
  std::string episode;
  std::int64_t sequence = 0;
  std::string rule = {};  // "rule@version"; "": the playbook's label.
};
std::string IdOf(const Occasion& occasion, const RecordName& name);
LogCommon CommonOf(const Occasion& occasion, RecordName name, Mode mode);

void AddEvidence(const std::vector<const Occurrence*>& occurrences, LogCommon* common);
void AddEventAsEvidence(const Occasion& occasion, LogCommon* common);

// "2026-03-01 09:00 UTC".
std::string DateOf(Instant at);

}  // namespace foothold::journey
