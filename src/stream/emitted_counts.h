#pragma once

#include "src/journey/definition.h"
#include "src/stream/outbox.h"

namespace foothold::metrics {
class JourneyMetrics;
}

namespace foothold::stream {

// Counts what one commit emitted: decisions by type, role and class, interventions by type, rule
// and what they say, statuses, times to value. `definition` may be null: then roles are not known.
void CountEmitted(const Outbox& outbox, const journey::Definition* definition,
                  metrics::JourneyMetrics* counts);

}  // namespace foothold::stream
