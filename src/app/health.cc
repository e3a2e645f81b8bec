#include "src/app/health.h"

#include <utility>

namespace foothold::app {
namespace {

http::HttpResponse Answer(bool is_well, const char* well, const char* unwell) {
  return {.status = is_well ? 200 : 503, .body = is_well ? well : unwell};
}

}  // namespace

Result<std::unique_ptr<http::HttpServer>> ServeHealth(const std::string& listen,
                                                      const Service& service,
                                                      const metrics::Registry& registry) {
  http::HttpOptions options;
  options.listen = listen;
  options.handlers["/metrics"] = [&registry](const http::HttpRequest&) {
    return http::HttpResponse{.status = 200,
                              .content_type = std::string(metrics::Registry::kContentType),
                              .body = registry.Render()};
  };
  options.handlers["/livez"] = [&service](const http::HttpRequest&) {
    return Answer(service.is_alive(), "alive\n", "a worker is past its deadline\n");
  };
  options.handlers["/readyz"] = [&service](const http::HttpRequest&) {
    return Answer(service.is_ready(), "ready\n",
                  "partitions are not assigned yet, or their state is being restored\n");
  };
  return http::HttpServer::Start(std::move(options));
}

}  // namespace foothold::app
