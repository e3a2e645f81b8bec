#include "src/app/health.h"

#include <optional>
#include <string>
#include <utility>

namespace foothold::app {
Result<std::unique_ptr<http::HttpServer>> ServeHealth(const std::string& listen,
                                                      const Service& service,
                                                      const metrics::Registry& registry,
                                                      metrics::ProcessMetrics* process,
                                                      const Show* show) {
  http::HttpOptions options;
  options.listen = listen;
  options.handlers["/metrics"] = [&registry, process](const http::HttpRequest&) {
    process->Look();
    return http::HttpResponse{.status = 200,
                              .content_type = std::string(metrics::Registry::kContentType),
                              .body = registry.Render()};
  };
  options.handlers["/livez"] = [&service](const http::HttpRequest&) {
    const std::optional<std::string> why_not = service.WhyNotAlive();
    return http::HttpResponse{.status = why_not.has_value() ? 503 : 200,
                              .body = why_not.value_or("alive") + "\n"};
  };
  options.handlers["/readyz"] = [&service](const http::HttpRequest&) {
    const std::optional<std::string> why_not = service.WhyNotReady();
    return http::HttpResponse{.status = why_not.has_value() ? 503 : 200,
                              .body = why_not.value_or("ready") + "\n"};
  };
  if (show != nullptr) {
    FOOTHOLD_TRY(show->AddTo(&options));
  }
  return http::HttpServer::Start(std::move(options));
}

}  // namespace foothold::app
