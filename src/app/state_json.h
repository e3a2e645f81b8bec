#pragma once

// One key of a store or a changelog as a line of JSON, for the commands that look at state.

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace foothold::app {

// Appends {"partition","kind","tenant","id","due","value":{...}} and a newline. Of users, accounts
// and persons `value` is what is known of them; of what has no other reader its size alone.
// kCorrupt, kFatal: key or value cannot be read; nothing was appended.
Status AppendStateLine(std::int32_t partition, std::string_view key, std::string_view value,
                       std::string* out);

}  // namespace foothold::app
