#include "src/codec/flat.h"

#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace foothold::codec {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr bool IsDash(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

// -1 for anything but a lower-case digit: upper case would not come back as it was.
int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  if (digit >= 'a' && digit <= 'f') {
    return digit - 'a' + 10;
  }
  return -1;
}

}  // namespace

std::optional<std::array<char, 16>> PackUuid(std::string_view text) {
  if (text.size() != kUuidTextBytes) {
    return std::nullopt;
  }
  std::array<char, 16> bytes{};
  std::size_t digit_count = 0;
  for (std::size_t i = 0; i < kUuidTextBytes; ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') {
        return std::nullopt;
      }
      continue;
    }
    const int value = HexValue(text[i]);
    if (value < 0) {
      return std::nullopt;
    }
    char& byte = bytes[digit_count / 2];
    byte = static_cast<char>((static_cast<unsigned char>(byte) << 4U) | value);
    ++digit_count;
  }
  return bytes;
}

std::string UnpackUuid(std::string_view bytes) {
  std::string text(kUuidTextBytes, '-');
  std::size_t digit_count = 0;
  for (std::size_t i = 0; i < kUuidTextBytes; ++i) {
    if (!IsDash(i)) {
      const auto byte = static_cast<unsigned char>(bytes[digit_count / 2]);
      text[i] = kHexDigits[digit_count % 2 == 0 ? byte >> 4U : byte & 15U];
      ++digit_count;
    }
  }
  return text;
}

void FlatWriter::Grow(std::size_t count) {
  room_size_ = std::max(2 * size_, size_ + count + kGrowth);
  std::unique_ptr<char[]> grown = std::make_unique_for_overwrite<char[]>(room_size_);
  std::copy(room_.get(), room_.get() + size_, grown.get());
  room_ = std::move(grown);
}

void FlatWriter::Name(std::string_view name) {
  for (std::size_t i = 0; i < name_count_; ++i) {
    if (names_[i] == name) {
      Number(std::uint64_t{i + 1});
      return;
    }
  }
  Number(std::uint64_t{0});
  Text(name);
  if (name_count_ < kNamesMax) {
    names_[name_count_++] = name;
  }
}

void FlatWriter::Id(std::string_view id) {
  if (const std::optional<std::array<char, 16>> uuid = PackUuid(id); uuid.has_value()) {
    Number(std::uint64_t{0});
    Bytes({uuid->data(), uuid->size()});
    return;
  }
  Number(std::uint64_t{id.size() + 1});
  Bytes(id);
}

FlatReader::FlatReader(std::string_view bytes, char kind, std::string_view noun)
    : reader_(bytes), noun_(noun), version_max_(FlatVersionOf(kind)) {
  std::uint8_t kind_read = 0;
  Check(reader_.Byte(&kind_read) && static_cast<char>(kind_read) == kind);
  Check(reader_.Byte(&version_) && version_ >= 1);
  if (version_ > version_max_) {
    Check(false);
  }
}

Status FlatReader::Finish() const {
  if (version_ > version_max_) {
    return Error(Code::kFatal,
                 fmt::format("state of {} has version {} and this Foothold reads up to {}: a newer "
                             "one wrote it, run that or restore to a fresh app id",
                             noun_, version_, version_max_));
  }
  if (!is_whole_) {
    return Error(Code::kCorrupt, fmt::format("state of {} is damaged or cut", noun_));
  }
  if (!reader_.is_done()) {
    return Error(Code::kCorrupt,
                 fmt::format("state of {} has {} bytes too many", noun_, reader_.left()));
  }
  return {};
}

void FlatReader::Number(std::uint32_t& value) {
  std::uint64_t wide = 0;
  Number(wide);
  Check(wide <= std::numeric_limits<std::uint32_t>::max());
  value = static_cast<std::uint32_t>(wide);
}

void FlatReader::Number(std::int64_t& value) {
  std::uint64_t wide = 0;
  Number(wide);
  value = UnZigZag(wide);
}

void FlatReader::Number(std::int32_t& value) {
  std::int64_t wide = 0;
  Number(wide);
  Check(wide >= std::numeric_limits<std::int32_t>::min() &&
        wide <= std::numeric_limits<std::int32_t>::max());
  value = static_cast<std::int32_t>(wide);
}

void FlatReader::Text(std::string& value) {
  std::string_view text;
  Check(reader_.SizedBytes(&text));
  value = text;
}

void FlatReader::Span(milliseconds& span) {
  std::int64_t ms = 0;
  Number(ms);
  span = milliseconds(ms);
}

void FlatReader::Time(Instant& at) {
  std::int64_t difference = 0;
  Number(difference);
  last_ms_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(last_ms_) +
                                       static_cast<std::uint64_t>(difference));
  at = InstantFromMs(last_ms_);
}

void FlatReader::Name(std::string& name) {
  std::uint64_t number = 0;
  Number(number);
  Check(number <= name_count_);
  if (!is_whole_) {
    return;
  }
  if (number > 0) {
    name = names_[static_cast<std::size_t>(number - 1)];
    return;
  }
  std::string_view text;
  Check(reader_.SizedBytes(&text));
  if (name_count_ < kNamesMax) {
    names_[name_count_++] = text;
  }
  name = text;
}

void FlatReader::Id(std::string& id) {
  std::uint64_t size = 0;
  Number(size);
  std::string_view bytes;
  Check(reader_.Bytes(size == 0 ? 16 : size - 1, &bytes));
  if (!is_whole_) {
    return;
  }
  if (size == 0) {
    id = UnpackUuid(bytes);
  } else {
    id = bytes;
  }
}

}  // namespace foothold::codec
