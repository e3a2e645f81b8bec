#pragma once

#include <cstdint>
#include <string_view>

namespace foothold::intake {

// What an event name means for reading its record. Only what must be known before the playbook is
// asked: whose event it is, and whether `properties.role` is a role. The names and aliases are
// those of PRODUCT.md section 12, which every playbook has; what a playbook adds to them is not
// known here.
enum class NameClass : std::uint8_t {
  kOther,
  kAccountFact,  // The account's when no user is named: account.*, contract.*, heartbeat, ...
  kSignUp,       // user.signed_up, and account.created, which is an account fact as well.
  kJoined,
  kRoleChanged,
  kInvited,
};

// `normal_name`: as AppendCanonicalEventName() makes it.
NameClass ClassifyEventName(std::string_view normal_name);

// Whether an event of that name without a user belongs to the account.
bool IsAccountFact(std::string_view normal_name);

}  // namespace foothold::intake
