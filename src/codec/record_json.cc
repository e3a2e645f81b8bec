#include "src/codec/record_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <google/protobuf/descriptor.h>

#include "proto/annotations.pb.h"
#include "src/base/check.h"
#include "src/base/json.h"
#include "src/base/time.h"
#include "src/codec/wire.h"

namespace foothold::codec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kNotWritten = "bytes that no writer of records wrote";

// The most that a number, a time, a word or a bracket takes, and the slack that none needs.
constexpr std::size_t kPlainValueMax = 40;
// A byte of text takes so much when it is escaped.
constexpr std::size_t kEscapedMax = 6;

FieldKind KindOf(const FieldDescriptor& field) {
  if (field.options().GetExtension(v1::time)) {
    return FieldKind::kTime;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return FieldKind::kInt32;
    case FieldDescriptor::CPPTYPE_INT64:
      return FieldKind::kInt64;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FieldKind::kDouble;
    case FieldDescriptor::CPPTYPE_BOOL:
      return FieldKind::kBool;
    case FieldDescriptor::CPPTYPE_STRING:
      return FieldKind::kText;
    case FieldDescriptor::CPPTYPE_ENUM:
      return FieldKind::kEnum;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FieldKind::kMessage;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;
  }
  FOOTHOLD_CHECK(false, "records use no unsigned integers and no floats");
}

// "STEP_CLASS_" of StepClass.
std::string EnumPrefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !prefix.empty()) {
      prefix += '_';
    }
    prefix += is_upper ? c : static_cast<char>(c - 'a' + 'A');
  }
  return prefix + '_';
}

std::vector<std::string> EnumNames(const EnumDescriptor& type) {
  const std::string prefix = EnumPrefix(type);
  std::vector<std::string> names(static_cast<std::size_t>(type.value_count()));
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string& full = type.value(i)->name();
    FOOTHOLD_CHECK(type.value(i)->number() == i, "enums of records count from 0 without a gap");
    FOOTHOLD_CHECK(full.starts_with(prefix), "enum values begin with their type's name");
    if (i == 0) {
      continue;  // UNSPECIFIED: null.
    }
    for (const char c : full.substr(prefix.size())) {
      names[static_cast<std::size_t>(i)] +=
          c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return names;
}

// What a field that the message does not have reads as.
std::string AbsentValue(const FieldPlan& plan) {
  if (plan.is_repeated) {
    return plan.is_keyed ? "{}" : "[]";
  }
  if (plan.is_nullable) {
    return "null";
  }
  switch (plan.kind) {
    case FieldKind::kInt32:
    case FieldKind::kInt64:
    case FieldKind::kDouble:
      return "0";
    case FieldKind::kTime:
      return '"' + FormatRfc3339(kEpoch) + '"';
    case FieldKind::kBool:
      return "false";
    case FieldKind::kText:
      return "\"\"";
    case FieldKind::kEnum:
    case FieldKind::kMessage:
      break;
  }
  FOOTHOLD_CHECK(false, "enums and messages are null if they are not there");
}

FieldPlan PlanField(const FieldDescriptor& field) {
  FieldPlan plan;
  plan.field = &field;
  plan.name = field.json_name();
  plan.head = ",\"" + plan.name + "\":";
  plan.kind = KindOf(field);
  plan.is_repeated = field.is_repeated();
  plan.is_keyed = field.options().GetExtension(v1::keyed);
  plan.is_nullable = !plan.is_repeated && (field.has_presence() || plan.kind == FieldKind::kEnum);
  if (plan.kind == FieldKind::kEnum) {
    plan.enum_names = EnumNames(*field.enum_type());
  }
  FOOTHOLD_CHECK(
      !plan.is_repeated || plan.kind == FieldKind::kText || plan.kind == FieldKind::kMessage,
      "lists are of texts or of messages");
  plan.absent = AbsentValue(plan);
  return plan;
}

void PlanAbsence(MessagePlan* plan) {
  plan->frame_size = kPlainValueMax;
  for (const FieldPlan& field : plan->fields) {
    plan->absent_at.push_back(plan->absent.size());
    plan->absent += field.head + field.absent;
    std::size_t value_size = kPlainValueMax;
    for (const std::string& name : field.enum_names) {
      value_size = std::max(value_size, name.size() + 2);
    }
    plan->frame_size += field.head.size() + value_size;
  }
  plan->absent_at.push_back(plan->absent.size());
}

template <class Number>
void AppendDigits(Number value, std::string* out) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), end.ptr);
}

