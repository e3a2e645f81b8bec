#pragma once

// A run of batches of which each is told from its number: whoever reads a store knows what it must
// hold after any prefix of them.

#include <cstdint>
#include <string>

#include "src/base/random.h"
#include "state/schema.h"
#include "state/store.h"

namespace foothold::state {

inline constexpr std::int64_t kNumberedKeys = 97;
inline constexpr std::size_t kNumberedPayloadBytes = 2000;
inline constexpr std::size_t kNumberedMemoryBytes = std::size_t{8} << 20;

inline std::string NumberedKey(std::int64_t number) {
  return UserKey("tenant", std::to_string(number % kNumberedKeys));
}

inline Instant NumberedDue(std::int64_t number) { return InstantFromMs(1'000'000 + number); }

// Bytes that do not compress, so that files grow as fast as they are written.
inline std::string NumberedValue(std::int64_t number) {
  std::string payload = std::to_string(number) + ":";
  Random random(static_cast<std::uint64_t>(number));
  while (payload.size() < kNumberedPayloadBytes) {
    payload.push_back(static_cast<char>(random.Next() & 0xFFU));
  }
  return MakeValue(payload, NumberedDue(number));
}

// Batch `number`, from 0: one user, and meta with the number.
inline WriteBatch NumberedBatch(std::int64_t number) {
  WriteBatch batch;
  std::optional<Instant> due_before;
  if (number >= kNumberedKeys) due_before = NumberedDue(number - kNumberedKeys);
  batch.Put(NumberedKey(number), NumberedValue(number), due_before);
  batch.Put(MetaKey(), MakeValue(std::to_string(number), std::nullopt), std::nullopt);
  return batch;
}

// The number of the last batch the store holds; -1 if it holds none.
inline Result<std::int64_t> LastNumber(const Store& store) {
  FOOTHOLD_ASSIGN(const std::optional<std::string> meta, store.Get(MetaKey()));
  if (!meta) return std::int64_t{-1};
  FOOTHOLD_ASSIGN(const ParsedValue value, ParseValue(*meta));
  return std::stoll(std::string(value.payload));
}

}  // namespace foothold::state
