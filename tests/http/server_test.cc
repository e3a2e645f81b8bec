#include "src/http/server.h"

#include <array>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace foothold::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Sends `bytes` to the port of loopback and returns all that comes until the other side closes.
std::string Exchange(std::uint16_t port, const std::string& bytes) {
  const int socket_fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::send(socket_fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size())) {
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::recv(socket_fd, buffer.data(), buffer.size(), 0)) > 0;) {
      answer.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  ::close(socket_fd);
  return answer;
}

std::string Ask(std::uint16_t port, const std::string& method, const std::string& target) {
  return Exchange(port, method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

HttpOptions Options(std::map<std::string, HttpHandler> handlers) {
  return {.listen = "127.0.0.1:0", .handlers = std::move(handlers)};
}

std::unique_ptr<HttpServer> Started(std::map<std::string, HttpHandler> handlers) {
  Result<std::unique_ptr<HttpServer>> server = HttpServer::Start(Options(std::move(handlers)));
  EXPECT_TRUE(server.has_value()) << server.error().ToString();
  return std::move(server.value());
}

HttpResponse Hello(const HttpRequest& request) {
  return {.body = "hello " + request.path + " " + request.query + "\n"};
}

TEST(HttpServerTest, AGetIsAnsweredByTheHandlerOfItsPath) {
  const auto server = Started({{"/hello", Hello}});

  const std::string answer = Ask(server->port(), "GET", "/hello?a=1&b=2");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 21\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello /hello a=1&b=2\n"));
}

TEST(HttpServerTest, AHandlerChoosesStatusAndType) {
  const auto server = Started(
      {{"/readyz", [](const HttpRequest&) {
          return HttpResponse{.status = 503, .content_type = "application/json", .body = "{}"};
        }}});

  const std::string answer = Ask(server->port(), "GET", "/readyz");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(HttpServerTest, AHeadIsAnsweredWithoutTheBody) {
  const auto server = Started({{"/hello", Hello}});

  const std::string answer = Ask(server->port(), "HEAD", "/hello");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 14\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServerTest, AnUnknownPathIsNotFoundAndTheAnswerNamesThoseThatAre) {
  const auto server = Started({{"/hello", Hello}, {"/metrics", Hello}});

  for (const std::string path : {"/", "/nothing", "/hello/more", "/etc/passwd"}) {
    const std::string answer = Ask(server->port(), "GET", path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 Not Found\r\n")) << path;
    EXPECT_THAT(answer, HasSubstr("  /hello\n  /metrics\n"));
  }
}

TEST(HttpServerTest, AMethodThatWouldChangeThingsIsRefused) {
  const auto server = Started({{"/hello", Hello}});

  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const std::string answer = Ask(server->port(), method, "/hello");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
  }
}

std::string Post(std::uint16_t port, const std::string& head, const std::string& body) {
  return Exchange(port, "POST /say HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n" + body);
}

std::unique_ptr<HttpServer> StartedWithPost() {
  HttpOptions options = Options({{"/hello", Hello}});
  options.body_bytes_max = 16;
  options.posts["/say"] = [](const HttpRequest& request) {
    return HttpResponse{.body = request.content_type + " " + request.authorization + " " +
                                request.host + " " + request.body};
  };
  return std::move(HttpServer::Start(std::move(options)).value());
}

TEST(HttpServerTest, APostBringsItsBodyAndHeaders) {
  const auto server = StartedWithPost();

  const std::string answer =
      Post(server->port(), "Content-Type: a/b\r\nAuthorization: Bearer x\r\nContent-Length: 4\r\n",
           "word");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\na/b Bearer x localhost word"));
}

TEST(HttpServerTest, ABodyIsBoundedAndSaysItsLength) {
  const auto server = StartedWithPost();

  EXPECT_THAT(Post(server->port(), "Content-Length: 17\r\n", "seventeen letters"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Post(server->port(), "", ""), StartsWith("HTTP/1.1 411 "));
  EXPECT_THAT(Ask(server->port(), "GET", "/say"), HasSubstr("Allow: POST\r\n"));
  EXPECT_THAT(Ask(server->port(), "POST", "/hello"), StartsWith("HTTP/1.1 405 "));
}

TEST(HttpServerTest, AHandlerAddsHeaders) {
  const auto server = Started({{"/hello", [](const HttpRequest&) {
                                  return HttpResponse{.headers = {{"X-More", "said"}}};
                                }}});

  EXPECT_THAT(Ask(server->port(), "GET", "/hello"), HasSubstr("\r\nX-More: said\r\n"));
}

TEST(HttpServerTest, GarbageIsRefusedAndTheServerGoesOn) {
  const auto server = Started({{"/hello", Hello}});

  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\r\n\r\n"), std::string("GET /hello\r\n\r\n"),
        "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n",
        std::string("GET /../hello HTTP/9.9\r\n\r\n")}) {
    EXPECT_THAT(Exchange(server->port(), bytes), Not(HasSubstr("200 OK")));
  }

  EXPECT_THAT(Ask(server->port(), "GET", "/hello"), HasSubstr("200 OK"));
}

TEST(HttpServerTest, SeveralRequestsAreAnsweredAtOnce) {
  constexpr int kAtOnce = 3;
  std::barrier all_inside(kAtOnce);  // No handler ends before all have begun.
  const auto server = Started({{"/wait", [&all_inside](const HttpRequest&) {
                                  all_inside.arrive_and_wait();
                                  return HttpResponse{.body = "done"};
                                }}});

  std::vector<std::string> answers(kAtOnce);
  {
    std::vector<std::jthread> clients;
    for (std::string& answer : answers) {
      clients.emplace_back([&answer, &server] { answer = Ask(server->port(), "GET", "/wait"); });
    }
  }

  for (const std::string& answer : answers) EXPECT_THAT(answer, EndsWith("done"));
}

TEST(HttpServerTest, ALargeBodyArrivesWhole) {
  const std::string body(3'000'000, 'x');
  const auto server =
      Started({{"/large", [&body](const HttpRequest&) { return HttpResponse{.body = body}; }}});

  const std::string answer = Ask(server->port(), "GET", "/large");

  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), body);
}

