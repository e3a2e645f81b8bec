#pragma once

// Who was erased, as a fact of a partition: the journey's and the people stage's tasks keep one
// each.

#include <optional>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/journey/clock.h"
#include "src/journey/erased_ids.h"
#include "src/stream/partition_state.h"

namespace foothold::stream {

// What the state holds; nobody if it holds nothing. kCorrupt: it cannot be read.
Result<journey::ErasedIds> ReadErased(PartitionState* state);
// Forgets those whose time is over, and stages the rest.
void WriteErased(const journey::Clock& clock, journey::ErasedIds* erased, PartitionState* state);
// The time that an erasure's end is compared with: the wall's, in files that of the events.
std::optional<Instant> TimeOfErasures(const journey::Clock& clock);

}  // namespace foothold::stream
