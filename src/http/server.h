#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"

namespace foothold::http {

struct HttpRequest {
  std::string path;   // Decoded, without the query.
  std::string query;  // As it came, without the question mark.
  // Headers, empty if they did not come.
  std::string host = {};
  std::string authorization = {};
  std::string content_type = {};
  std::string body = {};  // Of a POST.
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // Further ones, by name.
};

// Answers one path. Called on the server's threads, several at once.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpOptions {
  // "host:port": an address of this machine; port 0 takes a free one. Loopback unless told
  // otherwise: there is no authentication.
  std::string listen = "127.0.0.1:9464";
  std::map<std::string, HttpHandler> handlers;  // By exact path, such as "/metrics".
  std::map<std::string, HttpHandler> posts{};   // Likewise, of POST. The body must say its length.
  std::size_t body_bytes_max = 16U << 10U;      // Of a POST; a larger one is answered with 413.
};

// A small server: GET and HEAD of a few fixed paths, and POST where there is a handler for it. It
// serves no files. Other paths are answered with 404, other methods with 405. The head of a request
// is 16 KiB at most, and all of it is there within 10 s or the connection is closed; four requests
// are answered at once, twenty connections wait.
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