TEST(HttpServerTest, APortInUseIsRefusedWithAddressAndRemedy) {
  const auto first = Started({{"/hello", Hello}});
  const std::string listen = "127.0.0.1:" + std::to_string(first->port());

  const auto second = HttpServer::Start({.listen = listen, .handlers = {{"/hello", Hello}}});

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Code::kFatal);
  EXPECT_THAT(second.error().message(), HasSubstr("cannot listen on http://" + listen));
  EXPECT_THAT(second.error().message(), HasSubstr("in use"));
  EXPECT_THAT(second.error().message(), HasSubstr("set http.listen"));
}

TEST(HttpServerTest, WhatIsNoAddressIsRefusedWithAnExample) {
  for (const std::string listen :
       {"", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
        "127.0.0.1:80,443s", "::1:9464", "[]:1", "/tmp/socket:1"}) {
    const auto server = HttpServer::Start({.listen = listen, .handlers = {{"/hello", Hello}}});
    ASSERT_FALSE(server.has_value()) << listen;
    EXPECT_EQ(server.error().code(), Code::kFatal);
    EXPECT_THAT(server.error().message(), HasSubstr("such as 127.0.0.1:9464")) << listen;
  }
}

TEST(HttpServerTest, TheDestructorFreesThePort) {
  auto first = Started({{"/hello", Hello}});
  const std::uint16_t port = first->port();
  first.reset();

  EXPECT_EQ(Ask(port, "GET", "/hello"), "");
  EXPECT_TRUE(HttpServer::Start(
                  {.listen = "127.0.0.1:" + std::to_string(port), .handlers = {{"/hello", Hello}}})
                  .has_value());
}

TEST(HttpServerTest, ItIsOnLoopbackUnlessToldOtherwise) {
  EXPECT_EQ(HttpOptions().listen, "127.0.0.1:9464");
}

}  // namespace
}  // namespace foothold::http
