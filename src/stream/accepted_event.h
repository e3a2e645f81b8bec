#pragma once

#include <string>

#include "src/intake/event.h"
#include "src/intake/source_progress.h"
#include "src/journey/clock.h"
#include "src/journey/event.h"
#include "src/log/log.h"

namespace foothold::stream {

// An event as intake accepted it, as the journal takes it: with the place it came from. The views
// are those of the arguments.
journey::Event ToJourney(const intake::Event& event, const std::string& source,
                         const log::RecordView& record);
// How far a source partition was read, likewise.
journey::PartitionProgress ToJourney(const intake::ReadProgress& read);

}  // namespace foothold::stream
