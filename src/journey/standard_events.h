#pragma once

// The events whose meaning is built in (PRODUCT.md sections 3 and 12), by their normal form: the
// one CanonicalEventName() makes, where '_' is '.' too.

#include <optional>
#include <string>
#include <string_view>

#include "src/journey/event.h"

namespace foothold::journey {

inline constexpr std::string_view kAccountCreated = "account.created";
inline constexpr std::string_view kUserSignedUp = "user.signed.up";
inline constexpr std::string_view kUserInvited = "user.invited";
inline constexpr std::string_view kUserJoined = "user.joined";
inline constexpr std::string_view kUserRemoved = "user.removed";
inline constexpr std::string_view kUserRoleChanged = "user.role.changed";
inline constexpr std::string_view kOutreachLogged = "outreach.logged";
inline constexpr std::string_view kTicketOpened = "ticket.opened";
inline constexpr std::string_view kTicketClosed = "ticket.closed";
inline constexpr std::string_view kUserConsentChanged = "user.consent.changed";

// The name as the product writes it: "user.role.changed" -> "user.role_changed"; others as they
// are.
std::string_view DisplayName(std::string_view canonical);

// Signing up, joining, being removed, facts from CS, billing and support, heartbeats: whoever is
// named by these was not in the product by them.
bool IsNeverAccess(std::string_view canonical);

// Events whose properties carry facts of the account (trialEndsAt, contractValue, ...).
bool GivesAccountFacts(std::string_view canonical);

// The facts of PRODUCT.md section 12, which always have a place; others compete for few.
bool IsKnownUserTrait(std::string_view name);
bool IsKnownAccountTrait(std::string_view name);

// Whom a membership event is about, if not its actor: `memberId` or `userId` in the properties.
std::optional<std::string> MemberOf(const Event& event);

}  // namespace foothold::journey
