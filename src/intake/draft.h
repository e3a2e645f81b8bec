#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/time.h"
#include "src/intake/event.h"

namespace foothold::intake {

// A text field as a reader found it: empty is absent. An integer's digits are kept here, so a field
// is filled in place and not copied.
class TextField {
 public:
  TextField() = default;
  TextField(const TextField&) = delete;
  TextField& operator=(const TextField&) = delete;

  void Clear() { text_ = {}; }
  void Set(std::string_view text) { text_ = text; }
  void SetInteger(std::int64_t value);
  void SetUnsigned(std::uint64_t value);

  std::string_view text() const { return text_; }
  bool is_absent() const { return text_.empty(); }

 private:
  std::string_view text_;
  std::array<char, 24> digits_{};
};

// A time as a reader found it, not yet understood.
struct TimeField {
  enum class Form : std::uint8_t { kAbsent, kText, kNumber, kInstant };
  Form form = Form::kAbsent;
  std::string_view text;  // RFC 3339, if it is one.
  double number = 0;      // Epoch seconds or milliseconds.
  Instant instant;
  std::string_view name;  // Where it stood, for messages.
};

// What the readers make of a record: its fields, found but not judged. Reused between records.
struct Draft {
  CallKind kind = CallKind::kTrack;
  TextField event, tenant, user, id, role, previous_id;
  TimeField time, original_time, sent_at, received_at;
  std::uint32_t schema_version = 0;  // 0 and 1 are the one there is.
  bool is_foreign_group = false;
  std::string bad_type;  // What is wrong with the first field of an unusable type; empty: none.

  void Clear();
};

}  // namespace foothold::intake
