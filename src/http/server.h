#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/base/status.h"

namespace foothold::http {

struct HttpRequest {
  std::string path;   // Decoded, without the query.
  std::string query;  // As it came, without the question mark.
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Answers one path. Called on the server's threads, several at once.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpOptions {
  // "host:port": an address of this machine; port 0 takes a free one. Loopback unless told
  // otherwise: there is no authentication.
  std::string listen = "127.0.0.1:9464";
  std::map<std::string, HttpHandler> handlers;  // By exact path, such as "/metrics".
};

// A small read-only server: GET and HEAD of a few fixed paths. It serves no files. Other paths are
// answered with 404, other methods with 405.
//
// Thread-safe. Has threads of its own, from Start() to the destructor.
class HttpServer {
 public:
  // kFatal names the address and the remedy: not an address, port in use, no permission.
  static Result<std::unique_ptr<HttpServer>> Start(HttpOptions options);

  // Stops listening and waits for the requests under way.
  virtual ~HttpServer() = default;

  virtual std::uint16_t port() const = 0;
};

}  // namespace foothold::http
