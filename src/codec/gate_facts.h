#pragma once

// What the gate of a partition remembers <-> bytes: facts of the partition, flat as in flat.h.
// Decoding returns what the functions of state.h return.

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/journey/gate.h"

namespace foothold::codec {

std::string EncodeRuleControls(const journey::RuleControls& controls);
Result<journey::RuleControls> DecodeRuleControls(std::string_view bytes);

std::string EncodeReleaseCounts(const journey::ReleaseCounts& counts);
Result<journey::ReleaseCounts> DecodeReleaseCounts(std::string_view bytes);

}  // namespace foothold::codec
