#pragma once

// How often events come, as a fact of a partition <-> bytes (kind 'V' of flat.h).

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/journey/volumes.h"

namespace foothold::codec {

std::string EncodeVolumes(const journey::EventVolumes& volumes);
// kCorrupt: damaged or cut; kFatal: of a newer build.
Result<journey::EventVolumes> DecodeVolumes(std::string_view bytes);

}  // namespace foothold::codec
