#pragma once

// Who was erased in a partition <-> bytes: a fact of the partition, flat as in flat.h. Decoding
// returns what the functions of state.h return.

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/journey/erased_ids.h"

namespace foothold::codec {

std::string EncodeErasedIds(const journey::ErasedIds& ids);
Result<journey::ErasedIds> DecodeErasedIds(std::string_view bytes);

}  // namespace foothold::codec
