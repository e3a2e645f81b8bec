#pragma once

#include <string_view>

#include "src/base/time.h"
#include "src/intake/decoder.h"

namespace foothold::fuzz {

// When the broker received what the targets decode.
inline constexpr Instant kBrokerTime = InstantFromMs(1'767'323'045'000);

// Of a preset as it is.
intake::DecoderOptions OptionsOf(std::string_view preset);
intake::InputRecord LiveRecord(std::string_view value);

}  // namespace foothold::fuzz
