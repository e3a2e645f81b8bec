#include "src/intake/message_reader.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

#include "src/intake/wire.h"

namespace foothold::intake {
namespace {

// Field numbers of foothold.v1.Event (proto/event.proto).
enum : std::uint32_t {
  kKindNumber = 1,
  kEventNumber = 2,
  kTenantIdNumber = 3,
  kUserIdNumber = 4,
  kEventIdNumber = 5,
  kOccurredAtNumber = 6,
  kReceivedAtNumber = 7,
  kTraitsNumber = 8,
  kPropertiesNumber = 9,
  kRoleNumber = 10,
  kPreviousUserIdNumber = 11,
  kSchemaVersionNumber = 12,
};

constexpr std::pair<std::string_view, std::uint32_t> kNumbers[] = {
    {"kind", kKindNumber},
    {"event", kEventNumber},
    {"tenant_id", kTenantIdNumber},
    {"user_id", kUserIdNumber},
    {"event_id", kEventIdNumber},
    {"occurred_at", kOccurredAtNumber},
    {"received_at", kReceivedAtNumber},
    {"role", kRoleNumber},
    {"previous_user_id", kPreviousUserIdNumber},
};

// Confluent's framing: the magic bytes, and what follows them.
constexpr char kMagicId = 0;
constexpr std::size_t kSchemaIdBytes = 4;
constexpr char kMagicGuid = 1;
constexpr std::size_t kSchemaGuidBytes = 16;

constexpr std::int64_t kSecondsMax = 253'402'300'799;  // The end of the year 9999.

std::optional<WireField::Type> TypeOf(std::uint32_t number) {
  switch (number) {
    case kKindNumber:
    case kSchemaVersionNumber:
      return WireField::Type::kVarint;
    case kEventNumber:
    case kTenantIdNumber:
    case kUserIdNumber:
    case kEventIdNumber:
    case kOccurredAtNumber:
    case kReceivedAtNumber:
    case kTraitsNumber:
    case kPropertiesNumber:
    case kRoleNumber:
    case kPreviousUserIdNumber:
      return WireField::Type::kBytes;
    default:
      return std::nullopt;  // Of a newer schema.
  }
}

std::string WrongType(std::string_view place) {
  return fmt::format("not a foothold.v1.Event: {} has another wire type", place);
}

std::string Damaged(std::string_view place) {
  return fmt::format("not a foothold.v1.Event: {} is damaged", place);
}

// Message indexes: how many, then each, as zigzag varints; a lone 0 is short for the first message.
Status TakeMessageIndexes(std::string_view* rest) {
  const std::optional<std::uint64_t> count = ReadVarint(rest);
  if (count == 0U) {
    return {};
  }
  const bool is_one = count == 2U;  // 1 in zigzag.
  if (!is_one || ReadVarint(rest) != 0U) {
    return Error(Code::kInvalid,
                 "Confluent message indexes do not name the first message, foothold.v1.Event");
  }
  return {};
}

Status CheckSchemaHeader(std::string_view header) {
  if (header.empty() || (header.front() != kMagicId && header.front() != kMagicGuid)) {
    return Error(Code::kInvalid, "the schema header has an unknown magic byte");
  }
  const std::size_t id_bytes = header.front() == kMagicId ? kSchemaIdBytes : kSchemaGuidBytes;
  if (header.size() < 1 + id_bytes) {
    return Error(Code::kInvalid, "the schema header is too short for a schema id");
  }
  header.remove_prefix(1 + id_bytes);
  return header.empty() ? Status() : TakeMessageIndexes(&header);
}

}  // namespace

Result<std::string_view> Unframe(std::string_view value,
                                 std::optional<std::string_view> schema_header) {
  if (schema_header.has_value()) {
    FOOTHOLD_TRY(CheckSchemaHeader(*schema_header));
    return value;
  }
  if (value.empty()) {
    return value;
  }
  if (value.front() == kMagicId) {  // No message begins so: field 0 does not exist.
    if (value.size() < 1 + kSchemaIdBytes + 1) {
      return Error(Code::kInvalid, "too short for Confluent's framing");
    }
    value.remove_prefix(1 + kSchemaIdBytes);
    FOOTHOLD_TRY(TakeMessageIndexes(&value));
    return value;
  }
  const auto first = static_cast<unsigned char>(value.front());
  const unsigned type = first & 7U;
  if ((first >> 3U) == 0 || type == 3 || type == 4 || type > 5) {
    return Error(Code::kInvalid,
                 fmt::format("the first byte, 0x{:02x}, begins neither a foothold.v1.Event nor "
                             "Confluent's framing{}",
                             first, first == '{' ? ": this looks like JSON" : ""));
  }
  return value;
}

MessageReader::MessageReader(const Mapping& mapping) : mapping_(mapping) {}

std::optional<std::string> MessageReader::Parse(std::string_view bytes, Draft* draft) {
  if (std::optional<std::string> problem = ReadMessage(bytes, draft)) {
    return problem;
  }
  FillKind(draft);
  if (!draft->bad_type.empty()) {
    return std::nullopt;
  }
  FillText(Field::kEvent, &draft->event, draft);
  FillText(Field::kTenant, &draft->tenant, draft);
  FillText(Field::kUser, &draft->user, draft);
  FillText(Field::kId, &draft->id, draft);
  FillText(Field::kRole, &draft->role, draft);
  FillText(Field::kPreviousId, &draft->previous_id, draft);
  FillTime(Field::kTime, &draft->time, draft);
  FillTime(Field::kOriginalTime, &draft->original_time, draft);
  FillTime(Field::kSentAt, &draft->sent_at, draft);
  FillTime(Field::kReceivedAt, &draft->received_at, draft);
  return std::nullopt;
}

std::optional<std::string> MessageReader::ReadMessage(std::string_view bytes, Draft* draft) {
  kind_ = 0;
  texts_.fill({});
  times_.fill(std::nullopt);
  traits_.clear();
  properties_.clear();
  while (!bytes.empty()) {
    const std::optional<WireField> field = ReadWireField(&bytes);
    if (!field.has_value()) {
      return Damaged("the message");
    }
    const std::optional<WireField::Type> type = TypeOf(field->number);
    if (!type.has_value()) {
      continue;
    }
    if (*type != field->type) {
      return WrongType(fmt::format("field {}", field->number));
    }
    if (field->number == kKindNumber) {
      kind_ = field->integer;
    } else if (field->number == kSchemaVersionNumber) {
      draft->schema_version =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(field->integer, 0xffffffffU));
    } else if (std::optional<std::string> problem = ReadField(field->number, field->bytes)) {
      return problem;
    }
  }
  return std::nullopt;
}

