#pragma once

// When a user is to be looked at again, whatever happens: the timer of the subject.

#include <optional>

#include "src/journey/activation.h"
#include "src/journey/conditions.h"
#include "src/journey/engine.h"

namespace foothold::journey {

// Since when the status is refreshed every 24 h: onboarding is in progress; nullopt: it is not.
std::optional<Instant> RefreshedSince(const Truth& truth, const Ladder& ladder,
                                      bool is_history_known);

// Whether the timer is that of a refresh, alone or with others.
bool IsRefreshDue(const Visit& visit, std::optional<Instant> since);

struct Due {
  std::optional<Instant> at;  // nullopt: never.
  bool is_for_refresh = false;
};

// The next time at which the user of `facts`, who is not removed, may be judged otherwise without
// any event, or at which the status is refreshed.
Due DueOf(const Context& context, const Visit& visit, const Facts& facts);

}  // namespace foothold::journey
