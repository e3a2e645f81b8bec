#pragma once

#include <memory>

#include "src/stream/keyed_stage.h"
#include "src/stream/options.h"
#include "src/stream/people_task.h"

namespace foothold::stream {

// The people stage's side of a worker: a PeopleTask for each partition of the people topic that it
// owns. `metrics` and `placed` outlive the stage; the metrics of `surroundings` are not asked.
std::unique_ptr<KeyedStage> MakePeopleStage(PeopleOptions options,
                                            KeyedStage::Surroundings surroundings,
                                            metrics::PeopleMetrics* metrics, PlacedTimes* placed);

}  // namespace foothold::stream
