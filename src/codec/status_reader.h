#pragma once

// Values of the status topics -> the statuses, for readers of our own outputs. The topics must be
// written as Protobuf (OutputFormat::kProtobufRaw): JSON is for others.

#include <string_view>

#include "src/base/status.h"
#include "src/journey/records.h"

namespace foothold::codec {

// What OutputEncoder wrote, field by field; an activation rate has three decimals. kInvalid: the
// bytes are no such message, or hold a word that this version does not know.
Result<journey::UserStatus> DecodeUserStatus(std::string_view value);
Result<journey::AccountStatus> DecodeAccountStatus(std::string_view value);

}  // namespace foothold::codec
