#pragma once

// A message of proto/ as our JSON, and as the schema of that JSON. For src/codec only.
//
// The rules, which follow from the descriptor alone: every field is there, in the order of the
// .proto file, under its lowerCamel name; null if an optional field, a message or an enum is not
// set; arrays are [] when empty; numbers are numbers; times (annotations.proto) RFC 3339; enums
// their lower-case name without the type's prefix; keyed lists (annotations.proto) are objects.

#include <array>
#include <cstddef>
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
  std::string name;    // lowerCamel.
  std::string head;    // ,"name": with its comma, quotes and colon.
  std::string absent;  // What its value is if the message does not have it.
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
  // All fields as if the message had none, one after the other, and where each begins; one more
  // place behind the last.
  std::string absent;
  std::vector<std::size_t> absent_at;
  // The most that a message takes beside its texts and the messages in it.
  std::size_t frame_size = 0;
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

// Writes messages, given as their bytes, as one line of JSON each. They are read from there field
// by field, in the order of the fields, which is how Protobuf writes them: asking a message itself
// by reflection costs several times as much. Keeps its room from one message to the next.
//
// Not thread-safe.
class RecordJsonWriter {
 public:
  // Appends a message of the plan's type.
  void Append(const RecordPlan& plan, std::string_view record, std::string* out);

 private:
  // Deeper than any record nests.
  inline static constexpr std::size_t kDepthMax = 8;

  // A message that is being written.
  struct Frame {
    const MessagePlan* plan = nullptr;
    std::string_view left;    // What of it was not read yet.
    std::size_t first = 0;    // The field that no comma stands before.
    std::size_t field = 0;    // The next to be written.
    bool is_in_list = false;  // Some of it, a repeated one, is written.
    std::size_t owed = 0;     // The most that it takes.
  };

  // Written from field `first` on.
  void Enter(const MessagePlan& plan, std::string_view message, std::size_t first);
  // The innermost message, up to a message in it or to its end.
  void GoOn();
  // What stands before the value: fields that the message does not have, commas, the field's name.
  void PutHead(const FieldPlan& field, std::size_t index, Frame* frame);
  void EndList(Frame* frame);
  // The fields before `end` that the message does not have.
  void PutAbsent(std::size_t end, Frame* frame);
  // The key, and what of the element comes after it.
  void PutKeyed(const MessagePlan& plan, std::string_view message);
  // The value in front of the bytes, which it is taken from.
  void PutValue(const FieldPlan& field, std::string_view* bytes);
  void Put(std::string_view text);
  void PutText(std::string_view text);
  // Makes room for so many more characters.
  void Reserve(std::size_t more);

  std::string room_;
  char* to_ = nullptr;  // In room_.
  std::array<Frame, kDepthMax> frames_;
  std::size_t depth_ = 0;
  std::size_t owed_ = 0;  // Of all frames; there is always room for it.
};

// The same for one message.
void AppendJson(const RecordPlan& plan, std::string_view record, std::string* out);

// The shortest decimal text that reads back as `value`; integral values without a point or an
// exponent up to 2^53; null if it is not finite.
void AppendJsonNumber(double value, std::string* out);

}  // namespace foothold::codec
