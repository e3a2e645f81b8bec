#include "state/schema.h"

#include <fmt/format.h>

#include "src/base/check.h"
#include "state/big_endian.h"

namespace foothold::state {
namespace {

constexpr char kEscape = '\0';
constexpr char kEscapedZero = '\xFF';
constexpr char kEndOfId = '\x01';
constexpr std::size_t kDueBytes = 8;
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kHeaderBytes = 1 + kDueBytes;
constexpr std::uint64_t kNoDue = ~std::uint64_t{0};

void AppendEscaped(std::string_view id, std::string* out) {
  // Hardly any id has a zero byte: what lies between them is taken at once.
  while (true) {
    const std::size_t zero = id.find(kEscape);
    out->append(id.substr(0, zero));
    if (zero == std::string_view::npos) break;
    out->push_back(kEscape);
    out->push_back(kEscapedZero);
    id.remove_prefix(zero + 1);
  }
  out->push_back(kEscape);
  out->push_back(kEndOfId);
}

std::string KeyOf(KeyKind kind, std::string_view first) {
  std::string key;
  key.reserve(first.size() + 3);
  key.push_back(static_cast<char>(kind));
  AppendEscaped(first, &key);
  return key;
}

std::string KeyOf(KeyKind kind, std::string_view first, std::string_view second) {
  std::string key;
  key.reserve(first.size() + second.size() + 5);
  key.push_back(static_cast<char>(kind));
  AppendEscaped(first, &key);
  AppendEscaped(second, &key);
  return key;
}

// Takes one escaped id off the front of `*rest`; nullopt if there is none.
std::optional<std::string> TakeEscaped(std::string_view* rest) {
  std::string id;
  std::size_t from = 0;
  while (true) {
    const std::size_t zero = rest->find(kEscape, from);
    if (zero == std::string_view::npos || zero + 1 == rest->size()) return std::nullopt;
    id.append(rest->substr(from, zero - from));
    from = zero + 2;
    const char kind = (*rest)[zero + 1];
    if (kind == kEndOfId) {
      rest->remove_prefix(from);
      return id;
    }
    if (kind != kEscapedZero) return std::nullopt;
    id.push_back(kEscape);
  }
}

// The key in a form that fits on a line: printable ASCII as it is, other bytes as \xNN.
std::string Printable(std::string_view key) {
  std::string text;
  for (const char byte : key) {
    if (byte >= 0x20 && byte < 0x7F) {
      text.push_back(byte);
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return text;
}

Failure NotAKey(std::string_view key) {
  return Error(Code::kCorrupt, fmt::format("not a key of the store: '{}'", Printable(key)));
}

}  // namespace

std::string UserKey(std::string_view tenant, std::string_view user) {
  return KeyOf(KeyKind::kUser, tenant, user);
}

std::string AccountKey(std::string_view tenant) { return KeyOf(KeyKind::kAccount, tenant); }

std::string EmailKey(std::string_view tenant, std::string_view email_hash) {
  return KeyOf(KeyKind::kEmail, tenant, email_hash);
}

std::string FactKey(std::string_view name) {
  std::string key(1, static_cast<char>(KeyKind::kFact));
  key += name;
  return key;
}

std::string MetaKey() { return std::string(1, static_cast<char>(KeyKind::kMeta)); }

std::string GateKey(std::string_view subject_key) {
  std::string key(1, static_cast<char>(KeyKind::kGate));
  key += subject_key;
  return key;
}

std::string PersonKey(std::string_view user) { return KeyOf(KeyKind::kPerson, user); }

std::string WaitingKey(std::string_view user, std::uint64_t number) {
  std::string key = KeyOf(KeyKind::kWaiting, user);
  AppendBigEndian64(number, &key);
  return key;
}

std::string UserKeyPrefix(std::string_view tenant) { return KeyOf(KeyKind::kUser, tenant); }

std::string EmailKeyPrefix(std::string_view tenant) { return KeyOf(KeyKind::kEmail, tenant); }

Result<ParsedKey> ParseKey(std::string_view key) {
  if (key.empty()) return NotAKey(key);
  const auto kind = static_cast<KeyKind>(key.front());
  std::string_view rest = key.substr(1);
  switch (kind) {
    case KeyKind::kUser:
    case KeyKind::kEmail: {
      std::optional<std::string> tenant = TakeEscaped(&rest);
      std::optional<std::string> id = TakeEscaped(&rest);
      if (!tenant || !id || !rest.empty()) return NotAKey(key);
      return ParsedKey{.kind = kind, .tenant = std::move(*tenant), .id = std::move(*id)};
    }
    case KeyKind::kAccount: {
      std::optional<std::string> tenant = TakeEscaped(&rest);
      if (!tenant || !rest.empty()) return NotAKey(key);
      return ParsedKey{.kind = kind, .tenant = std::move(*tenant), .id = {}};
    }
    case KeyKind::kPerson:
    case KeyKind::kWaiting: {
      std::optional<std::string> id = TakeEscaped(&rest);
      const std::size_t number_bytes = kind == KeyKind::kWaiting ? kNumberBytes : 0;
      if (!id || rest.size() != number_bytes) return NotAKey(key);
      return ParsedKey{.kind = kind, .tenant = {}, .id = std::move(*id)};
    }
    case KeyKind::kFact:
      return ParsedKey{.kind = kind, .tenant = {}, .id = std::string(rest)};
    case KeyKind::kMeta:
      if (!rest.empty()) return NotAKey(key);
      return ParsedKey{.kind = kind, .tenant = {}, .id = {}};
    case KeyKind::kGate:
      if (rest.empty()) return NotAKey(key);
      return ParsedKey{.kind = kind, .tenant = {}, .id = std::string(rest)};
    case KeyKind::kTimer:
      return NotAKey(key);
  }
  return NotAKey(key);
}

void BeginValue(std::optional<Instant> due, std::string* value) {
  FOOTHOLD_CHECK(!due || *due >= kEpoch, "a timer is due before 1970");
  FOOTHOLD_CHECK(!due || static_cast<std::uint64_t>(ToMs(*due)) <= kDueMsMax,
                 "a timer is due later than time can be");
  value->clear();
  value->push_back(static_cast<char>(kValueVersion));
  AppendBigEndian64(due ? static_cast<std::uint64_t>(ToMs(*due)) : kNoDue, value);
}

std::string MakeValue(std::string_view payload, std::optional<Instant> due) {
  std::string value;
  value.reserve(kHeaderBytes + payload.size());
  BeginValue(due, &value);
  value += payload;
  return value;
}

Result<ParsedValue> ParseValue(std::string_view value) {
  if (value.size() < kHeaderBytes) {
    return Error(Code::kCorrupt,
                 fmt::format("a value of the store has {} bytes, its header alone takes {}",
                             value.size(), kHeaderBytes));
  }
  const auto version = static_cast<std::uint8_t>(value.front());
  if (version > kValueVersion) {
    return Error(Code::kFatal,
                 fmt::format("state was written in format version {}, this build reads up to {}: "
                             "run the newer build, or remove the state folder",
                             version, kValueVersion));
  }
  if (version == 0) return Error(Code::kCorrupt, "a value of the store has format version 0");
  const std::uint64_t due_ms = ReadBigEndian64(value.substr(1, kDueBytes));
  ParsedValue parsed{.version = version, .due = {}, .payload = value.substr(kHeaderBytes)};
  if (due_ms != kNoDue) {
    if (due_ms > kDueMsMax) return Error(Code::kCorrupt, "a value of the store has no usable due");
    parsed.due = InstantFromMs(static_cast<std::int64_t>(due_ms));
  }
  return parsed;
}

}  // namespace foothold::state
