#include "tests/kafka/acls.h"

#include <charconv>
#include <cstddef>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace foothold::kafka {
namespace {

// CreateAcls, version 1:
//   request  := size4 key2 version2 correlation4 client_id count4 acl*
//   acl      := resource1 name pattern1 principal host operation1 permission1
//   response := size4 correlation4 throttle4 count4 (error2 message)*
//   text     := size2 bytes                      numbers are big-endian
constexpr std::uint32_t kCreateAcls = 30;
constexpr std::uint32_t kVersion = 1;
constexpr std::int8_t kAllow = 3;
constexpr std::size_t kErrorsAt = 4 + 4 + 4;  // Behind the size.

void Append(std::uint32_t value, unsigned bytes, std::string* out) {
  for (unsigned i = bytes; i > 0; --i) {
    out->push_back(static_cast<char>(value >> (8 * (i - 1))));
  }
}

void AppendText(std::string_view text, std::string* out) {
  Append(static_cast<std::uint32_t>(text.size()), 2, out);
  out->append(text);
}

std::uint32_t ReadNumber(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) {
    value = value << 8U | static_cast<unsigned char>(byte);
  }
  return value;
}

std::string RequestOf(const std::vector<Right>& rights) {
  std::string body;
  Append(kCreateAcls, 2, &body);
  Append(kVersion, 2, &body);
  Append(1, 4, &body);
  AppendText("tests", &body);
  Append(static_cast<std::uint32_t>(rights.size()), 4, &body);
  for (const Right& right : rights) {
    body.push_back(static_cast<char>(right.resource));
    AppendText(right.name, &body);
    body.push_back(static_cast<char>(right.pattern));
    AppendText("User:" + right.user, &body);
    AppendText("*", &body);
    body.push_back(static_cast<char>(right.operation));
    body.push_back(static_cast<char>(kAllow));
  }
  std::string request;
  Append(static_cast<std::uint32_t>(body.size()), 4, &request);
  return request + body;
}

// All of `size` bytes, or what came before the end.
std::string Receive(int connection, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = recv(connection, bytes.data() + filled, size - filled, 0);
    if (got <= 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Status CheckAnswer(std::string_view answer) {
  if (answer.size() < kErrorsAt) {
    return Error(Code::kFatal, "the broker does not answer a request for rights");
  }
  std::string_view rest = answer.substr(kErrorsAt);
  while (rest.size() >= 4) {
    const std::uint32_t error = ReadNumber(rest.substr(0, 2));
    const std::uint32_t size = ReadNumber(rest.substr(2, 2));
    const std::size_t text = size == 0xffff ? 0 : size;  // Null.
    if (error != 0) {
      return Error(Code::kFatal,
                   fmt::format("a right was refused: {} {}", error, rest.substr(4, text)));
    }
    rest.remove_prefix(4 + text);
  }
  return Status();
}

}  // namespace

Status Grant(const std::string& servers, const std::vector<Right>& rights) {
  int port = 0;
  const std::size_t colon = servers.rfind(':') + 1;
  std::from_chars(servers.data() + colon, servers.data() + servers.size(), port);
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = RequestOf(rights);
  Status status(Code::kFatal, fmt::format("{} cannot be reached", servers));
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      send(connection, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    const std::uint32_t size = ReadNumber(Receive(connection, 4));
    status = CheckAnswer(Receive(connection, size));
  }
  close(connection);
  return status;
}

}  // namespace foothold::kafka
