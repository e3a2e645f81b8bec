#include "src/codec/person_record.h"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "proto/journal.pb.h"
#include "src/codec/journal_format.h"
#include "src/codec/wire.h"

namespace foothold::codec {
namespace {

using Fields = v1::PersonRecord;
using HeaderFields = v1::PersonRecord::Header;
using FactFields = v1::PersonFact;

Failure Damaged() { return Error(Code::kCorrupt, "an entry of the people topic is damaged"); }

Failure Newer(std::uint64_t tag) {
  return Error(Code::kFatal,
               fmt::format("an entry of the people topic was written by a newer Foothold: a field "
                           "of tag {}",
                           tag));
}

void AppendNumber(int field, std::uint64_t value, std::string* out) {
  AppendVarint(Tag(field, kVarintType), out);
  AppendVarint(value, out);
}

void AppendBytes(int field, std::string_view bytes, std::string* out) {
  AppendVarint(Tag(field, kSizedType), out);
  AppendVarint(bytes.size(), out);
  *out += bytes;
}

void AppendText(int field, std::string_view text, std::string* out) {
  if (!text.empty()) {
    AppendBytes(field, text, out);
  }
}

void AppendRaw(const RawRecord& raw, std::string* out) {
  AppendNumber(Fields::kHasRawFieldNumber, 1, out);
  if (raw.key.has_value()) {
    AppendBytes(Fields::kRawKeyFieldNumber, *raw.key, out);
  }
  if (raw.value.has_value()) {
    AppendBytes(Fields::kRawValueFieldNumber, *raw.value, out);
  }
  for (const auto& [name, value] : raw.headers) {
    std::string header;
    AppendText(HeaderFields::kNameFieldNumber, name, &header);
    if (value.has_value()) {
      AppendBytes(HeaderFields::kValueFieldNumber, *value, &header);
    }
    AppendBytes(Fields::kRawHeadersFieldNumber, header, out);
  }
  AppendNumber(Fields::kRawTimestampFieldNumber, static_cast<std::uint64_t>(ToMs(raw.timestamp)),
               out);
}

// Reads one field: a number or bytes, as its tag says.
bool ReadField(ByteReader* reader, std::uint64_t* tag, std::uint64_t* number,
               std::string_view* bytes) {
  if (!reader->Varint(tag)) {
    return false;
  }
  constexpr std::uint64_t kTypeMask = 7;
  switch (*tag & kTypeMask) {
    case kVarintType:
      return reader->Varint(number);
    case kSizedType:
      return reader->SizedBytes(bytes);
    default:
      return false;
  }
}

Status ReadHeader(std::string_view body, RawRecord* raw) {
  auto& [name, value] = raw->headers.emplace_back();
  ByteReader reader(body);
  while (!reader.is_done()) {
    std::uint64_t tag = 0;
    std::uint64_t number = 0;
    std::string_view bytes;
    if (!ReadField(&reader, &tag, &number, &bytes)) {
      return Damaged();
    }
    if (tag == Tag(HeaderFields::kNameFieldNumber, kSizedType)) {
      name = bytes;
    } else if (tag == Tag(HeaderFields::kValueFieldNumber, kSizedType)) {
      value = bytes;
    } else {
      return Newer(tag);
    }
  }
  return {};
}

Instant InstantOf(std::uint64_t number) { return InstantFromMs(static_cast<std::int64_t>(number)); }

}  // namespace

std::string EncodePersonRecord(const PersonRecord& record, std::string_view event) {
  std::string body;
  AppendBytes(Fields::kEventFieldNumber, event, &body);
  AppendNumber(Fields::kAtFieldNumber, static_cast<std::uint64_t>(ToMs(record.at)), &body);
  AppendNumber(Fields::kHopsFieldNumber, record.hops, &body);
  AppendNumber(Fields::kIsForPreviousFieldNumber, record.is_for_previous ? 1 : 0, &body);
  AppendText(Fields::kFlawFieldNumber, record.flaw, &body);
  AppendText(Fields::kFlawDetailFieldNumber, record.flaw_detail, &body);
  if (record.raw.has_value()) {
    AppendRaw(*record.raw, &body);
  }
  return body;
}

Status DecodePersonRecord(std::string_view body, PersonRecord* record, std::string_view* event) {
  RawRecord raw;
  bool has_raw = false;
  ByteReader reader(body);
  while (!reader.is_done()) {
    std::uint64_t tag = 0;
    std::uint64_t number = 0;
    std::string_view bytes;
    if (!ReadField(&reader, &tag, &number, &bytes)) {
      return Damaged();
    }
    switch (tag) {
      case Tag(Fields::kEventFieldNumber, kSizedType):
        *event = bytes;
        break;
      case Tag(Fields::kAtFieldNumber, kVarintType):
        record->at = InstantOf(number);
        break;
      case Tag(Fields::kHopsFieldNumber, kVarintType):
        record->hops = static_cast<std::uint32_t>(number);
        break;
      case Tag(Fields::kIsForPreviousFieldNumber, kVarintType):
        record->is_for_previous = number != 0;
        break;
      case Tag(Fields::kFlawFieldNumber, kSizedType):
        record->flaw = bytes;
        break;
      case Tag(Fields::kFlawDetailFieldNumber, kSizedType):
        record->flaw_detail = bytes;
        break;
      case Tag(Fields::kHasRawFieldNumber, kVarintType):
        has_raw = number != 0;
        break;
      case Tag(Fields::kRawKeyFieldNumber, kSizedType):
        raw.key = bytes;
        break;
      case Tag(Fields::kRawValueFieldNumber, kSizedType):
        raw.value = bytes;
        break;
      case Tag(Fields::kRawHeadersFieldNumber, kSizedType):
        FOOTHOLD_TRY(ReadHeader(bytes, &raw));
        break;
      case Tag(Fields::kRawTimestampFieldNumber, kVarintType):
        raw.timestamp = InstantOf(number);
        break;
      default:
        return Newer(tag);
    }
  }
  if (has_raw) {
    record->raw = std::move(raw);
  }
  return {};
}

Result<PersonFact> ReadPersonFact(std::string_view body) {
  PersonFact fact;
  std::uint64_t kind = 0;
  ByteReader reader(body);
  while (!reader.is_done()) {
    std::uint64_t tag = 0;
    std::uint64_t number = 0;
    std::string_view bytes;
    if (!ReadField(&reader, &tag, &number, &bytes)) {
      return Damaged();
    }
    switch (tag) {
      case Tag(FactFields::kKindFieldNumber, kVarintType):
        kind = number;
        break;
      case Tag(FactFields::kUserIdFieldNumber, kSizedType):
        fact.user = bytes;
        break;
      case Tag(FactFields::kOtherFieldNumber, kSizedType):
        fact.other = bytes;
        break;
      case Tag(FactFields::kAtFieldNumber, kVarintType):
        fact.at = InstantOf(number);
        break;
      case Tag(FactFields::kHopsFieldNumber, kVarintType):
        fact.hops = static_cast<std::uint32_t>(number);
        break;
      default:
        return Newer(tag);
    }
  }
  if (kind != static_cast<std::uint64_t>(PersonFactKind::kAccount) &&
      kind != static_cast<std::uint64_t>(PersonFactKind::kSuccessor)) {
    return Error(
        Code::kFatal,
        fmt::format("a fact of a person is of kind {}, which a newer Foothold wrote", kind));
  }
  fact.kind = static_cast<PersonFactKind>(kind);
  if (fact.user.empty() || fact.other.empty()) {
    return Damaged();
  }
  return fact;
}

}  // namespace foothold::codec
