#pragma once

// Whether what is measured of a subject is complete (PRODUCT.md section 5): a silent source, dead
// letters of the tenant and an unknown history make it incomplete.

#include <optional>
#include <string_view>

#include "src/base/time.h"
#include "src/journey/account.h"
#include "src/journey/engine.h"
#include "src/journey/records.h"
#include "src/journey/user.h"

namespace foothold::journey {

// For so long after a dead letter of the tenant.
inline constexpr milliseconds kDeadLetterSpan = 24 * kHour;

// Whether what is measured of the subject can be trusted. `user` may be null.
MeasurementBlock MeasurementOf(const Context& context, const Account& account, const User* user,
                               bool is_history_known);
// Of MeasurementBlock::why.
inline constexpr std::string_view kDeadLetters = "dead_letters";
// Since when the account's measurement is incomplete; nullopt: it is complete.
std::optional<Instant> IncompleteSince(const Context& context, const Account& account);
// The time by which the age of an incomplete measurement is told: a silent source holds the clock,
// so then it is the wall.
Instant MeasuredAt(const Context& context);
// A record of the account's tenant became a dead letter: for a day its measurement is incomplete.
void NoteDeadLetter(Instant at, Account* account);
// True if the last one has just become too old to matter.
bool ForgetOldDeadLetters(const Context& context, Account* account);
// Whether one of them is recent enough to matter.
bool HasDeadLetter(const Context& context, const Account& account);

}  // namespace foothold::journey
