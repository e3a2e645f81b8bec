#pragma once

// The fields of the records that are written most, in the order of their .proto files, for
// JsonSink. For src/codec only. The rarer records go through their messages (record_messages.h).
// Without `has_person` whatever names the person beyond the user id is left out.

#include "src/codec/json_sink.h"
#include "src/journey/records.h"

namespace foothold::codec {

void PutFields(const journey::ActivationChanged& record, bool has_person, JsonSink* sink);
void PutFields(const journey::OnboardingProgress& record, bool has_person, JsonSink* sink);
void PutFields(const journey::UserStatus& record, bool has_person, JsonSink* sink);
void PutFields(const journey::AccountStatus& record, bool has_person, JsonSink* sink);

}  // namespace foothold::codec
