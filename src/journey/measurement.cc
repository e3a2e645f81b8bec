#include "src/journey/measurement.h"

#include <algorithm>

#include <fmt/format.h>

namespace foothold::journey {

bool HasDeadLetter(const Context& context, const Account& account) {
  return account.dead_letter_at.has_value() &&
         (!context.clock.has_value() || *account.dead_letter_at + kDeadLetterSpan > *context.clock);
}

std::optional<Instant> IncompleteSince(const Context& context, const Account& account) {
  std::optional<Instant> since = context.sources_silent_since;
  if (HasDeadLetter(context, account)) {
    const Instant first = account.incomplete_since.value_or(*account.dead_letter_at);
    since = std::min(since.value_or(first), first);
  }
  return since;
}

Instant MeasuredAt(const Context& context) {
  const Instant clock = context.clock.value_or(kEpoch);
  return context.sources_silent_since.has_value() ? std::max(clock, context.wall.value_or(clock))
                                                  : clock;
}

void NoteDeadLetter(Instant at, Account* account) {
  const bool goes_on =
      account->dead_letter_at.has_value() && at < *account->dead_letter_at + kDeadLetterSpan;
  account->incomplete_since = goes_on ? std::min(account->incomplete_since.value_or(at), at) : at;
  account->dead_letter_at = std::max(account->dead_letter_at.value_or(at), at);
}

bool ForgetOldDeadLetters(const Context& context, Account* account) {
  if (!account->dead_letter_at.has_value() || HasDeadLetter(context, *account)) {
    return false;
  }
  account->dead_letter_at.reset();
  account->incomplete_since.reset();
  return true;
}

MeasurementBlock MeasurementOf(const Context& context, const Account& account, const User* user,
                               bool is_history_known) {
  MeasurementBlock block;
  const std::optional<Instant> since = IncompleteSince(context, account);
  if (context.sources_silent_since.has_value()) {
    block.why.push_back(fmt::format("source_silent:{}", context.silent_source));
  }
  if (HasDeadLetter(context, account)) {
    block.why.emplace_back(kDeadLetters);
  }
  block.since = since;
  if (context.quiet != nullptr) {
    for (const auto& [name, quiet_since] : context.quiet->names()) {
      block.why.push_back(fmt::format("event_quiet:{}", name));
      block.since = std::min(block.since.value_or(quiet_since), quiet_since);
    }
  }
  if (!is_history_known) {
    const std::optional<Instant>& first = user != nullptr ? user->first_seen : account.first_seen;
    block.why.emplace_back("history_unknown");
    block.since = block.since.has_value() ? std::min(block.since, first) : first;
  }
  block.is_complete = block.why.empty();
  return block;
}

}  // namespace foothold::journey