std::optional<std::string> MessageReader::ReadField(std::uint32_t number, std::string_view bytes) {
  if (number == kTraitsNumber) {
    return ReadMember(bytes, &traits_);
  }
  if (number == kPropertiesNumber) {
    return ReadMember(bytes, &properties_);
  }
  if (number == kOccurredAtNumber || number == kReceivedAtNumber) {
    if (!times_[number].has_value()) {
      times_[number].emplace();
    }
    return ReadTimestamp(bytes, &*times_[number]);
  }
  if (!IsUtf8(bytes)) {
    return fmt::format("field {} is not valid UTF-8", number);
  }
  texts_[number] = bytes;
  return std::nullopt;
}

std::optional<std::string> MessageReader::ReadMember(std::string_view bytes,
                                                     std::vector<Member>* members) {
  Member member;
  while (!bytes.empty()) {
    const std::optional<WireField> field = ReadWireField(&bytes);
    if (!field.has_value()) {
      return Damaged("a property or trait");
    }
    if (field->number > 2) {
      continue;
    }
    if (field->type != WireField::Type::kBytes) {
      return WrongType("a property or trait");
    }
    if (field->number == 2) {
      if (std::optional<std::string> problem = ReadValue(field->bytes, &member.value)) {
        return problem;
      }
      continue;
    }
    if (!IsUtf8(field->bytes)) {
      return "the name of a property or trait is not valid UTF-8";
    }
    member.name = field->bytes;
  }
  members->push_back(member);
  return std::nullopt;
}

