#include "src/http/server.h"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <civetweb.h>
#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::http {
namespace {

constexpr const char* kThreads = "4";
constexpr const char* kRequestTimeoutMs = "10000";
constexpr const char* kHeadBytesMax = "16384";
constexpr const char* kWaitingMax = "20";
constexpr std::size_t kErrorTextBytes = 256;
constexpr std::chrono::milliseconds kWakeInterval{5};

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

// "host:port"; an IPv6 host stands in brackets. Nothing else of civetweb's own syntax gets through.
std::optional<ListenAddress> ParseListen(std::string_view listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view host = listen.substr(0, colon);
  const std::string_view port = listen.substr(colon + 1);
  const bool is_bracketed = host.front() == '[' && host.back() == ']';
  const std::string_view name = is_bracketed ? host.substr(1, host.size() - 2) : host;
  constexpr std::string_view kNameBytes =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";
  const std::string allowed = std::string(kNameBytes) + (is_bracketed ? ":" : "");
  if (name.empty() || name.find_first_not_of(allowed) != std::string_view::npos) {
    return std::nullopt;
  }
  ListenAddress address{.host = std::string(host), .port = 0};
  const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || rest != port.data() + port.size()) {
    return std::nullopt;
  }
  return address;
}

std::string_view ReasonPhrase(int status) {
  const char* const phrase = mg_get_response_code_text(nullptr, status);
  return phrase == nullptr ? "Status" : phrase;
}

struct Handlers {
  std::map<std::string, HttpHandler> gets;
  std::map<std::string, HttpHandler> posts;
  std::size_t body_bytes_max = 0;
};

HttpResponse NotFound(const Handlers& handlers) {
  HttpResponse response{.status = 404, .body = "not found; there is\n"};
  for (const auto& [path, handler] : handlers.gets) response.body += "  " + path + "\n";
  for (const auto& [path, handler] : handlers.posts) response.body += "  POST " + path + "\n";
  return response;
}

HttpResponse NotAllowed(const Handlers& handlers, const std::string& path) {
  const bool has_post = handlers.posts.contains(path);
  const bool has_get = handlers.gets.contains(path) || !has_post;
  const std::string allowed = fmt::format("{}{}{}", has_get ? "GET, HEAD" : "",
                                          has_get && has_post ? ", " : "", has_post ? "POST" : "");
  return {.status = 405,
          .body = has_post ? "only " + allowed + "\n" : "only GET and HEAD\n",
          .headers = {{"Allow", allowed}}};
}

void Send(mg_connection* connection, const HttpResponse& response, bool is_head) {
  std::string bytes = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\n",
      response.status, ReasonPhrase(response.status), response.content_type, response.body.size());
  for (const auto& [name, value] : response.headers) {
    FOOTHOLD_CHECK(value.find_first_of("\r\n") == std::string::npos, "a header is one line");
    bytes += fmt::format("{}: {}\r\n", name, value);
  }
  bytes += "Connection: close\r\n\r\n";
  if (!is_head) bytes += response.body;
  // A reader that has gone away is no failure of ours.
  static_cast<void>(mg_write(connection, bytes.data(), bytes.size()));
}

std::string HeaderOf(const mg_connection* connection, const char* name) {
  const char* const value = mg_get_header(connection, name);
  return value == nullptr ? std::string() : std::string(value);
}

// Reads the body into `*body`. A response: why it is not taken.
std::optional<HttpResponse> ReadBody(mg_connection* connection, const mg_request_info& info,
                                     std::size_t bytes_max, std::string* body) {
  if (info.content_length < 0) {
    return HttpResponse{.status = 411, .body = "say Content-Length\n"};
  }
  const auto length = static_cast<std::size_t>(info.content_length);
  if (length > bytes_max) {
    return HttpResponse{.status = 413, .body = fmt::format("{} bytes at most\n", bytes_max)};
  }
  body->resize(length);
  std::size_t have = 0;
  while (have < length) {
    const int count = mg_read(connection, body->data() + have, length - have);
    if (count <= 0) {
      return HttpResponse{.status = 400, .body = "the body is shorter than it says\n"};
    }
    have += static_cast<std::size_t>(count);
  }
  return std::nullopt;
}

class CivetServerImpl final : public HttpServer {
 public:
  explicit CivetServerImpl(Handlers handlers) : handlers_(std::move(handlers)) {
    mg_init_library(0);
  }
  ~CivetServerImpl() override {
    if (context_ != nullptr) Stop();
    mg_exit_library();
  }
  CivetServerImpl(const CivetServerImpl&) = delete;
  CivetServerImpl& operator=(const CivetServerImpl&) = delete;

  Status Listen(const ListenAddress& address);
  std::uint16_t port() const override { return port_; }

 private:
  static int OnRequest(mg_connection* connection);
  static int OnMessage(const mg_connection* connection, const char* message);
  void Answer(mg_connection* connection, const mg_request_info& info) const;
  void Stop();

  const Handlers handlers_;
  mg_context* context_ = nullptr;
  std::string host_;
  std::uint16_t port_ = 0;
  // The first thing civetweb complained of while starting: written by the starting thread alone.
  std::string start_message_;
  std::atomic<bool> is_started_ = false;
};

