#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "src/base/bag.h"
#include "src/intake/decoder.h"

namespace foothold::intake {

// A decoder of that preset; the overrides are checked to be right.
DecoderOptions OptionsOf(std::string_view preset,
                         const std::map<std::string, std::string>& overrides = {});

// 2026-01-02T03:04:05.000Z, when the broker of these tests receives a record.
inline constexpr Instant kBrokerTime = InstantFromMs(1'767'323'045'000);

// A record as it comes from Kafka at kBrokerTime, and one of a file.
InputRecord LiveRecord(std::string_view value);
InputRecord FileRecord(std::string_view value);

// The outcome in one line: `rejected bad_type: ...`, `skipped anonymous`, or `accepted`, without an
// account `unplaced`, with the fields of the event that say something.
std::string Describe(const Outcome& outcome);
// `{a: 1, b: "text"}` in the order of the bag.
std::string DescribeBag(const BagView& bag);

}  // namespace foothold::intake
