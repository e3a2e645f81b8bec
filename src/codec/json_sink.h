#pragma once

// Writes a record's JSON field by field, without a message of Protobuf in between. For src/codec
// only.

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/check.h"
#include "src/base/json.h"
#include "src/base/time.h"
#include "src/codec/record_json.h"

namespace foothold::codec {

// Room for text that keeps its size from record to record. Not thread-safe.
class TextRoom {
 public:
  void Clear() { size_ = 0; }
  // Valid until the next call of Need().
  std::string_view text() const { return {room_.get(), size_}; }

  // Where the next `count` characters may go; Take() says how far they did.
  char* Need(std::size_t count) {
    if (room_size_ - size_ < count) {
      Grow(count);
    }
    return room_.get() + size_;
  }
  void Take(const char* end) { size_ = static_cast<std::size_t>(end - room_.get()); }

 private:
  void Grow(std::size_t count) {
    constexpr std::size_t kGrowth = 4096;
    room_size_ = std::max(2 * room_size_, size_ + count + kGrowth);
    std::unique_ptr<char[]> grown = std::make_unique_for_overwrite<char[]>(room_size_);
    std::copy(room_.get(), room_.get() + size_, grown.get());
    room_ = std::move(grown);
  }

  std::unique_ptr<char[]> room_;  // Not cleared; the first `size_` are written.
  std::size_t room_size_ = 0;
  std::size_t size_ = 0;
};

// One message. Each verb writes the next field, in the order of the .proto file; a Maybe without a
// value is null. The rules of the JSON are record_json.h's.
class JsonSink {
 public:
  // Both outlive the sink.
  JsonSink(const MessagePlan& plan, TextRoom* room) : JsonSink(plan, 0, room) {}
  JsonSink(const JsonSink&) = delete;
  JsonSink& operator=(const JsonSink&) = delete;

  // Every field is written.
  void End() {
    PutAbsent();
    FOOTHOLD_CHECK(field_ == plan_->fields.size(), "a message is written to its last field");
    Mark('}');
  }

  void Text(std::string_view text) {
    const FieldPlan& field = Next(FieldKind::kText);
    room_->Take(PutText(text, PutHead(field, TextSize(text))));
  }
  void Time(Instant at) {
    char* to = PutHead(Next(FieldKind::kTime), kPlainMax);
    *to++ = '"';
    to = PutRfc3339(at, to);
    *to++ = '"';
    room_->Take(to);
  }
  void Number(std::int64_t number) {
    const FieldPlan& field = NextNumber();
    char* const to = PutHead(field, kPlainMax);
    room_->Take(std::to_chars(to, to + kPlainMax, number).ptr);
  }
  void Bool(bool value) {
    room_->Take(Put(value ? "true" : "false", PutHead(Next(FieldKind::kBool), kPlainMax)));
  }
  void Double(double value) {
    std::string number;
    AppendJsonNumber(value, &number);
    room_->Take(Put(number, PutHead(Next(FieldKind::kDouble), number.size())));
  }
  // 0 is null.
  template <class Enum>
  void OneOf(Enum value) {
    const auto number = static_cast<std::size_t>(value);
    if (number == 0) {
      return Absent();
    }
    const FieldPlan& field = Next(FieldKind::kEnum);
    const std::string& name = field.enum_names[number];
    char* to = PutHead(field, name.size() + 2);
    *to++ = '"';
    to = Put(name, to);
    *to++ = '"';
    room_->Take(to);
  }

  void MaybeText(const std::optional<std::string>& text) {
    text.has_value() ? Text(*text) : Absent();
  }
  void MaybeTime(std::optional<Instant> at) { at.has_value() ? Time(*at) : Absent(); }
  template <class Integer>
  void MaybeNumber(const std::optional<Integer>& number) {
    number.has_value() ? Number(*number) : Absent();
  }
  void MaybeDouble(std::optional<double> value) { value.has_value() ? Double(*value) : Absent(); }

