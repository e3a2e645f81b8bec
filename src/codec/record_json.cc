#include "src/codec/record_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

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

// Deeper than any record nests.
constexpr std::size_t kDepthMax = 8;
// Fields of the messages that are open at a time, as most records have them.
constexpr std::size_t kSlotsUsual = 96;

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
  plan.null = ',' + plan.head + "null";
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

void AppendEnum(const FieldPlan& plan, std::uint64_t number, std::string* out) {
  if (number == 0 || number >= plan.enum_names.size()) {
    out->append("null");
    return;
  }
  out->push_back('"');
  out->append(plan.enum_names[static_cast<std::size_t>(number)]);
  out->push_back('"');
}

// What the bytes hold of one field.
struct Slot {
  bool is_set = false;
  std::uint64_t number = 0;  // Of what is no text and no message.
  std::string_view bytes;    // Of these; of a repeated field all elements, with their tags.
};

// Cuts a message into its fields. The writer puts those of one number side by side.
class WireFields {
 public:
  explicit WireFields(std::string_view message) : reader_(message), rest_(message) {}

  bool is_done() const { return reader_.is_done(); }

  // The number of the next field; what it holds goes to `*slot`.
  std::uint64_t Next(Slot* slot) {
    std::uint64_t tag = 0;
    FOOTHOLD_CHECK(reader_.Varint(&tag), kNotWritten);
    slot->is_set = true;
    switch (tag & 7U) {
      case 0:
        FOOTHOLD_CHECK(reader_.Varint(&slot->number), kNotWritten);
        break;
      case 1:
        FOOTHOLD_CHECK(reader_.Fixed64(&slot->number), kNotWritten);
        break;
      case 2:
        FOOTHOLD_CHECK(reader_.SizedBytes(&slot->bytes), kNotWritten);
        break;
      default:
        FOOTHOLD_CHECK(false, kNotWritten);
    }
    return tag >> 3U;
  }

  // Where the next field begins.
  const char* place() const { return rest_.data() + (rest_.size() - reader_.left()); }

 private:
  static constexpr std::string_view kNotWritten = "bytes that no writer of records wrote";
  ByteReader reader_;
  std::string_view rest_;
};

void AppendValue(const FieldPlan& plan, const Slot& slot, std::string* out) {
  switch (plan.kind) {
    case FieldKind::kInt32:
    case FieldKind::kInt64:
      return AppendDigits(static_cast<std::int64_t>(slot.number), out);
    case FieldKind::kTime:
      out->push_back('"');
      AppendTime(InstantFromMs(static_cast<std::int64_t>(slot.number)), out);
      out->push_back('"');
      return;
    case FieldKind::kDouble:
      return AppendJsonNumber(std::bit_cast<double>(slot.number), out);
    case FieldKind::kBool:
      out->append(slot.number != 0 ? "true" : "false");
      return;
    case FieldKind::kText:
      return AppendJsonString(slot.bytes, out);
    case FieldKind::kEnum:
      return AppendEnum(plan, slot.number, out);
    case FieldKind::kMessage:
      break;
  }
  FOOTHOLD_CHECK(false, "a message is no plain value");
}

// Walks over a message and those in it, with a stack of its own.
class JsonWalk {
 public:
  explicit JsonWalk(std::string* out) : out_(out) { slots_.reserve(kSlotsUsual); }

  void Run(const MessagePlan& plan, std::string_view message) {
    Enter(plan, message, 0);
    while (depth_ > 0) {
      Frame& frame = frames_[depth_ - 1];
      if (frame.field == frame.plan->fields.size()) {
        out_->push_back('}');
        Leave();
      } else if (frame.plan->fields[frame.field].is_repeated) {
        StepIntoList(&frame);
      } else {
        StepOverField(&frame);
      }
    }
  }

 private:
  struct Frame {
    const MessagePlan* plan = nullptr;
    std::size_t slots_begin = 0;  // In slots_, one for each field.
    std::size_t field = 0;        // The next one.
    bool is_in_list = false;      // Some of a repeated field is written.
    bool has_written = false;
  };