Status CivetServerImpl::Listen(const ListenAddress& address) {
  const std::string listen = fmt::format("{}:{}", address.host, address.port);
  std::array<const char*, 13> settings = {"listening_ports",
                                          listen.c_str(),
                                          "num_threads",
                                          kThreads,
                                          "request_timeout_ms",
                                          kRequestTimeoutMs,
                                          "enable_keep_alive",
                                          "no",
                                          "max_request_size",
                                          kHeadBytesMax,
                                          "connection_queue",
                                          kWaitingMax,
                                          nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &CivetServerImpl::OnRequest;
  callbacks.log_message = &CivetServerImpl::OnMessage;
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = this;
  init.configuration_options = settings.data();
  std::array<char, kErrorTextBytes> text{};
  mg_error_data error{};
  error.text = text.data();
  error.text_buffer_size = text.size();

  context_ = mg_start2(&init, &error);
  if (context_ == nullptr) {
    return Error(
        Code::kFatal,
        fmt::format("cannot listen on http://{}: {}; free that port, or set http.listen to "
                    "another address of this machine",
                    listen, start_message_.empty() ? text.data() : start_message_));
  }
  is_started_ = true;
  host_ = address.host;
  mg_server_port listening{};
  FOOTHOLD_CHECK(mg_get_server_ports(context_, 1, &listening) == 1, "one address was asked for");
  port_ = static_cast<std::uint16_t>(listening.port);
  return {};
}

int CivetServerImpl::OnRequest(mg_connection* connection) {
  const mg_request_info* const info = mg_get_request_info(connection);
  static_cast<const CivetServerImpl*>(info->user_data)->Answer(connection, *info);
  return 1;  // Answered: civetweb itself serves nothing.
}

// What it says later is about its clients: broken requests, readers gone away. It would print it.
int CivetServerImpl::OnMessage(const mg_connection* connection, const char* message) {
  auto* const self = static_cast<CivetServerImpl*>(mg_get_user_data(mg_get_context(connection)));
  if (!self->is_started_ && self->start_message_.empty()) self->start_message_ = message;
  return 1;
}

void CivetServerImpl::Stop() {
  // civetweb's accepting thread sees the end only when its poll of two seconds returns, or when
  // somebody connects: so somebody does.
  std::string host = host_;
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  std::atomic<bool> is_stopped = false;
  const std::jthread waker([&host, &is_stopped, this] {
    while (!is_stopped) {
      std::array<char, kErrorTextBytes> error{};
      mg_connection* const connection =
          mg_connect_client(host.c_str(), port_, 0, error.data(), error.size());
      if (connection == nullptr) return;  // Nobody listens any more.
      mg_close_connection(connection);
      std::this_thread::sleep_for(kWakeInterval);
    }
  });
  mg_stop(context_);
  is_stopped = true;
}

void CivetServerImpl::Answer(mg_connection* connection, const mg_request_info& info) const {
  const std::string_view method = info.request_method;
  const bool is_head = method == "HEAD";
  HttpRequest request{.path = info.local_uri == nullptr ? "" : info.local_uri,
                      .query = info.query_string == nullptr ? "" : info.query_string,
                      .host = HeaderOf(connection, "Host"),
                      .authorization = HeaderOf(connection, "Authorization"),
                      .content_type = HeaderOf(connection, "Content-Type")};
  const bool is_post = method == "POST" && handlers_.posts.contains(request.path);
  const bool is_get = (is_head || method == "GET") && (handlers_.gets.contains(request.path) ||
                                                       !handlers_.posts.contains(request.path));
  if (!is_post && !is_get) {
    Send(connection, NotAllowed(handlers_, request.path), is_head);
    return;
  }
  if (is_post) {
    const std::optional<HttpResponse> refused =
        ReadBody(connection, info, handlers_.body_bytes_max, &request.body);
    Send(connection, refused.has_value() ? *refused : handlers_.posts.at(request.path)(request),
         false);
    return;
  }
  const auto handler = handlers_.gets.find(request.path);
  Send(connection, handler == handlers_.gets.end() ? NotFound(handlers_) : handler->second(request),
       is_head);
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpOptions options) {
  const std::optional<ListenAddress> address = ParseListen(options.listen);
  if (!address) {
    return Error(Code::kFatal, fmt::format("http.listen is '{}': expected host:port, such as "
                                           "127.0.0.1:9464 or [::1]:9464",
                                           options.listen));
  }
  for (const auto* const handlers : {&options.handlers, &options.posts}) {
    for (const auto& [path, handler] : *handlers) {
      FOOTHOLD_CHECK(path.starts_with('/') && handler != nullptr, "a handler for a path");
    }
  }
  auto server =
      std::make_unique<CivetServerImpl>(Handlers{.gets = std::move(options.handlers),
                                                 .posts = std::move(options.posts),
                                                 .body_bytes_max = options.body_bytes_max});
  FOOTHOLD_TRY(server->Listen(*address));
  return server;
}

}  // namespace foothold::http
