#include "tests/fuzz/targets.h"

#include <algorithm>
#include <array>

namespace foothold::fuzz {
namespace {

constexpr auto kTargets = std::to_array<Target>({
    {"config", ConfigText},
    {"control", ControlEntry},
    {"erased", Erased},
    {"intake", Intake},
    {"journal", Journal},
    {"json_mixpanel", JsonMixpanel},
    {"json_posthog", JsonPosthog},
    {"json_rudderstack", JsonRudderstack},
    {"json_segment", JsonSegment},
    {"keys", Keys},
    {"outputs", Outputs},
    {"playbook", PlaybookText},
    {"progress_note", ProgressNote},
    {"protobuf_framed", ProtobufFramed},
    {"protobuf_raw", ProtobufRaw},
    {"state", State},
});

}  // namespace

std::span<const Target> Targets() { return kTargets; }

const Target* FindTarget(std::string_view name) {
  const auto* const found = std::ranges::find(kTargets, name, &Target::name);
  return found == kTargets.end() ? nullptr : found;
}

}  // namespace foothold::fuzz