  // Written from `first_field` on.
  void Enter(const MessagePlan& plan, std::string_view message, std::size_t first_field) {
    Read(plan, message);
    frames_[depth_ - 1].field = first_field;
    out_->push_back('{');
  }

  void Read(const MessagePlan& plan, std::string_view message) {
    FOOTHOLD_CHECK(depth_ < kDepthMax, "records nest deeper than the walk allows");
    const std::size_t begin = slots_.size();
    frames_[depth_++] = {.plan = &plan, .slots_begin = begin};
    slots_.resize(begin + plan.fields.size());
    WireFields fields(message);
    while (!fields.is_done()) {
      const char* from = fields.place();
      Slot slot;
      const std::uint64_t number = fields.Next(&slot);
      if (number == 0 || number > plan.fields.size()) {
        continue;  // Of a newer writer.
      }
      const std::size_t index = static_cast<std::size_t>(number) - 1;
      Slot& known = slots_[begin + index];
      if (plan.fields[index].is_repeated) {
        from = known.is_set ? known.bytes.data() : from;
        slot.bytes = std::string_view(from, static_cast<std::size_t>(fields.place() - from));
      }
      known = slot;
    }
  }

  void Leave() { slots_.resize(frames_[--depth_].slots_begin); }

  void BeginField(const FieldPlan& field, Frame* frame) {
    if (frame->has_written) {
      out_->push_back(',');
    }
    frame->has_written = true;
    out_->append(field.head);
  }

  void StepOverField(Frame* frame) {
    const std::size_t index = frame->field++;
    const FieldPlan& field = frame->plan->fields[index];
    const Slot slot = slots_[frame->slots_begin + index];
    if (field.is_nullable && !slot.is_set) {
      out_->append(frame->has_written ? field.null : std::string_view(field.null).substr(1));
      frame->has_written = true;
      return;
    }
    BeginField(field, frame);
    if (field.kind == FieldKind::kMessage) {
      Enter(*field.message, slot.bytes, 0);
    } else {
      AppendValue(field, slot, out_);
    }
  }

  void StepIntoList(Frame* frame) {
    const FieldPlan& field = frame->plan->fields[frame->field];
    std::string_view& left = slots_[frame->slots_begin + frame->field].bytes;
    const bool is_first = !frame->is_in_list;
    if (is_first) {
      BeginField(field, frame);
      out_->push_back(field.is_keyed ? '{' : '[');
      frame->is_in_list = true;
    }
    if (left.empty()) {
      out_->push_back(field.is_keyed ? '}' : ']');
      frame->is_in_list = false;
      ++frame->field;
      return;
    }
    if (!is_first) {
      out_->push_back(',');
    }
    WireFields elements(left);
    Slot element;
    elements.Next(&element);
    left = std::string_view(elements.place(),
                            static_cast<std::size_t>(left.data() + left.size() - elements.place()));
    if (field.kind != FieldKind::kMessage) {
      FOOTHOLD_CHECK(field.kind == FieldKind::kText, "lists are of texts or of messages");
      AppendJsonString(element.bytes, out_);
    } else if (field.is_keyed) {
      StepIntoKeyed(*field.message, element.bytes);
    } else {
      Enter(*field.message, element.bytes, 0);
    }
  }

  void StepIntoKeyed(const MessagePlan& plan, std::string_view message) {
    Read(plan, message);
    Frame& frame = frames_[depth_ - 1];
    AppendValue(plan.fields[0], slots_[frame.slots_begin], out_);
    out_->push_back(':');
    if (plan.fields.size() == 2) {
      AppendValue(plan.fields[1], slots_[frame.slots_begin + 1], out_);
      Leave();
    } else {
      frame.field = 1;
      out_->push_back('{');
    }
  }

  std::string* out_;
  std::array<Frame, kDepthMax> frames_;
  std::size_t depth_ = 0;
  std::vector<Slot> slots_;
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
  }
  root_ = messages_.at(record.name()).get();
}

void AppendJson(const RecordPlan& plan, std::string_view record, std::string* out) {
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
