#pragma once

#include <memory>

#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/config/config.h"
#include "src/log/log.h"

namespace foothold::app {

// The brokers of a configuration, behind the port. What the client library says goes to `logger`,
// which outlives the log. kFatal names the property that is missing or wrong.
Result<std::unique_ptr<log::Log>> OpenKafka(const config::Config& config, const Logger* logger);

}  // namespace foothold::app
