#pragma once

// How proto/journal.proto lies on the wire: what the hand-written writer and reader of the journal
// agree on. For src/codec only; a test reads what the writer wrote with the generated code.

#include <cstddef>
#include <cstdint>

namespace foothold::codec {

// Raise it when an older build would decide something else from what this one writes.
inline constexpr std::uint64_t kJournalFormat = 2;

// Wire types of Protobuf.
inline constexpr std::uint32_t kVarintType = 0;
inline constexpr std::uint32_t kFixed64Type = 1;
inline constexpr std::uint32_t kSizedType = 2;

constexpr std::uint32_t Tag(int field, std::uint32_t type) {
  return (static_cast<std::uint32_t>(field) << 3U) | type;
}

// Fields of JournalBatch, by their numbers.
inline constexpr std::uint32_t kChecksumTag = Tag(1, kFixed64Type);
inline constexpr std::uint32_t kFormatTag = Tag(2, kVarintType);
inline constexpr std::uint32_t kStringTag = Tag(3, kSizedType);
inline constexpr std::uint32_t kEntryTag = Tag(4, kSizedType);

// The checksum covers what is behind its tag and word.
inline constexpr std::size_t kChecksumBytes = 9;

}  // namespace foothold::codec
