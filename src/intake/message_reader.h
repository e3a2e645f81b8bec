#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/base/status.h"
#include "src/intake/bag_builder.h"
#include "src/intake/draft.h"
#include "src/intake/json_reader.h"
#include "src/intake/mapping.h"

namespace foothold::intake {

// The message inside its framing: raw, behind Confluent's prefix, or beside Confluent's header
// (proto/event.proto). kInvalid: none of them.
Result<std::string_view> Unframe(std::string_view value,
                                 std::optional<std::string_view> schema_header);

// google.protobuf.Timestamp.
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};

// Reads serialised messages foothold.v1.Event: a reader of the wire format for this one message,
// since generated code would copy every string. Holds the message last read.
//
// Not thread-safe. `mapping` must outlive the reader.
class MessageReader {
 public:
  explicit MessageReader(const Mapping& mapping);

  // As JsonReader::Parse().
  std::optional<std::string> Parse(std::string_view bytes, Draft* draft);

  void AddProperties(BagBuilder* builder);
  void AddTraits(BagBuilder* builder);

 private:
  // foothold.v1.Event.Value; monostate: none of its fields is set.
  using Value =
      std::variant<std::monostate, std::string_view, std::int64_t, double, bool, JsonText>;
  struct Member {
    std::string_view name;
    Value value;
  };
  // Fields of the message by number; 0 is none.
  inline static constexpr std::size_t kFieldNumberMax = 12;

  std::optional<std::string> ReadMessage(std::string_view bytes, Draft* draft);
  std::optional<std::string> ReadField(std::uint32_t number, std::string_view bytes);
  std::optional<std::string> ReadMember(std::string_view bytes, std::vector<Member>* members);
  std::optional<std::string> ReadValue(std::string_view bytes, Value* value);
  static std::optional<std::string> ReadTimestamp(std::string_view bytes, Timestamp* timestamp);

  const std::vector<Member>* MembersAt(const FieldRule& rule) const;
  Value Find(const Path& path) const;
  void FillKind(Draft* draft) const;
  void FillText(Field field, TextField* out, Draft* draft) const;
  void FillTime(Field field, TimeField* out, Draft* draft) const;
  void AddMembers(const std::vector<Member>& members, BagBuilder* builder);

  const Mapping& mapping_;
  JsonValueReader json_;
  std::uint64_t kind_ = 0;
  std::array<std::string_view, kFieldNumberMax + 1> texts_;
  std::array<std::optional<Timestamp>, kFieldNumberMax + 1> times_;
  std::vector<Member> traits_;
  std::vector<Member> properties_;
};

}  // namespace foothold::intake