  // `fill` writes the fields of the message that it is given the sink of.
  template <class Fill>
  void Message(Fill fill) {
    const FieldPlan& field = Next(FieldKind::kMessage);
    room_->Take(PutHead(field, 0));
    JsonSink sink(*field.message, room_);
    fill(sink);
    sink.End();
  }
  // A list of messages.
  template <class List, class Fill>
  void Each(const List& list, Fill fill) {
    if (list.empty()) {
      return Absent();
    }
    const FieldPlan& field = Next(FieldKind::kMessage);
    FOOTHOLD_CHECK(field.is_repeated && !field.is_keyed, "the field is a plain list");
    room_->Take(PutHead(field, 0));
    char mark = '[';
    for (const auto& item : list) {
      Mark(mark);
      mark = ',';
      JsonSink sink(*field.message, room_);
      fill(item, sink);
      sink.End();
    }
    Mark(']');
  }
  // A keyed list: `key` names the member that is the first field of its messages.
  template <class List, class Key, class Fill>
  void Keyed(const List& list, Key key, Fill fill) {
    if (list.empty()) {
      return Absent();
    }
    const FieldPlan& field = Next(FieldKind::kMessage);
    FOOTHOLD_CHECK(field.is_keyed && field.message->fields.size() > 2, "an object of objects");
    room_->Take(PutHead(field, 0));
    char mark = '{';
    for (const auto& item : list) {
      Mark(mark);
      mark = ',';
      room_->Take(PutText(item.*key, room_->Need(TextSize(item.*key))));
      Mark(':');
      JsonSink sink(*field.message, 1, room_);
      fill(item, sink);
      sink.End();
    }
    Mark('}');
  }
  void Texts(const std::vector<std::string>& texts) {
    if (texts.empty()) {
      return Absent();
    }
    const FieldPlan& field = Next(FieldKind::kText);
    FOOTHOLD_CHECK(field.is_repeated, "the field is a list");
    room_->Take(PutHead(field, 0));
    char mark = '[';
    for (const std::string& text : texts) {
      Mark(mark);
      mark = ',';
      room_->Take(PutText(text, room_->Need(TextSize(text))));
    }
    Mark(']');
  }
  // The message does not have the field. It is written with those that follow it.
  void Absent() {
    FOOTHOLD_CHECK(field_ < plan_->fields.size(), "a message has no more fields than its plan");
    ++field_;
  }

 private:
  // The most that a number or a time takes.
  inline static constexpr std::size_t kPlainMax = 40;
  // A character takes so much when it is escaped.
  inline static constexpr std::size_t kEscapedMax = 6;

  JsonSink(const MessagePlan& plan, std::size_t first, TextRoom* room)
      : plan_(&plan), room_(room), first_(first), written_(first), field_(first) {
    Mark('{');
  }

  static std::size_t TextSize(std::string_view text) { return kEscapedMax * text.size() + 2; }

  const FieldPlan& Next(FieldKind kind) {
    FOOTHOLD_CHECK(field_ < plan_->fields.size() && plan_->fields[field_].kind == kind,
                   "fields are written in the order of the .proto file");
    return Begin();
  }
  const FieldPlan& Begin() {
    PutAbsent();
    written_ = ++field_;
    return plan_->fields[field_ - 1];
  }
  // The absent fields in front of the next one.
  void PutAbsent() {
    if (written_ == field_) {
      return;
    }
    const std::size_t comma = written_ == first_ ? 1 : 0;
    const std::size_t from = plan_->absent_at[written_] + comma;
    const std::size_t size = plan_->absent_at[field_] - from;
    room_->Take(Put(std::string_view(plan_->absent).substr(from, size), room_->Need(size)));
    written_ = field_;
  }
  const FieldPlan& NextNumber() {
    FOOTHOLD_CHECK(
        field_ < plan_->fields.size() && (plan_->fields[field_].kind == FieldKind::kInt64 ||
                                          plan_->fields[field_].kind == FieldKind::kInt32),
        "fields are written in the order of the .proto file");
    return Begin();
  }

  // The comma and the name of the field that Next() gave, with room for `more` behind them.
  char* PutHead(const FieldPlan& field, std::size_t more) {
    const std::string_view head = std::string_view(field.head).substr(field_ == first_ + 1 ? 1 : 0);
    return Put(head, room_->Need(head.size() + more));
  }
  static char* Put(std::string_view text, char* to) {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
  }
  static char* PutText(std::string_view text, char* to) {
    if (PlainJsonLength(text) < text.size()) {
      std::string escaped;
      AppendJsonString(text, &escaped);
      return Put(escaped, to);
    }
    *to++ = '"';
    to = Put(text, to);
    *to++ = '"';
    return to;
  }
  void Mark(char mark) {
    char* const to = room_->Need(1);
    *to = mark;
    room_->Take(to + 1);
  }

  const MessagePlan* plan_;
  TextRoom* room_;
  std::size_t first_;    // The field that no comma stands before.
  std::size_t written_;  // All fields before it are.
  std::size_t field_;    // The next.
};

}  // namespace foothold::codec
