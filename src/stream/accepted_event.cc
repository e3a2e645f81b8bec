#include "src/stream/accepted_event.h"

namespace foothold::stream {

static_assert(static_cast<int>(intake::CallKind::kTrack) ==
              static_cast<int>(journey::CallKind::kTrack));
static_assert(static_cast<int>(intake::CallKind::kAlias) ==
              static_cast<int>(journey::CallKind::kAlias));

journey::Event ToJourney(const intake::Event& event, const std::string& source,
                         const log::RecordView& record) {
  return {.kind = static_cast<journey::CallKind>(event.kind),
          .tenant = event.tenant,
          .user = event.user,
          .id = event.id,
          .fingerprint = event.fingerprint,
          .name = event.name,
          .occurred_at = event.occurred_at,
          .is_product = event.is_product,
          .role = event.role,
          .is_role_override = event.is_role_override,
          .previous_user = event.previous_user,
          .properties = event.properties,
          .traits = event.traits,
          .position = {.source = source,
                       .topic = record.topic,
                       .partition = record.partition,
                       .offset = record.offset}};
}

journey::PartitionProgress ToJourney(const intake::ReadProgress& read) {
  return {.event_time_max = read.event_time_max,
          .event_time_min = read.event_time_min,
          .is_at_end = read.is_at_end,
          .broker_time_max = read.broker_time_max,
          .unplaced_next = read.unplaced_next};
}

}  // namespace foothold::stream
