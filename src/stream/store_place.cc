#include "src/stream/store_place.h"

#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "state/schema.h"

namespace foothold::stream {
namespace {

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::string StorePlaceKey() { return state::FactKey("changelog"); }

Result<std::optional<std::string>> ReadPayload(const state::Store& store, const std::string& key) {
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, store.Get(key));
  if (!value.has_value()) {
    return std::nullopt;
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
  return std::string(parsed.payload);
}

std::string EncodeStorePlace(const StorePlace& place) {
  return fmt::format("{} {}", place.next.value, ToMs(place.saved_at));
}

std::optional<StorePlace> DecodeStorePlace(std::string_view bytes) {
  const std::size_t space = bytes.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> next = ParseInteger(bytes.substr(0, space));
  const std::optional<std::int64_t> saved_at = ParseInteger(bytes.substr(space + 1));
  if (!next.has_value() || !saved_at.has_value()) {
    return std::nullopt;
  }
  return StorePlace{{*next}, InstantFromMs(*saved_at)};
}

}  // namespace foothold::stream