std::optional<std::string> MessageReader::ReadValue(std::string_view bytes, Value* value) {
  while (!bytes.empty()) {
    const std::optional<WireField> field = ReadWireField(&bytes);
    if (!field.has_value()) {
      return Damaged("the value of a property or trait");
    }
    const bool is_bytes = field->number == 1 || field->number == 5;
    const bool is_varint = field->number == 2 || field->number == 4;
    const bool is_double = field->number == 3;
    if ((is_bytes && field->type != WireField::Type::kBytes) ||
        (is_varint && field->type != WireField::Type::kVarint) ||
        (is_double && field->type != WireField::Type::kFixed64)) {
      return WrongType("the value of a property or trait");
    }
    if (is_bytes && !IsUtf8(field->bytes)) {
      return "the value of a property or trait is not valid UTF-8";
    }
    if (field->number == 1) {
      *value = field->bytes;
    } else if (field->number == 2) {
      *value = static_cast<std::int64_t>(field->integer);
    } else if (is_double) {
      *value = std::bit_cast<double>(field->integer);
    } else if (field->number == 4) {
      *value = field->integer != 0;
    } else if (field->number == 5) {
      if (!json_.IsValid(field->bytes)) {
        return "the json of a property or trait is not a valid JSON object or array";
      }
      *value = JsonText{field->bytes};
    }
  }
  return std::nullopt;
}

std::optional<std::string> MessageReader::ReadTimestamp(std::string_view bytes,
                                                        Timestamp* timestamp) {
  while (!bytes.empty()) {
    const std::optional<WireField> field = ReadWireField(&bytes);
    if (!field.has_value()) {
      return Damaged("a timestamp");
    }
    if (field->number > 2) {
      continue;
    }
    if (field->type != WireField::Type::kVarint) {
      return WrongType("a timestamp");
    }
    if (field->number == 1) {
      timestamp->seconds = static_cast<std::int64_t>(field->integer);
    } else {
      timestamp->nanos = static_cast<std::int32_t>(field->integer);
    }
  }
  return std::nullopt;
}

const std::vector<MessageReader::Member>* MessageReader::MembersAt(const FieldRule& rule) const {
  return rule.paths.front().names.front() == "traits" ? &traits_ : &properties_;
}

MessageReader::Value MessageReader::Find(const Path& path) const {
  if (path.names.size() == 2) {
    const std::vector<Member>& members = path.names.front() == "traits" ? traits_ : properties_;
    // The last counts, as in every map of Protobuf.
    const auto found = std::find_if(members.rbegin(), members.rend(), [&](const Member& member) {
      return member.name == path.names.back();
    });
    return found == members.rend() ? Value() : found->value;
  }
  const auto number = std::ranges::find(kNumbers, path.names.front(),
                                        &std::pair<std::string_view, std::uint32_t>::first);
  if (number == std::end(kNumbers) || texts_[number->second].empty()) {
    return {};
  }
  return texts_[number->second];
}

void MessageReader::FillKind(Draft* draft) const {
  const FieldRule& rule = mapping_.rule(Field::kKind);
  std::optional<CallKind> kind;
  if (rule.fixed.has_value()) {
    kind = CallKindOfName(*rule.fixed);
  } else if (!rule.is_override || rule.paths.front().names.front() == "kind") {
    if (kind_ >= 1 && kind_ <= 6) {
      kind = static_cast<CallKind>(kind_);
    }
  } else {
    const Value value = Find(rule.paths.front());
    if (const auto* const name = std::get_if<std::string_view>(&value)) {
      kind = CallKindOfName(*name);
    }
  }
  if (!kind.has_value()) {
    draft->bad_type = rule.is_override ? "the kind is missing or unknown"
                      : kind_ == 0     ? "kind is missing"
                                       : fmt::format("kind {} is unknown", kind_);
    return;
  }
  draft->kind = *kind;
}

