#include "src/base/names.h"

#include <array>
#include <cstddef>

namespace foothold {
namespace {

bool IsSeparator(char c) { return c == ' ' || c == '.' || c == '_' || c == '-'; }

// What RFC 3986 leaves as it is in every part of an address.
constexpr std::array<bool, 256> MakeUnreserved() {
  std::array<bool, 256> is_unreserved{};
  for (std::size_t c = 0; c < is_unreserved.size(); ++c) {
    is_unreserved[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
  }
  return is_unreserved;
}

bool IsUnreserved(char c) {
  static constexpr std::array<bool, 256> kIsUnreserved = MakeUnreserved();
  return kIsUnreserved[static_cast<unsigned char>(c)];
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

void AppendCanonicalEventName(std::string_view raw, std::string* out) {
  bool was_separator = false;
  for (const char c : raw) {
    const bool is_separator = IsSeparator(c);
    if (is_separator && was_separator) {
      continue;
    }
    out->push_back(is_separator ? '.' : Lower(c));
    was_separator = is_separator;
  }
}

std::string CanonicalEventName(std::string_view raw) {
  std::string name;
  name.reserve(raw.size());
  AppendCanonicalEventName(raw, &name);
  return name;
}

void AppendCanonicalPropertyName(std::string_view raw, std::string* out) {
  for (const char c : raw) {
    if (!IsSeparator(c)) {
      out->push_back(Lower(c));
    }
  }
}

std::string CanonicalPropertyName(std::string_view raw) {
  std::string name;
  name.reserve(raw.size());
  AppendCanonicalPropertyName(raw, &name);
  return name;
}

std::string CanonicalEmail(std::string_view raw) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = raw.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) {
    return {};
  }
  const std::size_t end = raw.find_last_not_of(kBlank);
  std::string email;
  email.reserve(end - begin + 1);
  for (const char c : raw.substr(begin, end - begin + 1)) {
    email.push_back(Lower(c));
  }
  return email;
}

std::string EmailUserId(std::string_view raw) { return "email:" + CanonicalEmail(raw); }

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && IsUnreserved(text[plain])) {
      ++plain;
    }
    encoded.append(text.substr(0, plain));
    if (plain == text.size()) {
      break;
    }
    const auto byte = static_cast<unsigned char>(text[plain]);
    text.remove_prefix(plain + 1);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4U]);
    encoded.push_back(kHex[byte & 0xFU]);
  }
  return encoded;
}

}  // namespace foothold
