#include "src/journey/due.h"

#include <algorithm>

#include "src/journey/caring.h"
#include "src/journey/interventions.h"

namespace foothold::journey {
namespace {

// While a drain goes on a refresh lies this far ahead: it counts only if the drain is broken off.
constexpr milliseconds kDrainRefresh = 30 * kDay;

// The next k x 24 h after the current step was entered. Of days that have passed already, by the
// clock or by the wall that the clock is still to reach, the last one only.
std::optional<Instant> NextRefresh(const Context& context, const Visit& visit,
                                   std::optional<Instant> since) {
  if (!since.has_value()) {
    return std::nullopt;
  }
  const auto last_until = [&](std::optional<Instant> at) {
    return *since + kDay * ((std::max(*since, at.value_or(*since)) - *since) / kDay);
  };
  const Instant done = last_until(context.clock);
  if (context.is_draining && visit.kind != VisitKind::kFinal) {
    return done + kDrainRefresh;
  }
  const Instant last = std::max(last_until(context.sources->now()), last_until(context.wall));
  return last > done ? last : done + kDay;
}

}  // namespace

std::optional<Instant> RefreshedSince(const Truth& truth, const Ladder& ladder,
                                      bool is_history_known) {
  const bool is_open = truth.state == UserState::kInProgress ||
                       (truth.state == UserState::kNotStarted && truth.window.has_value());
  if (!is_open || !is_history_known || ladder.rungs.empty() || ladder.is_complete) {
    return std::nullopt;
  }
  return ladder.entered_at;
}

bool IsRefreshDue(const Visit& visit, std::optional<Instant> since) {
  return visit.due.has_value() && since.has_value() && *visit.due > *since &&
         (*visit.due - *since) % kDay == milliseconds(0);
}

Due DueOf(const Context& context, const Visit& visit, const Facts& facts) {
  const User& user = *facts.user;
  const Truth& truth = *facts.truth;
  const bool is_history_known = facts.is_history_known;
  std::optional<Instant> due;
  const auto consider = [&](Instant at) { due = std::min(due.value_or(at), at); };
  const bool is_undecided = !truth.activated_at.has_value() && truth.window.has_value() &&
                            is_history_known &&
                            (!user.absence_judged_until.has_value() ||
                             truth.window->closes_at > *user.absence_judged_until);
  if (is_undecided) {
    consider(truth.window->closes_at);
  }
  if (user.contribution.is_active && user.last_seen.has_value()) {
    consider(*user.last_seen + kActiveSpan);
  }
  if (const auto moment = NextMoment(facts, user.absence_judged_until); moment.has_value()) {
    consider(*moment);
  }
  const auto outcome = NextOutcome(user.care, facts.definition.playbook().attribution);
  if (outcome.has_value()) {
    consider(*outcome);
  }
  const std::optional<Instant> refresh =
      NextRefresh(context, visit, RefreshedSince(truth, *facts.ladder, is_history_known));
  const bool is_for_refresh = refresh.has_value() && (!due.has_value() || *refresh < *due);
  return {.at = is_for_refresh ? refresh : due, .is_for_refresh = is_for_refresh};
}

}  // namespace foothold::journey
