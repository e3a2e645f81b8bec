#pragma once

// Entries of the people topic, whose bytes are read where they lie. For src/codec only.

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/codec/journal.h"

namespace foothold::codec {

// The message of proto/journal.proto. `event`: the body of the record's event.
std::string EncodePersonRecord(const PersonRecord& record, std::string_view event);
// All but the event, whose body is `*event`. Views lie in `body`.
Status DecodePersonRecord(std::string_view body, PersonRecord* record, std::string_view* event);

// Views lie in `body`.
Result<PersonFact> ReadPersonFact(std::string_view body);

}  // namespace foothold::codec
