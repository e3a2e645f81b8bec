#pragma once

#include <optional>
#include <string>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/intake/draft.h"

namespace foothold::intake {

// How far past its receive time an event may say it happened.
inline constexpr milliseconds kFutureMax = 5 * kMinute;
// How far ahead of the largest time so far a record of a file may be that has no receive time.
inline constexpr milliseconds kFileJumpMax = 366 * kDay;

struct EventTime {
  Instant occurred_at;
  bool was_without_zone = false;
  bool was_in_future = false;  // The receive time was taken.
};

// When the event happened (PRODUCT.md section 2, "Time"). `broker_time` is absent in files;
// `event_time_max` is the largest time accepted so far. kInvalid: the message says which time is
// unusable and why.
Result<EventTime> DetermineEventTime(const Draft& draft, std::optional<Instant> broker_time,
                                     std::optional<Instant> event_time_max);

}  // namespace foothold::intake
