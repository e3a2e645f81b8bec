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

// Whether eight characters are plain: the high bits of `broken` tell of bytes above 0x7f, below
// 0x20, and equal to the two that need an escape.
bool ArePlainAscii(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = kOnes * 0x80;
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t slash = word ^ (kOnes * '\\');
  const std::uint64_t broken = word | (word - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes);
  return (broken & kHighs) == 0;
}

std::uint64_t WordAt(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof(word));
  return word;
}

// All of one to seven characters, some twice.
std::uint64_t ShortWord(std::string_view text) {
  std::uint32_t begin = 0x20202020;
  std::uint32_t end = begin;
  if (text.size() >= sizeof(begin)) {
    std::memcpy(&begin, text.data(), sizeof(begin));
    std::memcpy(&end, text.data() + text.size() - sizeof(end), sizeof(end));
  } else {
    const auto byte = [&](std::size_t i) {
      return std::uint32_t{static_cast<unsigned char>(text[i])};
    };
    begin = byte(0) | byte(text.size() / 2) << 8U | byte(text.size() - 1) << 16U | 0x20000000U;
  }
  return std::uint64_t{end} << 32U | begin;
}

}  // namespace

std::size_t Utf8CharacterLength(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const CharacterScan scan = ScanCharacter(text);
  return scan.is_whole ? scan.length : 0;
}

std::size_t PlainJsonLength(std::string_view text) {
  std::size_t i = 0;
  while (i + 8 <= text.size() && ArePlainAscii(WordAt(text.data() + i))) {
    i += 8;
  }
  const std::size_t rest = text.size() - i;
  if (rest == 0) {
    return i;
  }
  // What lies before the rest is plain, so it may be looked at once more.
  if (rest < 8 &&
      ArePlainAscii(text.size() < 8 ? ShortWord(text) : WordAt(text.data() + text.size() - 8))) {
    return text.size();
  }
  while (IsPlainAscii(text[i])) {
    ++i;
  }
  return i;
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    const std::size_t plain = PlainJsonLength(text);
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
