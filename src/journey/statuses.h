#pragma once

// The statuses and the blocks that records share, filled from state.

#include <cstdint>
#include <optional>
#include <string>

#include "src/journey/account.h"
#include "src/journey/activation.h"
#include "src/journey/definition.h"
#include "src/journey/engine.h"
#include "src/journey/records.h"
#include "src/journey/user.h"

namespace foothold::journey {

AccountBlock AccountBlockOf(const Definition& definition, const Account& account);
PersonBlock PersonBlockOf(const User& user);

// Whole days from `from` to `to`; nullopt without a beginning, 0 if `to` lies before it.
std::optional<std::int64_t> DaysSince(std::optional<Instant> from, Instant to);
// Seconds from an anchor to the activation, 0 if it came before the anchor (PRODUCT.md section 3).
std::optional<std::int64_t> TimeToValueS(std::optional<Instant> anchor,
                                         std::optional<Instant> activated_at);

UserStatus UserStatusOf(const Definition& definition, const User& user, const Account& account,
                        const Truth& truth, const Ladder& ladder, bool is_history_known,
                        Instant as_of, std::int64_t revision);
AccountStatus AccountStatusOf(const Definition& definition, const Account& account, Instant as_of,
                              std::int64_t revision);

// A status changes when its lasting part does; the volatile part rides along (RECORDS.md section
// 5).
struct StatusHashes {
  std::uint64_t lasting = 0;
  std::uint64_t riding = 0;
};
StatusHashes HashesOf(const UserStatus& status);
StatusHashes HashesOf(const AccountStatus& status);

}  // namespace foothold::journey
