#include "src/http/client.h"

#include <array>
#include <charconv>
#include <memory>

#include <civetweb.h>
#include <fmt/format.h>

namespace foothold::http {
namespace {

constexpr std::size_t kErrorTextBytes = 256;
constexpr std::size_t kBodyBytesMax = 64U << 20U;

struct Closer {
  void operator()(mg_connection* connection) const { mg_close_connection(connection); }
};

// Counts: a server of this process may have it open already.
class Library {
 public:
  Library() { mg_init_library(0); }
  ~Library() { mg_exit_library(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

}  // namespace

Result<HttpResponse> Get(const std::string& address, const std::string& path,
                         milliseconds timeout) {
  const std::size_t colon = address.rfind(':');
  int port = 0;
  const char* const end = address.data() + address.size();
  const char* const digits = address.data() + (colon == std::string::npos ? 0 : colon + 1);
  const auto [stop, error] = std::from_chars(digits, end, port);
  if (colon == std::string::npos || colon == 0 || error != std::errc() || stop != end || port < 1 ||
      port > 65'535) {
    return Error(Code::kInvalid, fmt::format("'{}' is no address: host:port is one", address));
  }
  const Library library;
  std::array<char, kErrorTextBytes> text{};
  const std::unique_ptr<mg_connection, Closer> connection(
      mg_connect_client(address.substr(0, colon).c_str(), port, 0, text.data(), text.size()));
  if (connection == nullptr) {
    return Error(Code::kRetry, fmt::format("nobody answers at {}: {}", address, text.data()));
  }
  mg_printf(connection.get(), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
            path.c_str(), address.c_str());
  if (mg_get_response(connection.get(), text.data(), text.size(),
                      static_cast<int>(timeout.count())) < 0) {
    return Error(Code::kRetry, fmt::format("{} gives no answer: {}", address, text.data()));
  }
  HttpResponse response{.status = mg_get_response_info(connection.get())->status_code,
                        .content_type = {},
                        .body = {}};
  std::array<char, 16U << 10U> chunk{};
  for (int count = 1; count > 0 && response.body.size() < kBodyBytesMax;) {
    count = mg_read(connection.get(), chunk.data(), chunk.size());
    if (count > 0) {
      response.body.append(chunk.data(), static_cast<std::size_t>(count));
    }
  }
  return response;
}

}  // namespace foothold::http