// Each takes one thing from the front of `*bytes`.
inline std::uint64_t TakeVarint(std::string_view* bytes) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    FOOTHOLD_CHECK(i < bytes->size(), kNotWritten);
    const auto byte = static_cast<unsigned char>((*bytes)[i++]);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) {
      FOOTHOLD_CHECK(shift < 63 || byte <= 1, kNotWritten);
      break;
    }
    FOOTHOLD_CHECK(shift < 63, kNotWritten);
  }
  bytes->remove_prefix(i);
  return value;
}

std::uint64_t TakeFixed64(std::string_view* bytes) {
  ByteReader reader(*bytes);
  std::uint64_t value = 0;
  FOOTHOLD_CHECK(reader.Fixed64(&value), kNotWritten);
  bytes->remove_prefix(sizeof(value));
  return value;
}

std::string_view TakeSized(std::string_view* bytes) {
  const std::uint64_t size = TakeVarint(bytes);
  FOOTHOLD_CHECK(size <= bytes->size(), kNotWritten);
  const std::string_view taken = bytes->substr(0, static_cast<std::size_t>(size));
  bytes->remove_prefix(taken.size());
  return taken;
}

// Of a newer writer: passed over.
void TakeUnknown(std::uint64_t wire_type, std::string_view* bytes) {
  switch (wire_type) {
    case 0:
      TakeVarint(bytes);
      return;
    case 1:
      TakeFixed64(bytes);
      return;
    case 2:
      TakeSized(bytes);
      return;
    default:
      FOOTHOLD_CHECK(false, kNotWritten);
  }
}

}  // namespace

RecordPlan::RecordPlan(const Descriptor& record) {
  std::vector<const Descriptor*> waiting{&record};
  while (!waiting.empty()) {
    const Descriptor& type = *waiting.back();
    waiting.pop_back();
    std::unique_ptr<MessagePlan>& plan = messages_[type.name()];
    if (plan != nullptr) {
      continue;
    }
    plan = std::make_unique<MessagePlan>();
    plan->name = type.name();
    for (int i = 0; i < type.field_count(); ++i) {
      FOOTHOLD_CHECK(type.field(i)->number() == i + 1,
                     "fields of records are numbered from 1 without a gap, in their order");
      plan->fields.push_back(PlanField(*type.field(i)));
      if (plan->fields.back().kind == FieldKind::kMessage) {
        waiting.push_back(type.field(i)->message_type());
      }
    }
  }
  for (const auto& [name, plan] : messages_) {
    for (FieldPlan& field : plan->fields) {
      if (field.kind == FieldKind::kMessage) {
        field.message = messages_.at(field.field->message_type()->name()).get();
      }
    }
    PlanAbsence(plan.get());
  }
  root_ = messages_.at(record.name()).get();
}

void RecordJsonWriter::Append(const RecordPlan& plan, std::string_view record, std::string* out) {
  to_ = room_.data();
  owed_ = 0;
  Enter(plan.root(), record, 0);
  while (depth_ > 0) {
    GoOn();
  }
  out->append(room_.data(), to_);
}

void RecordJsonWriter::Reserve(std::size_t more) {
  const auto used = static_cast<std::size_t>(to_ - room_.data());
  if (room_.size() - used < more) {
    room_.resize(std::max(2 * room_.size(), used + more));
    to_ = room_.data() + used;
  }
}

void RecordJsonWriter::Enter(const MessagePlan& plan, std::string_view message, std::size_t first) {
  FOOTHOLD_CHECK(depth_ < kDepthMax, "records nest deeper than the walk allows");
  // A byte of the message, its tags and sizes too, takes the most that one of a text can.
  const std::size_t owed = plan.frame_size + kEscapedMax * message.size();
  frames_[depth_++] = {
      .plan = &plan, .left = message, .first = first, .field = first, .owed = owed};
  owed_ += owed;
  Reserve(owed_);
  *to_++ = '{';
}

void RecordJsonWriter::EndList(Frame* frame) {
  *to_++ = frame->plan->fields[frame->field].is_keyed ? '}' : ']';
  frame->is_in_list = false;
  ++frame->field;
}

void RecordJsonWriter::PutAbsent(std::size_t end, Frame* frame) {
  FOOTHOLD_CHECK(frame->field <= end, kNotWritten);
  if (frame->field == end) {
    return;
  }
  const MessagePlan& plan = *frame->plan;
  std::size_t from = plan.absent_at[frame->field];
  from += frame->field == frame->first ? 1 : 0;  // The comma.
  Put(std::string_view(plan.absent).substr(from, plan.absent_at[end] - from));
  frame->field = end;
}

