#pragma once

// The flat encoding of state. For src/codec only.
//
//   value  := kind1 version1 field*       kind: 'U' user, 'A' account, 'C' clock, 'M' meta,
//                                         'P' playbook: one text, a message of proto/playbook.proto
//                                         'E' person, 'G' what was said of rules, 'R' how often
//                                         rules asked, 'V' how often events come, 'X' who was
//                                         erased
//   field  := as the *Fields() function of the value lists them (state_subjects.cc, state_facts.cc)
//   number := varint                      signed: zigzag first
//   flags  := varint                      bit i: the i-th bool of the list
//   time   := zigzag varint               ms since the time coded before in this value, or 1970
//   text   := varint(size) bytes
//   name   := varint(n)                   n > 0: the n-th name that was spelt out in this value
//           | 0 text                      spelt out; only the first 64 that differ are numbered
//   id     := 0 uuid16                    the 36 lower-case characters of a UUID
//           | varint(size + 1) bytes
//   hash   := 8 bytes, little-endian
//   maybe  := 0 | 1 field
//   seen   := varint(n)                   n > 0: the n-th occurrence spelt out in this user
//           | 0 field*                    spelt out; only the first 64 are numbered
//   list   := varint(count) field*
// Nothing is skipped and nothing may be left over, so no cut value is a value. Kinds and the
// meaning of a version are permanent. A new field at the end of a list raises the version; the
// reader then tells by it whether the field is there.
//
// One list of fields serves both directions: FlatWriter and FlatReader have the same verbs.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/codec/wire.h"

namespace foothold::codec {

// Each kind has versions of its own. The clock's 2: it knows the people stage; 3: signs of life.
constexpr std::uint8_t FlatVersionOf(char kind) { return kind == 'C' ? 3 : 1; }
inline constexpr std::size_t kNamesMax = 64;
inline constexpr std::size_t kUuidTextBytes = 36;
// A damaged count must not ask for memory that its items do not need.
inline constexpr std::uint64_t kReserveMax = 256;

// The bytes of a UUID in its usual form; nullopt for any other text.
std::optional<std::array<char, 16>> PackUuid(std::string_view text);
std::string UnpackUuid(std::string_view bytes);

class FlatWriter {
 public:
  explicit FlatWriter(char kind) : version_(FlatVersionOf(kind)) {
    char* const to = Room(2);
    to[0] = kind;
    to[1] = static_cast<char>(version_);
    size_ += 2;
  }

  std::string Take() { return std::string(room_.get(), size_); }
  void AppendTo(std::string* out) const { out->append(room_.get(), size_); }
  std::uint8_t version() const { return version_; }

  void Number(std::uint64_t value) {
    char* const to = Room(kVarintBytesMax);
    size_ += static_cast<std::size_t>(PutVarint(value, to) - to);
  }
  void Number(std::uint32_t value) { Number(std::uint64_t{value}); }
  void Number(std::int64_t value) { Number(ZigZag(value)); }
  void Number(std::int32_t value) { Number(ZigZag(value)); }
  void Hash(std::uint64_t value) {
    PutFixed64(value, Room(sizeof(value)));
    size_ += sizeof(value);
  }
  void Text(std::string_view value) {
    Number(std::uint64_t{value.size()});
    Bytes(value);
  }
  void Span(milliseconds span) { Number(std::int64_t{span.count()}); }
  void Time(Instant at) {
    // Differences wrap around, so that any two times have one.
    const auto ms = static_cast<std::uint64_t>(ToMs(at));
    Number(static_cast<std::int64_t>(ms - static_cast<std::uint64_t>(last_ms_)));
    last_ms_ = ToMs(at);
  }
  void Name(std::string_view name);
  void Id(std::string_view id);

  // A value of an enum whose values start at 1.
  template <class Enum>
  void OneOf(Enum value, Enum /*last*/) {
    Number(static_cast<std::uint64_t>(value));
  }
  template <class... Bools>
  void Flags(const Bools&... flags) {
    std::uint64_t bits = 0;
    unsigned bit = 0;
    ((bits |= static_cast<std::uint64_t>(flags ? 1U : 0U) << bit++), ...);
    Number(bits);
  }
  template <class T, class Field>
  void Maybe(const std::optional<T>& value, Field field) {
    *Room(1) = value.has_value() ? 1 : 0;
    ++size_;
    if (value.has_value()) {
      field(*value);
    }
  }
  void MaybeTime(const std::optional<Instant>& at) {
    Maybe(at, [this](Instant instant) { Time(instant); });
  }
  // A time that often is 1970: it then leaves the run of differences alone.
  void RareTime(Instant at) { MaybeTime(at == kEpoch ? std::nullopt : std::optional(at)); }
  template <class List, class Field>
  void Each(const List& list, Field field) {
    Number(static_cast<std::uint64_t>(list.size()));
    for (const auto& item : list) {
      field(item);
    }
  }

