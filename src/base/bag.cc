#include "src/base/bag.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

namespace foothold {
namespace {

void AppendVarint(std::uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out->push_back(static_cast<char>(value));
}

bool ReadVarint(std::string_view* rest, std::uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest->empty()) {
      return false;
    }
    const auto byte = static_cast<unsigned char>(rest->front());
    rest->remove_prefix(1);
    *value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) {
      return true;
    }
  }
  return false;
}

bool ReadBytes(std::string_view* rest, std::string_view* bytes) {
  std::uint64_t size = 0;
  if (!ReadVarint(rest, &size) || size > rest->size()) {
    return false;
  }
  *bytes = rest->substr(0, static_cast<std::size_t>(size));
  rest->remove_prefix(static_cast<std::size_t>(size));
  return true;
}

std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

void AppendSized(char type, std::string_view bytes, std::string* out) {
  out->push_back(type);
  AppendVarint(bytes.size(), out);
  out->append(bytes);
}

struct ValueAppender {
  std::string* out;
  void operator()(std::monostate) const { out->push_back('z'); }
  void operator()(bool value) const { out->push_back(value ? 't' : 'f'); }
  void operator()(std::int64_t value) const {
    out->push_back('i');
    AppendVarint(ZigZag(value), out);
  }
  void operator()(double value) const {
    out->push_back('d');
    char bytes[8];
    std::memcpy(bytes, &value, sizeof(bytes));
    out->append(bytes, sizeof(bytes));
  }
  void operator()(std::string_view value) const { AppendSized('s', value, out); }
  void operator()(JsonText value) const { AppendSized('j', value.text, out); }
};

std::optional<Scalar> ReadValue(std::string_view* rest) {
  if (rest->empty()) {
    return std::nullopt;
  }
  const char type = rest->front();
  rest->remove_prefix(1);
  std::string_view bytes;
  std::uint64_t number = 0;
  switch (type) {
    case 'z':
      return Scalar(std::monostate());
    case 't':
      return Scalar(true);
    case 'f':
      return Scalar(false);
    case 'i':
      return ReadVarint(rest, &number) ? std::optional<Scalar>(UnZigZag(number)) : std::nullopt;
    case 'd': {
      double value = 0;
      if (rest->size() < sizeof(value)) {
        return std::nullopt;
      }
      std::memcpy(&value, rest->data(), sizeof(value));
      rest->remove_prefix(sizeof(value));
      return Scalar(value);
    }
    case 's':
      return ReadBytes(rest, &bytes) ? std::optional<Scalar>(bytes) : std::nullopt;
    case 'j':
      return ReadBytes(rest, &bytes) ? std::optional<Scalar>(JsonText{bytes}) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string DoubleText(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::abs(value) < kExact && value == std::trunc(value)) {
    return fmt::format("{}", static_cast<std::int64_t>(value));
  }
  return fmt::format("{}", value);
}

}  // namespace

std::string ScalarText(const Scalar& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return std::string(*text);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return fmt::format("{}", *integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return DoubleText(*number);
  }
  if (const auto* boolean = std::get_if<bool>(&value)) {
    return *boolean ? "true" : "false";
  }
  if (const auto* json = std::get_if<JsonText>(&value)) {
    return std::string(json->text);
  }
  return {};
}

std::optional<double> ScalarNumber(const Scalar& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return *number;
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    double number = 0;
    const char* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(number)) {
      return number;
    }
  }
  return std::nullopt;
}

void BagWriter::Add(std::string_view name, const Scalar& value) {
  AppendVarint(name.size(), out_);
  out_->append(name);
  std::visit(ValueAppender{out_}, value);
}

std::optional<BagEntry> BagView::Next(std::string_view* rest) {
  if (rest->empty()) {
    return std::nullopt;
  }
  BagEntry entry;
  std::optional<Scalar> value;
  if (!ReadBytes(rest, &entry.name) || !(value = ReadValue(rest)).has_value()) {
    return std::nullopt;
  }
  entry.value = *value;
  return entry;
}

bool BagView::IsWellFormed() const {
  std::string_view rest = bytes_;
  while (!rest.empty()) {
    if (!Next(&rest).has_value()) {
      return false;
    }
  }
  return true;
}

std::optional<Scalar> BagView::Find(std::string_view name) const {
  std::string_view rest = bytes_;
  while (const std::optional<BagEntry> entry = Next(&rest)) {
    if (entry->name == name) {
      return entry->value;
    }
  }
  return std::nullopt;
}

std::optional<std::string> BagView::FindId(std::string_view name) const {
  const std::optional<Scalar> value = Find(name);
  if (!value.has_value()) {
    return std::nullopt;
  }
  if (const auto* text = std::get_if<std::string_view>(&*value);
      text != nullptr && !text->empty()) {
    return std::string(*text);
  }
  if (std::holds_alternative<std::int64_t>(*value)) {
    return ScalarText(*value);
  }
  return std::nullopt;
}

std::optional<std::string_view> BagView::FindString(std::string_view name) const {
  const std::optional<Scalar> value = Find(name);
  if (value.has_value()) {
    if (const auto* text = std::get_if<std::string_view>(&*value);
        text != nullptr && !text->empty()) {
      return *text;
    }
  }
  return std::nullopt;
}

}  // namespace foothold
