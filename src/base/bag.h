#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace foothold {

// A nested JSON value kept as its text.
struct JsonText {
  std::string_view text;
  friend bool operator==(const JsonText&, const JsonText&) = default;
};

// One property or trait value. Views live as long as the bytes they were read from.
using Scalar = std::variant<std::monostate, bool, std::int64_t, double, std::string_view, JsonText>;

// The value as text: a string as it is, an integer in digits, a double in its shortest form (an
// integral one below 2^53 without a point), true/false, nested JSON as its text, null as "".
std::string ScalarText(const Scalar& value);
// The value as a number: numbers, and strings that are a whole decimal number.
std::optional<double> ScalarNumber(const Scalar& value);

// A bag: a flat map of names to values in bytes, in order of insertion, names unique by
// construction of the writer. What the journal stores for properties and traits: it is read where
// it lies.
//
//   bag   := entry*
//   entry := varint(size) name  type payload
//   type  := 'z' null | 't' true | 'f' false            (no payload)
//          | 'i' zigzag varint                           (64-bit integer)
//          | 'd' 8 bytes, IEEE 754 double, little-endian
//          | 's' varint(size) bytes                      (UTF-8 string)
//          | 'j' varint(size) bytes                      (nested JSON, as text)
// Types are persisted: never reuse a letter.
class BagWriter {
 public:
  // Appends to `*out`, which must outlive the writer.
  explicit BagWriter(std::string* out) : out_(out) {}
  // `name` is stored as given: callers pass CanonicalPropertyName().
  void Add(std::string_view name, const Scalar& value);

 private:
  std::string* out_;
};

struct BagEntry {
  std::string_view name;
  Scalar value;
};

// Reads a bag. Damaged bytes end the iteration; IsWellFormed() tells.
class BagView {
 public:
  BagView() = default;
  explicit BagView(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes() const { return bytes_; }
  bool is_empty() const { return bytes_.empty(); }
  bool IsWellFormed() const;

  // The value of the first entry of that name; nullopt if there is none.
  std::optional<Scalar> Find(std::string_view name) const;
  // Likewise, as non-empty text of a string or the digits of an integer; nullopt for other types.
  std::optional<std::string> FindId(std::string_view name) const;
  // The string stored under the name; nullopt if absent, empty or not a string.
  std::optional<std::string_view> FindString(std::string_view name) const;

  // Reads the entry at the front of `*rest` and advances it; nullopt at the end or on damage.
  static std::optional<BagEntry> Next(std::string_view* rest);

 private:
  std::string_view bytes_;
};

}  // namespace foothold