void MessageReader::FillText(Field field, TextField* out, Draft* draft) const {
  const FieldRule& rule = mapping_.rule(field);
  if (rule.fixed.has_value()) {
    out->Set(*rule.fixed);
    return;
  }
  for (const Path& path : rule.paths) {
    if (!path.kinds.Contains(draft->kind)) {
      continue;
    }
    const Value value = Find(path);
    if (std::holds_alternative<std::monostate>(value)) {
      continue;
    }
    if (const auto* const text = std::get_if<std::string_view>(&value)) {
      out->Set(*text);
    } else if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
      out->SetInteger(*integer);
    } else if (draft->bad_type.empty()) {
      draft->bad_type = fmt::format("{} is neither text nor an integer", ToString(path));
    }
    return;
  }
}

void MessageReader::FillTime(Field field, TimeField* out, Draft* draft) const {
  const FieldRule& rule = mapping_.rule(field);
  out->name = FieldName(field);
  if (rule.fixed.has_value()) {
    out->form = TimeField::Form::kText;
    out->text = *rule.fixed;
    return;
  }
  if (rule.paths.empty()) {
    return;
  }
  const Path& path = rule.paths.front();
  for (const std::uint32_t number : {kOccurredAtNumber, kReceivedAtNumber}) {
    const std::string_view name = number == kOccurredAtNumber ? "occurred_at" : "received_at";
    if (path.names.size() != 1 || path.names.front() != name || !times_[number].has_value()) {
      continue;
    }
    const Timestamp& timestamp = *times_[number];
    if (timestamp.seconds > kSecondsMax || timestamp.seconds < -kSecondsMax) {
      out->form = TimeField::Form::kNumber;  // Beyond the calendar: judged, and told, as a number.
      out->number = static_cast<double>(timestamp.seconds) * 1000.0;
      return;
    }
    out->form = TimeField::Form::kInstant;
    out->instant = InstantFromMs(timestamp.seconds * 1000 + timestamp.nanos / 1'000'000);
    return;
  }
  const Value value = Find(path);
  if (const auto* const text = std::get_if<std::string_view>(&value)) {
    out->form = TimeField::Form::kText;
    out->text = *text;
  } else if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
    out->form = TimeField::Form::kNumber;
    out->number = static_cast<double>(*integer);
  } else if (const auto* const number = std::get_if<double>(&value)) {
    out->form = TimeField::Form::kNumber;
    out->number = *number;
  } else if (!std::holds_alternative<std::monostate>(value) && draft->bad_type.empty()) {
    draft->bad_type = fmt::format("{} is no time", ToString(path));
  }
}

void MessageReader::AddMembers(const std::vector<Member>& members, BagBuilder* builder) {
  for (const Member& member : members) {
    if (const auto* const json = std::get_if<JsonText>(&member.value)) {
      json_.Add(member.name, json->text, builder);
    } else if (const auto* const text = std::get_if<std::string_view>(&member.value)) {
      builder->Add(member.name, *text);
    } else if (const auto* const integer = std::get_if<std::int64_t>(&member.value)) {
      builder->Add(member.name, *integer);
    } else if (const auto* const number = std::get_if<double>(&member.value)) {
      builder->Add(member.name, *number);
    } else if (const auto* const truth = std::get_if<bool>(&member.value)) {
      builder->Add(member.name, *truth);
    } else {
      builder->Add(member.name, std::monostate());
    }
  }
}

void MessageReader::AddProperties(BagBuilder* builder) {
  AddMembers(*MembersAt(mapping_.rule(Field::kProperties)), builder);
}

void MessageReader::AddTraits(BagBuilder* builder) {
  AddMembers(*MembersAt(mapping_.rule(Field::kTraits)), builder);
}

}  // namespace foothold::intake
