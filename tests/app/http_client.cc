#include "tests/app/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace foothold::app {
namespace {

// How long the body is by its head; -1 if that is not said: then it ends with the connection.
long LengthOf(const std::string& head) {
  std::string lower = head;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t mark = lower.find("content-length: ");
  long length = -1;
  if (mark != std::string::npos) {
    std::from_chars(lower.data() + mark + 16, lower.data() + lower.size(), length);
  }
  return length;
}

}  // namespace

HttpReply HttpAsk(int port, const HttpQuestion& question) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  HttpReply reply;
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                                    question.method, question.target, question.host);
    if (!question.authorization.empty()) {
      bytes += "Authorization: " + question.authorization + "\r\n";
    }
    if (!question.content_type.empty()) {
      bytes += "Content-Type: " + question.content_type + "\r\n";
    }
    bytes += fmt::format("Content-Length: {}\r\n\r\n{}", question.body.size(), question.body);
    std::string text;
    std::array<char, 65'536> buffer{};
    ssize_t got = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    while (got > 0) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        reply.head = text.substr(0, end + 2);
        reply.body = text.substr(end + 4);
        const long length = LengthOf(reply.head);
        if (length >= 0 && reply.body.size() >= static_cast<std::size_t>(length)) {
          break;
        }
      }
      got = recv(connection, buffer.data(), buffer.size(), 0);
      text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    const std::size_t space = reply.head.find(' ');
    if (space != std::string::npos) {
      std::from_chars(reply.head.data() + space + 1, reply.head.data() + reply.head.size(),
                      reply.status);
    }
  }
  close(connection);
  return reply;
}

}  // namespace foothold::app
