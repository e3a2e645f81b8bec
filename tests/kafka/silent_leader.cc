#include "tests/kafka/silent_leader.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/check.h"

namespace foothold::kafka {
namespace {

constexpr std::int16_t kJoinGroup = 11;
constexpr std::int16_t kJoinGroupVersion = 5;  // The first in which a member can name itself.
constexpr std::int32_t kSessionMs = 30'000;

template <class Int>
void Append(std::string* bytes, Int number) {
  for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8) {
    bytes->push_back(static_cast<char>(number >> shift & 0xff));
  }
}

void AppendText(std::string* bytes, std::string_view text) {
  Append(bytes, static_cast<std::int16_t>(text.size()));
  bytes->append(text);
}

// Reads from the front of `bytes`.
template <class Int>
Int Take(std::string_view* bytes) {
  FOOTHOLD_CHECK(bytes->size() >= sizeof(Int), "the answer is shorter than its fields");
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Int); ++i) {
    number = number << 8 | static_cast<unsigned char>((*bytes)[i]);
  }
  bytes->remove_prefix(sizeof(Int));
  return static_cast<Int>(number);
}

std::string_view TakeText(std::string_view* bytes) {
  const auto size = Take<std::int16_t>(bytes);
  const std::string_view text = bytes->substr(0, size < 0 ? 0 : static_cast<std::size_t>(size));
  bytes->remove_prefix(text.size());
  return text;
}

}  // namespace

SilentLeader::SilentLeader(const std::string& servers, std::string group)
    : group_(std::move(group)), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(servers.substr(servers.rfind(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  FOOTHOLD_CHECK(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
                 fmt::format("nobody listens at {}", servers));
}

SilentLeader::~SilentLeader() { close(socket_); }

Result<int> SilentLeader::Join() {
  std::string request;
  Append(&request, kJoinGroup);
  Append(&request, kJoinGroupVersion);
  Append(&request, std::int32_t{0});  // Correlation.
  AppendText(&request, "silent leader");
  AppendText(&request, group_);
  Append(&request, kSessionMs);
  Append(&request, kSessionMs);  // To join again.
  AppendText(&request, member_);
  AppendText(&request, "silent-leader");
  AppendText(&request, "consumer");
  Append(&request, std::int32_t{1});
  AppendText(&request, "cooperative-sticky");
  constexpr std::array<char, 10> kNoTopics{0, 0, 0, 0, 0, 0, -1, -1, -1, -1};
  Append(&request, static_cast<std::int32_t>(kNoTopics.size()));
  request.append(kNoTopics.data(), kNoTopics.size());

  FOOTHOLD_ASSIGN(const std::string answer, Ask(std::move(request)));
  std::string_view rest = answer;
  Take<std::int32_t>(&rest);  // Correlation.
  Take<std::int32_t>(&rest);  // Throttled.
  if (const auto error = Take<std::int16_t>(&rest); error != 0) {
    return Error(Code::kRetry, fmt::format("group {}: error {} of Kafka", group_, error));
  }
  Take<std::int32_t>(&rest);  // Generation.
  TakeText(&rest);            // Protocol.
  const std::string_view leader = TakeText(&rest);
  member_ = TakeText(&rest);
  FOOTHOLD_CHECK(leader == member_, "who joins first leads");
  return Take<std::int32_t>(&rest);
}

Result<std::string> SilentLeader::Ask(std::string request) {
  std::string bytes;
  Append(&bytes, static_cast<std::int32_t>(request.size()));
  bytes += request;
  if (send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != std::ssize(bytes)) {
    return Error(Code::kRetry, "the broker takes no request");
  }
  const auto receive = [&](std::size_t size) -> Result<std::string> {
    std::string answer(size, '\0');
    if (recv(socket_, answer.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) {
      return Error(Code::kRetry, "the broker has closed the connection");
    }
    return answer;
  };
  FOOTHOLD_ASSIGN(const std::string head, receive(sizeof(std::int32_t)));
  std::string_view rest = head;
  return receive(static_cast<std::size_t>(Take<std::int32_t>(&rest)));
}

}  // namespace foothold::kafka