 private:
  inline static constexpr std::size_t kGrowth = 2048;

  // Where the next bytes go; there is room for `count` of them.
  char* Room(std::size_t count) {
    if (room_size_ - size_ < count) {
      Grow(count);
    }
    return room_.get() + size_;
  }
  void Grow(std::size_t count);
  void Bytes(std::string_view bytes) {
    std::copy(bytes.begin(), bytes.end(), Room(bytes.size()));
    size_ += bytes.size();
  }

  std::unique_ptr<char[]> room_;  // Not cleared; the first `size_` are written.
  std::size_t room_size_ = 0;
  std::size_t size_ = 0;
  std::uint8_t version_;
  std::int64_t last_ms_ = 0;
  // Names that were spelt out; they live in the object that is written.
  std::array<std::string_view, kNamesMax> names_;
  std::size_t name_count_ = 0;
};

// Reads what FlatWriter wrote. After the first damage every verb does nothing; Finish() tells.
class FlatReader {
 public:
  // `noun` names the value in messages.
  FlatReader(std::string_view bytes, char kind, std::string_view noun);

  // kCorrupt unless all bytes, and no more, were read; kFatal if a newer build wrote them.
  Status Finish() const;

  std::uint8_t version() const { return version_; }

  void Number(std::uint64_t& value) { Check(reader_.Varint(&value)); }
  void Number(std::uint32_t& value);
  void Number(std::int64_t& value);
  void Number(std::int32_t& value);
  void Hash(std::uint64_t& value) { Check(reader_.Fixed64(&value)); }
  void Text(std::string& value);
  void Span(milliseconds& span);
  void Time(Instant& at);
  void Name(std::string& name);
  void Id(std::string& id);

  template <class Enum>
  void OneOf(Enum& value, Enum last) {
    std::uint64_t number = 0;
    Number(number);
    Check(number >= 1 && number <= static_cast<std::uint64_t>(last));
    if (is_whole_) {
      value = static_cast<Enum>(number);
    }
  }
  template <class... Bools>
  void Flags(Bools&... flags) {
    std::uint64_t bits = 0;
    Number(bits);
    unsigned bit = 0;
    ((flags = ((bits >> bit++) & 1U) != 0), ...);
    Check(bits >> sizeof...(flags) == 0);
  }
  template <class T, class Field>
  void Maybe(std::optional<T>& value, Field field) {
    std::uint8_t is_there = 0;
    Check(reader_.Byte(&is_there) && is_there <= 1);
    value.reset();
    if (is_whole_ && is_there == 1) {
      field(value.emplace());
    }
  }
  void MaybeTime(std::optional<Instant>& at) {
    Maybe(at, [this](Instant& instant) { Time(instant); });
  }
  void RareTime(Instant& at) {
    std::optional<Instant> maybe;
    MaybeTime(maybe);
    at = maybe.value_or(kEpoch);
  }
  template <class T, class Field>
  void Each(std::vector<T>& list, Field field) {
    std::uint64_t count = 0;
    Number(count);
    Check(count <= reader_.left());  // Every item takes a byte at least.
    list.clear();
    if (!is_whole_) {
      return;
    }
    list.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(count, kReserveMax)));
    for (std::uint64_t i = 0; i < count && is_whole_; ++i) {
      field(list.emplace_back());
    }
  }

  // Notes damage unless `is_sound`.
  void Check(bool is_sound) {
    is_whole_ = is_whole_ && is_sound;
    if (!is_whole_) {
      reader_ = ByteReader(std::string_view());
    }
  }
  // False once damage was found.
  bool is_whole() const { return is_whole_; }

 private:
  ByteReader reader_;
  std::string noun_;
  bool is_whole_ = true;
  std::uint8_t version_ = 0;
  std::uint8_t version_max_;
  std::int64_t last_ms_ = 0;
  // Names that were spelt out; they lie in the bytes that are read.
  std::array<std::string_view, kNamesMax> names_;
  std::size_t name_count_ = 0;
};

}  // namespace foothold::codec
