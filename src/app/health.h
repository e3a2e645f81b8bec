#pragma once

#include <memory>
#include <string>

#include "src/app/service.h"
#include "src/app/show.h"
#include "src/base/status.h"
#include "src/http/server.h"
#include "src/metrics/process_metrics.h"
#include "src/metrics/registry.h"

namespace foothold::app {

// Serves /metrics, /livez (no loop is past its deadline) and /readyz (assigned, restored, lag
// bounded) for the service, and what is shown, if anything is. All outlive the server. kFatal names
// the address and the remedy.
Result<std::unique_ptr<http::HttpServer>> ServeHealth(const std::string& listen,
                                                      const Service& service,
                                                      const metrics::Registry& registry,
                                                      metrics::ProcessMetrics* process,
                                                      const Show* show = nullptr);

}  // namespace foothold::app
