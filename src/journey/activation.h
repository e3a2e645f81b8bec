#pragma once

// What is true of a user's activation: a function of the user's evidence, the account's facts and
// how far absence was judged. Nothing here looks at what was said before.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "src/journey/account.h"
#include "src/journey/clock.h"
#include "src/journey/definition.h"
#include "src/journey/records.h"
#include "src/journey/roles.h"
#include "src/journey/user.h"
#include "src/journey/volumes.h"

namespace foothold::journey {

// The time of an anchor for the user: the first of its entries that is known. nullopt: none is.
std::optional<Instant> AnchorTime(const Definition& definition, std::int32_t anchor,
                                  const User& user, const Account& account);
// Likewise by name; nullopt too if the playbook has no such anchor.
std::optional<Instant> AnchorTime(const Definition& definition, std::string_view anchor,
                                  const User& user, const Account& account);

// The window in which a milestone of a role span counts as met in time: the one that closes first
// of those that still matter. nullopt: no anchor is known, or the milestone has no window.
struct OpenWindow {
  std::string anchor;
  Instant opens_at;
  Instant closes_at;  // Open end: a milestone met at closes_at is late.
};

struct Truth {
  UserState state = UserState::kNotStarted;
  RoleSpan span;     // The role held at the activation, else the current one.
  RoleSpan current;  // The current one.
  std::optional<Instant> activated_at;
  std::optional<OpenWindow> window;
  std::vector<CriterionProgress> progress;
  std::vector<const Occurrence*>
      evidence;  // Kept occurrences it rests on; live as long as the user.
  // Not activated, and a criterion that is not met rests on events that have gone quiet: a window
  // does not expire by that.
  bool is_doubtful = false;
};

// Whether the history of the user before we first saw it is unknown to us (PRODUCT.md section 3,
// "History unknown"): then no absence is concluded.
bool IsHistoryKnown(const User& user, const Clock& sources);
// As above, of an account: one that we saw from its creation, or from the sign-up of its first
// user, was not there before us.
bool IsHistoryKnown(const Account& account, const Clock& sources);

// The truth about the user. `is_history_known` as above; `quiet`: as Facts::quiet.
Truth TruthOf(const Definition& definition, const User& user, const Account& account,
              bool is_history_known, const QuietEvents* quiet = nullptr);

// The user's ladder in its current role.
struct Ladder {
  std::string role;
  struct Rung {
    const Step* step = nullptr;  // Of the definition's playbook.
    std::optional<Instant> met_at;
  };
  std::vector<Rung> rungs;   // Empty for contacts and unknown roles.
  std::int32_t current = 0;  // 1-based; 0 without rungs; the last when all are met.
  std::optional<Instant> entered_at;
  std::uint32_t met = 0;  // Bit i: rung i is met.
  bool is_complete = false;
};
Ladder LadderOf(const Definition& definition, const User& user, const Account& account,
                const Truth& truth);

}  // namespace foothold::journey
