#pragma once

#include <string>
#include <string_view>

namespace foothold {

// Event names compare lower-cased with each run of space, '.', '_', '-' as one '.'
// (PRODUCT.md section 2): "Team Member-Invited" -> "team.member.invited". ASCII only is lowered.
std::string CanonicalEventName(std::string_view raw);
void AppendCanonicalEventName(std::string_view raw, std::string* out);

// Property names compare lower-cased without those characters: "invitee_Id" -> "inviteeid".
std::string CanonicalPropertyName(std::string_view raw);
void AppendCanonicalPropertyName(std::string_view raw, std::string* out);

// E-mail addresses compare trimmed and lower-cased.
std::string CanonicalEmail(std::string_view raw);
// The user id under which somebody known by e-mail only is kept: "email:<canonical mail>".
std::string EmailUserId(std::string_view raw);

// RFC 3986 percent-encoding: all but letters, digits, '-', '.', '_', '~'.
std::string PercentEncode(std::string_view text);

}  // namespace foothold
