#include "src/base/json.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

namespace foothold {
namespace {

// Which first continuation bytes a lead byte allows, [low, high], and how long the character is.
struct LeadRule {
  unsigned char first;
  unsigned char last;
  std::size_t length;
  unsigned char low;
  unsigned char high;
};
constexpr std::array<LeadRule, 8> kLeadRules{{
    {0xc2, 0xdf, 2, 0x80, 0xbf},
    {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf},
    {0xf4, 0xf4, 4, 0x80, 0x8f},
}};

struct CharacterScan {
  std::size_t length = 0;  // Bytes that belong together.
  bool is_whole = false;
};

// REQUIRES: !text.empty().
CharacterScan ScanCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) {
    return {.length = 1, .is_whole = true};
  }
  for (const LeadRule& rule : kLeadRules) {
    if (lead < rule.first || lead > rule.last) {
      continue;
    }
    for (std::size_t i = 1; i < rule.length; ++i) {
      const auto byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
      const unsigned char low = i == 1 ? rule.low : 0x80;
      const unsigned char high = i == 1 ? rule.high : 0xbf;
      if (byte < low || byte > high) {
        return {.length = i, .is_whole = false};
      }
    }
    return {.length = rule.length, .is_whole = true};
  }
  return {.length = 1, .is_whole = false};
}

void AppendEscaped(char character, std::string* out) {
  switch (character) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned>(character));
  }
}

bool IsPlainAscii(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

// How many of the first are plain, looked at eight at a time: of a word, the high bits of `broken`
// tell of bytes above 0x7f, below 0x20, and equal to the two that need an escape.
std::size_t PlainLength(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = kOnes * 0x80;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t slash = word ^ (kOnes * '\\');
    const std::uint64_t broken = word | (word - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes);
    if ((broken & kHighs) != 0) {
      break;
    }
  }
  while (i < text.size() && IsPlainAscii(text[i])) {
    ++i;
  }
  return i;
}

}  // namespace

std::size_t Utf8CharacterLength(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const CharacterScan scan = ScanCharacter(text);
  return scan.is_whole ? scan.length : 0;
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    const std::size_t plain = PlainLength(text);
    out->append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const CharacterScan scan = ScanCharacter(text);
    if (!scan.is_whole) {
      out->append("\xef\xbf\xbd");
    } else if (scan.length == 1) {
      AppendEscaped(text.front(), out);
    } else {
      out->append(text.substr(0, scan.length));
    }
    text.remove_prefix(scan.length);
  }
  out->push_back('"');
}

void JsonWriter::BeginObject() {
  out_->push_back('{');
  is_first_ = true;
}

void JsonWriter::BeginObject(std::string_view name) {
  Name(name);
  BeginObject();
}

void JsonWriter::EndObject() {
  out_->push_back('}');
  is_first_ = false;
}

void JsonWriter::BeginArray(std::string_view name) {
  Name(name);
  out_->push_back('[');
  is_first_ = true;
}

void JsonWriter::EndArray() {
  out_->push_back(']');
  is_first_ = false;
}

void JsonWriter::BeginItem() {
  Separate();
  BeginObject();
}

void JsonWriter::Item(std::string_view text) {
  Separate();
  AppendJsonString(text, out_);
}

void JsonWriter::Null(std::string_view name) { Raw(name, "null"); }

void JsonWriter::Raw(std::string_view name, std::string_view json) {
  Name(name);
  out_->append(json);
}

void JsonWriter::Member(std::string_view name, std::string_view value) {
  Name(name);
  AppendJsonString(value, out_);
}

void JsonWriter::Member(std::string_view name, std::int64_t value) {
  Name(name);
  fmt::format_to(std::back_inserter(*out_), "{}", value);
}

void JsonWriter::Member(std::string_view name, bool value) {
  Name(name);
  out_->append(value ? "true" : "false");
}

void JsonWriter::Separate() {
  if (!is_first_) {
    out_->push_back(',');
  }
  is_first_ = false;
}

void JsonWriter::Name(std::string_view name) {
  Separate();
  AppendJsonString(name, out_);
  out_->push_back(':');
}

}  // namespace foothold