void RecordJsonWriter::GoOn() {
  Frame& frame = frames_[depth_ - 1];
  const MessagePlan& plan = *frame.plan;
  while (!frame.left.empty()) {
    const std::uint64_t tag = TakeVarint(&frame.left);
    const std::uint64_t number = tag >> 3U;
    if (number == 0 || number > plan.fields.size()) {
      TakeUnknown(tag & 7U, &frame.left);
      continue;
    }
    const std::size_t index = static_cast<std::size_t>(number) - 1;
    const FieldPlan& field = plan.fields[index];
    PutHead(field, index, &frame);
    if (field.kind != FieldKind::kMessage) {
      PutValue(field, &frame.left);
      continue;
    }
    const std::string_view message = TakeSized(&frame.left);
    const std::size_t depth = depth_;
    if (field.is_keyed) {
      PutKeyed(*field.message, message);
    } else {
      Enter(*field.message, message, 0);
    }
    if (depth_ != depth) {
      return;  // It comes first.
    }
  }
  if (frame.is_in_list) {
    EndList(&frame);
  }
  PutAbsent(plan.fields.size(), &frame);
  *to_++ = '}';
  owed_ -= frame.owed;
  --depth_;
}

void RecordJsonWriter::PutHead(const FieldPlan& field, std::size_t index, Frame* frame) {
  if (frame->is_in_list && index == frame->field) {
    *to_++ = ',';
    return;
  }
  if (frame->is_in_list) {
    EndList(frame);
  }
  PutAbsent(index, frame);
  Put(std::string_view(field.head).substr(index == frame->first ? 1 : 0));
  if (field.is_repeated) {
    *to_++ = field.is_keyed ? '{' : '[';
    frame->is_in_list = true;
  } else {
    ++frame->field;
  }
}

void RecordJsonWriter::PutKeyed(const MessagePlan& plan, std::string_view message) {
  constexpr std::uint64_t kKeyTag = 1U << 3U | 2U;
  Reserve(owed_ + plan.frame_size + kEscapedMax * message.size());
  std::string_view key;
  if (!message.empty() && static_cast<unsigned char>(message.front()) == kKeyTag) {
    message.remove_prefix(1);
    key = TakeSized(&message);
  }
  PutText(key);
  *to_++ = ':';
  if (plan.fields.size() > 2) {
    Enter(plan, message, 1);
  } else if (message.empty()) {
    Put(plan.fields[1].absent);
  } else {
    TakeVarint(&message);  // Its tag.
    PutValue(plan.fields[1], &message);
  }
}

void RecordJsonWriter::Put(std::string_view text) {
  std::memcpy(to_, text.data(), text.size());
  to_ += text.size();
}

void RecordJsonWriter::PutText(std::string_view text) {
  if (PlainJsonLength(text) == text.size()) {
    *to_++ = '"';
    Put(text);
    *to_++ = '"';
    return;
  }
  std::string escaped;
  AppendJsonString(text, &escaped);
  Put(escaped);
}

void RecordJsonWriter::PutValue(const FieldPlan& field, std::string_view* bytes) {
  switch (field.kind) {
    case FieldKind::kInt32:
    case FieldKind::kInt64:
      to_ = std::to_chars(to_, to_ + kPlainValueMax, static_cast<std::int64_t>(TakeVarint(bytes)))
                .ptr;
      return;
    case FieldKind::kTime:
      *to_++ = '"';
      to_ = PutRfc3339(InstantFromMs(static_cast<std::int64_t>(TakeVarint(bytes))), to_);
      *to_++ = '"';
      return;
    case FieldKind::kDouble: {
      std::string number;
      AppendJsonNumber(std::bit_cast<double>(TakeFixed64(bytes)), &number);
      return Put(number);
    }
    case FieldKind::kBool:
      return Put(TakeVarint(bytes) != 0 ? "true" : "false");
    case FieldKind::kText:
      return PutText(TakeSized(bytes));
    case FieldKind::kEnum: {
      const std::uint64_t number = TakeVarint(bytes);
      if (number == 0 || number >= field.enum_names.size()) {
        return Put(field.absent);
      }
      *to_++ = '"';
      Put(field.enum_names[static_cast<std::size_t>(number)]);
      *to_++ = '"';
      return;
    }
    case FieldKind::kMessage:
      break;
  }
  FOOTHOLD_CHECK(false, "a message is no plain value");
}

void AppendJson(const RecordPlan& plan, std::string_view record, std::string* out) {
  RecordJsonWriter().Append(plan, record, out);
}

void AppendJsonNumber(double value, std::string* out) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) {
    out->append("null");
  } else if (std::abs(value) <= kExactMax && value == std::trunc(value)) {
    AppendDigits(static_cast<std::int64_t>(value), out);
  } else {
    AppendDigits(value, out);
  }
}

}  // namespace foothold::codec
