#pragma once

#include <memory>

#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/config/config.h"
#include "src/log/log.h"

namespace foothold::app {

// How long commands that look at a system wait for an answer, and for records.
inline constexpr milliseconds kCallTimeout{10'000};
inline constexpr milliseconds kPollTimeout{200};
// A transaction that hangs holds its reader for ever; this long is too long for a live one.
inline constexpr milliseconds kTransactionStuckAfter{40'000};

// The brokers of a configuration, behind the port. What the client library says goes to `logger`,
// which outlives the log. kFatal names the property that is missing or wrong.
Result<std::unique_ptr<log::Log>> OpenKafka(const config::Config& config, const Logger* logger);

// Whether the client library takes these properties; asks no broker. kFatal as of OpenKafka().
Status CheckKafka(const config::Config& config);

}  // namespace foothold::app
