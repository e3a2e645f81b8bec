#pragma once

#include <string>
#include <string_view>

namespace foothold {

// Appends `text` as a JSON string with its quotes. Control characters are escaped, other UTF-8
// stays as it is; bytes that are not UTF-8 become U+FFFD, one for each maximal broken part, so the
// result is always JSON.
void AppendJsonString(std::string_view text, std::string* out);

// The length of the UTF-8 character at the front of `text`, or 0 if there is none: an empty text, a
// stray or missing continuation byte, an overlong form, a surrogate, a value above U+10FFFF.
std::size_t Utf8CharacterLength(std::string_view text);

}  // namespace foothold
