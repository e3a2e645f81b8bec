#pragma once

// What PRODUCT.md section 3 says of a user's activation, written as plainly as it can be: it looks
// at all events at once and keeps nothing. The engine must agree with it, whatever the order of
// arrival.

#include <optional>
#include <string>
#include <vector>

#include "src/journey/playbook.h"
#include "tests/journey/world.h"

namespace foothold::journey {

struct NaiveTruth {
  UserState state = UserState::kNotStarted;
  std::optional<Instant> activated_at;
  std::string role;
  std::optional<Instant> opens_at;
  std::optional<Instant> closes_at;
};

// The truth about `user` once all `events` of its account are known and the clock stands at
// `clock`.
NaiveTruth Judge(const Playbook& playbook, const std::vector<EventSpec>& events,
                 const std::string& user, Instant clock, Instant history_begin);

}  // namespace foothold::journey
