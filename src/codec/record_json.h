#pragma once

// A message of proto/ as our JSON, and as the schema of that JSON. For src/codec only.
//
// The rules, which follow from the descriptor alone: every field is there, in the order of the
// .proto file, under its lowerCamel name; null if an optional field, a message or an enum is not
// set; arrays are [] when empty; numbers are numbers; times (annotations.proto) RFC 3339; enums
// their lower-case name without the type's prefix; keyed lists (annotations.proto) are objects.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace foothold::codec {

enum class FieldKind {
  kInt32,
  kInt64,
  kTime,
  kDouble,
  kBool,
  kText,
  kEnum,
  kMessage,
};

struct MessagePlan;

// What is known of a field before any message is seen.
struct FieldPlan {
  const google::protobuf::FieldDescriptor* field = nullptr;
  std::string name;  // lowerCamel.
  std::string head;  // "name": with its quotes and colon.
  std::string null;  // ,"name":null
  FieldKind kind = FieldKind::kText;
  bool is_repeated = false;
  bool is_keyed = false;
  bool is_nullable = false;
  const MessagePlan* message = nullptr;  // kMessage.
  std::vector<std::string> enum_names;   // kEnum: by number; "" is null.
};

struct MessagePlan {
  std::string name;  // "ActivationChanged".
  std::vector<FieldPlan> fields;
};

// The plan of a record and of all messages in it.
class RecordPlan {
 public:
  explicit RecordPlan(const google::protobuf::Descriptor& record);

  const MessagePlan& root() const { return *root_; }
  // By name, the root among them.
  const std::map<std::string, std::unique_ptr<MessagePlan>>& messages() const { return messages_; }

 private:
  std::map<std::string, std::unique_ptr<MessagePlan>> messages_;
  const MessagePlan* root_ = nullptr;
};

// Appends a message of the plan's type, given as its bytes, as one line of JSON. It is read from
// there field by field: asking the message itself by reflection costs several times as much.
void AppendJson(const RecordPlan& plan, std::string_view record, std::string* out);

// Appends RFC 3339 without quotes. A time outside the four-digit years, such as the end of a window
// that opens at 9999-12-31, is written as the nearest one inside.
void AppendTime(Instant at, std::string* out);

// The shortest decimal text that reads back as `value`; integral values without a point or an
// exponent up to 2^53; null if it is not finite.
void AppendJsonNumber(double value, std::string* out);

}  // namespace foothold::codec
