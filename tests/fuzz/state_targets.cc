// What a partition's store holds.

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "src/codec/erased_facts.h"
#include "src/codec/state.h"
#include "state/schema.h"
#include "state/timer_index.h"
#include "tests/fuzz/targets.h"

namespace foothold::fuzz {
namespace {

std::string CheckRefusal(const Status& status) {
  return status.code() == Code::kCorrupt || status.code() == Code::kFatal
             ? ""
             : "refused as " + status.ToString();
}

// Equal values are equal bytes, so bytes are compared: a NaN is none the less itself.
template <class Encode, class Decode>
std::string CheckValue(std::string_view bytes, Encode encode, Decode decode) {
  const auto read = decode(bytes);
  if (!read.has_value()) {
    return CheckRefusal(read.error());
  }
  const std::string written = encode(*read);
  const auto again = decode(std::string_view(written));
  if (!again.has_value()) {
    return "what was read cannot be read once it is written: " + again.error().message();
  }
  return encode(*again) == written ? "" : "a value is another once it was written";
}

// The key that is made of a key's parts; nullopt of what is not made of them alone.
std::optional<std::string> KeyOf(const state::ParsedKey& parsed, std::string_view key) {
  switch (parsed.kind) {
    case state::KeyKind::kUser:
      return state::UserKey(parsed.tenant, parsed.id);
    case state::KeyKind::kAccount:
      return state::AccountKey(parsed.tenant);
    case state::KeyKind::kEmail:
      return state::EmailKey(parsed.tenant, parsed.id);
    case state::KeyKind::kFact:
      return state::FactKey(parsed.id);
    case state::KeyKind::kMeta:
      return state::MetaKey();
    case state::KeyKind::kGate:
      return state::GateKey(parsed.id);
    case state::KeyKind::kPerson:
      return state::PersonKey(parsed.id);
    case state::KeyKind::kWaiting: {  // The number is not among the parts.
      const std::string first = state::WaitingKey(parsed.id, 0);
      constexpr std::size_t kNumberBytes = 8;
      return first.substr(0, first.size() - kNumberBytes) +
             std::string(key.substr(key.size() - kNumberBytes));
    }
    case state::KeyKind::kTimer:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string State(std::string_view payload) {
  const char kind = payload.empty() ? '\0' : payload.front();
  switch (kind) {
    case 'A':
      return CheckValue(payload, codec::EncodeAccount, codec::DecodeAccount);
    case 'C':
      return CheckValue(payload, codec::EncodeClock, codec::DecodeClock);
    case 'E':
      return CheckValue(payload, codec::EncodePerson, codec::DecodePerson);
    case 'M':
      return CheckValue(payload, codec::EncodeMeta, codec::DecodeMeta);
    case 'P':
      return CheckValue(payload, codec::EncodePlaybook, codec::DecodePlaybook);
    default:  // A user, or what is refused as none.
      return CheckValue(payload, codec::EncodeUser, codec::DecodeUser);
  }
}

std::string Erased(std::string_view payload) {
  return CheckValue(payload, codec::EncodeErasedIds, codec::DecodeErasedIds);
}

std::string Keys(std::string_view key) {
  const Result<state::ParsedKey> parsed = state::ParseKey(key);
  if (!parsed.has_value() && parsed.error().code() != Code::kCorrupt) {
    return "refused as " + parsed.error().ToString();
  }
  if (parsed.has_value() && KeyOf(*parsed, key) != key) {
    return "the parts of a key make another key";
  }
  const Result<state::DueTimer> timer = state::ParseTimerKey(key);
  if (timer.has_value() && state::TimerKey(timer->due, timer->key) != key) {
    return "the parts of a timer make another one";
  }
  const Result<state::ParsedValue> value = state::ParseValue(key);
  if (!value.has_value()) {
    return CheckRefusal(value.error());
  }
  return state::MakeValue(value->payload, value->due) == key
             ? ""
             : "the parts of a value make another one";
}

}  // namespace foothold::fuzz
