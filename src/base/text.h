#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foothold {

// The candidate nearest to `word` by edit distance, for "did you mean": empty if none is near
// (more than a third of its length away).
std::string_view NearestWord(std::string_view word, std::span<const std::string> candidates);

// The lines of a text, without their ends; they lie in it.
std::vector<std::string_view> LinesOf(std::string_view text);

// Where the first byte stands that makes `text` no UTF-8 (RFC 3629: no surrogates, nothing longer
// than need be); nullopt: there is none.
std::optional<std::size_t> FirstNotUtf8(std::string_view text);

// Appends `text` with its control characters spelt as JSON spells them, so that what came from
// outside neither ends a line nor moves the cursor of a terminal.
void AppendOnOneLine(std::string_view text, std::string* out);

}  // namespace foothold
