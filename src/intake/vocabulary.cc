#include "src/intake/vocabulary.h"

#include <algorithm>
#include <array>

namespace foothold::intake {
namespace {

struct KnownName {
  std::string_view normal_name;
  NameClass name_class;
};

// Sorted by name.
constexpr std::array kKnownNames = {
    KnownName{"account.added.user", NameClass::kJoined},
    KnownName{"account.created", NameClass::kSignUp},
    KnownName{"account.removed.user", NameClass::kOther},  // An alias of user.removed.
    KnownName{"heartbeat", NameClass::kAccountFact},
    KnownName{"invite.accepted", NameClass::kJoined},
    KnownName{"invite.sent", NameClass::kInvited},
    KnownName{"role.changed", NameClass::kRoleChanged},
    KnownName{"signed.up", NameClass::kSignUp},
    KnownName{"team.member.invited", NameClass::kInvited},
    KnownName{"user.invited", NameClass::kInvited},
    KnownName{"user.joined", NameClass::kJoined},
    KnownName{"user.role.changed", NameClass::kRoleChanged},
    KnownName{"user.signed.up", NameClass::kSignUp},
};
static_assert(std::ranges::is_sorted(kKnownNames, {}, &KnownName::normal_name));

constexpr std::array<std::string_view, 10> kAccountPrefixes = {
    "account.", "contract.", "kickoff.", "success.criteria.", "plan.",
    "sponsor.", "trial.",    "ticket.",  "outreach.",         "intervention.",
};

}  // namespace

NameClass ClassifyEventName(std::string_view normal_name) {
  const auto known =
      std::ranges::lower_bound(kKnownNames, normal_name, {}, &KnownName::normal_name);
  if (known != kKnownNames.end() && known->normal_name == normal_name) {
    return known->name_class;
  }
  const bool has_account_prefix = std::ranges::any_of(
      kAccountPrefixes, [&](std::string_view prefix) { return normal_name.starts_with(prefix); });
  return has_account_prefix ? NameClass::kAccountFact : NameClass::kOther;
}

bool IsAccountFact(std::string_view normal_name) {
  return normal_name == "account.created" ||
         ClassifyEventName(normal_name) == NameClass::kAccountFact;
}

}  // namespace foothold::intake
