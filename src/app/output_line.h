#pragma once

#include <string>

#include "src/log/log.h"

namespace foothold::app {

// Appends `record` as one line of JSON with its newline: {"topic","partition","offset","key",
// "headers":{},"value"}. `value` is the record's JSON as it is if its content-type says so, else a
// string if the bytes are UTF-8, else `valueBase64` stands in its place (`keyBase64` likewise);
// null for a tombstone. `is_foreign`: the bytes are somebody else's (a dead letter) and never taken
// for JSON, whatever their headers say.
void AppendOutputLine(const log::RecordView& record, bool is_foreign, std::string* out);

}  // namespace foothold::app
