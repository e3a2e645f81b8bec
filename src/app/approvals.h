#pragma once

#include <functional>
#include <string>

#include "src/app/api.h"
#include "src/base/logging.h"
#include "src/config/config.h"
#include "src/log/log.h"

namespace foothold::app {

// How the API says to a running system what somebody decided: the same word of the ledger that
// `foothold rules approve` writes. Why it was said goes to the log of the process.
//
// `instance` tells this writer from others of the app. The log and the logger outlive what is
// returned; it may be called on several threads at once.
std::function<Status(const ApprovalSaid&)> ApprovalWriter(const config::Config& config,
                                                          const std::string& instance,
                                                          log::Log* log, const Logger* logger);

}  // namespace foothold::app
