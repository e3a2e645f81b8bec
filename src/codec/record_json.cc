#include "src/codec/record_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "proto/annotations.pb.h"
#include "src/base/check.h"
#include "src/base/json.h"
#include "src/base/time.h"

namespace foothold::codec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Deeper than any record nests.
constexpr std::size_t kDepthMax = 8;

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

FieldPlan PlanField(const FieldDescriptor& field) {
  FieldPlan plan;
  plan.field = &field;
  plan.name = field.json_name();
  plan.head = '"' + plan.name + "\":";
  plan.kind = KindOf(field);
  plan.is_repeated = field.is_repeated();
  plan.is_keyed = field.options().GetExtension(v1::keyed);
  plan.is_nullable = !plan.is_repeated && (field.has_presence() || plan.kind == FieldKind::kEnum);
  if (plan.kind == FieldKind::kEnum) {
    plan.enum_names = EnumNames(*field.enum_type());
  }
  return plan;
}

template <class Number>
void AppendDigits(Number value, std::string* out) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), end.ptr);
}

void AppendEnum(const FieldPlan& plan, int number, std::string* out) {
  const auto index = static_cast<std::size_t>(number);
  if (number <= 0 || index >= plan.enum_names.size()) {
    out->append("null");
    return;
  }
  out->push_back('"');
  out->append(plan.enum_names[index]);
  out->push_back('"');
}

// A value that is not a message; of a repeated field the one at `item`.
class ValueAppender {
 public:
  ValueAppender(const Message& message, const Reflection& reflection, std::string* out)
      : message_(message), reflection_(reflection), out_(out) {}

  bool IsNull(const FieldPlan& plan) const {
    return plan.is_nullable && plan.field->has_presence() &&
           !reflection_.HasField(message_, plan.field);
  }

  void Append(const FieldPlan& plan) {
    switch (plan.kind) {
      case FieldKind::kInt32:
        return AppendDigits(reflection_.GetInt32(message_, plan.field), out_);
      case FieldKind::kInt64:
        return AppendDigits(reflection_.GetInt64(message_, plan.field), out_);
      case FieldKind::kTime:
        out_->push_back('"');
        AppendTime(InstantFromMs(reflection_.GetInt64(message_, plan.field)), out_);
        out_->push_back('"');
        return;
      case FieldKind::kDouble:
        return AppendJsonNumber(reflection_.GetDouble(message_, plan.field), out_);
      case FieldKind::kBool:
        out_->append(reflection_.GetBool(message_, plan.field) ? "true" : "false");
        return;
      case FieldKind::kText:
        return AppendJsonString(reflection_.GetStringReference(message_, plan.field, &scratch_),
                                out_);
      case FieldKind::kEnum:
        return AppendEnum(plan, reflection_.GetEnumValue(message_, plan.field), out_);
      case FieldKind::kMessage:
        break;
    }
    FOOTHOLD_CHECK(false, "a message is no plain value");
  }

  void AppendItem(const FieldPlan& plan, int item) {
    FOOTHOLD_CHECK(plan.kind == FieldKind::kText, "lists are of texts or of messages");
    AppendJsonString(reflection_.GetRepeatedStringReference(message_, plan.field, item, &scratch_),
                     out_);
  }

 private:
  const Message& message_;
  const Reflection& reflection_;
  std::string* out_;
  std::string scratch_;
};

// Walks over a message and those in it, with a stack of its own.
class JsonWalk {
 public:
  explicit JsonWalk(std::string* out) : out_(out) {}

  void Run(const MessagePlan& plan, const Message& message) {
    Enter(plan, message, 0);
    while (depth_ > 0) {
      Frame& frame = frames_[depth_ - 1];
      if (frame.field == frame.plan->fields.size()) {
        out_->push_back('}');
        --depth_;
      } else if (frame.plan->fields[frame.field].is_repeated) {
        StepIntoList(&frame);
      } else {
        StepOverField(&frame);
      }
    }
  }

 private:
  struct Frame {
    const Message* message = nullptr;
    const Reflection* reflection = nullptr;  // The message's: dear to ask for at every field.
    const MessagePlan* plan = nullptr;
    std::size_t field = 0;  // The next one.
    int item = -1;          // Of a repeated field, the next one; -1: not begun.
    bool has_written = false;
  };

  void Enter(const MessagePlan& plan, const Message& message, std::size_t first_field) {
    FOOTHOLD_CHECK(depth_ < kDepthMax, "records nest deeper than the walk allows");
    frames_[depth_++] = {.message = &message,
                         .reflection = message.GetReflection(),
                         .plan = &plan,
                         .field = first_field};
    out_->push_back('{');
  }

  void BeginField(const FieldPlan& field, Frame* frame) {
    if (frame->has_written) {
      out_->push_back(',');
    }
    frame->has_written = true;
    out_->append(field.head);
  }

  void StepOverField(Frame* frame) {
    const FieldPlan& field = frame->plan->fields[frame->field++];
    BeginField(field, frame);
    ValueAppender value(*frame->message, *frame->reflection, out_);
    if (value.IsNull(field)) {
      out_->append("null");
    } else if (field.kind == FieldKind::kMessage) {
      const Message& inner = frame->reflection->GetMessage(*frame->message, field.field);
      Enter(*field.message, inner, 0);
    } else {
      value.Append(field);
    }
  }

  void StepIntoList(Frame* frame) {
    const FieldPlan& field = frame->plan->fields[frame->field];
    const Reflection& reflection = *frame->reflection;
    if (frame->item < 0) {
      BeginField(field, frame);
      out_->push_back(field.is_keyed ? '{' : '[');
      frame->item = 0;
    }
    if (frame->item == reflection.FieldSize(*frame->message, field.field)) {
      out_->push_back(field.is_keyed ? '}' : ']');
      frame->item = -1;
      ++frame->field;
      return;
    }
    if (frame->item > 0) {
      out_->push_back(',');
    }
    const int item = frame->item++;
    if (field.kind != FieldKind::kMessage) {
      ValueAppender(*frame->message, *frame->reflection, out_).AppendItem(field, item);
      return;
    }
    const Message& inner = reflection.GetRepeatedMessage(*frame->message, field.field, item);
    if (field.is_keyed) {
      StepIntoKeyed(*field.message, inner);
    } else {
      Enter(*field.message, inner, 0);
    }
  }

  void StepIntoKeyed(const MessagePlan& plan, const Message& message) {
    ValueAppender value(message, *message.GetReflection(), out_);
    value.Append(plan.fields[0]);
    out_->push_back(':');
    if (plan.fields.size() == 2) {
      value.Append(plan.fields[1]);
    } else {
      Enter(plan, message, 1);
    }
  }

  std::string* out_;
  std::array<Frame, kDepthMax> frames_;
  std::size_t depth_ = 0;
};

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
  }
  root_ = messages_.at(record.name()).get();
}

void AppendJson(const RecordPlan& plan, const Message& record, std::string* out) {
  JsonWalk(out).Run(plan.root(), record);
}

void AppendTime(Instant at, std::string* out) {
  using std::chrono::sys_days;
  constexpr Instant kFirst = sys_days(std::chrono::year(0) / 1 / 1);
  constexpr Instant kEnd = sys_days(std::chrono::year(10000) / 1 / 1);
  AppendRfc3339(std::clamp(at, kFirst, kEnd - milliseconds(1)), out);
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
