#pragma once

#include <memory>

#include "src/stream/keyed_stage.h"
#include "src/stream/options.h"

namespace foothold::metrics {
class JourneyMetrics;
}

namespace foothold::stream {

// The journey's side of a worker: a JourneyTask for each journal partition that it owns. `metrics`
// outlives the stage; that of `surroundings` is not asked.
std::unique_ptr<KeyedStage> MakeJourneyStage(JourneyOptions options,
                                             KeyedStage::Surroundings surroundings,
                                             metrics::JourneyMetrics* metrics);

}  // namespace foothold::stream
