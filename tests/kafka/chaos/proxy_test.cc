#include "tests/kafka/chaos/proxy.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/check.h"

namespace foothold::chaos {
namespace {

constexpr int kPatienceMs = 20'000;
constexpr int kSurelyMs = 300;  // Nothing comes for so long: nothing comes.

// A client and whom it reached through a proxy. Writes and reads as a person at a terminal would.
class Line {
 public:
  Line() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), proxy_(1) {
    sockaddr_in address = At(0);
    socklen_t size = sizeof(address);
    FOOTHOLD_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    FOOTHOLD_CHECK(listen(listener_, 8) == 0, "listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    proxy_.SetTarget(0, ntohs(address.sin_port));
  }
  ~Line() {
    for (const int end : {client_, broker_, listener_}) {
      close(end);
    }
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // False: whoever should hear of it did not.
  bool Connect() {
    client_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = At(proxy_.ports().front());
    connect(client_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    if (!IsReadable(listener_, kSurelyMs)) {
      return false;
    }
    broker_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    return broker_ >= 0;
  }

  Proxy& proxy() { return proxy_; }
  int client() const { return client_; }
  int broker() const { return broker_; }

  static void Say(int end, std::string_view text) {
    send(end, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // What comes next: "" is the end of the stream, "reset" a reset, "silence" nothing for long.
  static std::string Hear(int end, int patience_ms = kPatienceMs) {
    if (!IsReadable(end, patience_ms)) {
      return "silence";
    }
    std::array<char, 64> bytes{};
    const ssize_t got = recv(end, bytes.data(), bytes.size(), 0);
    return got < 0 ? "reset" : std::string(bytes.data(), static_cast<std::size_t>(got));
  }

 private:
  static sockaddr_in At(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static bool IsReadable(int end, int patience_ms) {
    pollfd polled{end, POLLIN, 0};
    return poll(&polled, 1, patience_ms) == 1;
  }

  int listener_ = -1;
  Proxy proxy_;
  int client_ = -1;
  int broker_ = -1;
};

TEST(ProxyTest, HandsOnInBothDirections) {
  Line line;
  ASSERT_TRUE(line.Connect());

  Line::Say(line.client(), "ask");
  EXPECT_EQ(Line::Hear(line.broker()), "ask");
  Line::Say(line.broker(), "answer");
  EXPECT_EQ(Line::Hear(line.client()), "answer");
}

TEST(ProxyTest, InStillWeatherNothingGoesOnAndAfterItAllDoes) {
  Line line;
  ASSERT_TRUE(line.Connect());

  line.proxy().SetWeather(Proxy::Weather::kStill);
  Line::Say(line.client(), "ask");
  EXPECT_EQ(Line::Hear(line.broker(), kSurelyMs), "silence");
  line.proxy().SetWeather(Proxy::Weather::kClear);
  EXPECT_EQ(Line::Hear(line.broker()), "ask");
}

TEST(ProxyTest, InSlowWeatherItComesLater) {
  Line line;
  ASSERT_TRUE(line.Connect());

  line.proxy().SetWeather(Proxy::Weather::kSlow);
  Line::Say(line.client(), "ask");
  EXPECT_EQ(Line::Hear(line.broker(), 50), "silence");
  EXPECT_EQ(Line::Hear(line.broker()), "ask");
}

TEST(ProxyTest, ACutResetsWhatThereIsAndLetsNobodyThrough) {
  Line line;
  ASSERT_TRUE(line.Connect());

  line.proxy().SetWeather(Proxy::Weather::kCut);
  EXPECT_EQ(Line::Hear(line.client()), "reset");
  EXPECT_EQ(Line::Hear(line.broker()), "reset");
  EXPECT_FALSE(line.Connect());
  line.proxy().SetWeather(Proxy::Weather::kClear);
  EXPECT_TRUE(line.Connect());
}

TEST(ProxyTest, AHalfCloseEndsWhatTheClientHearsAndNotWhatItSays) {
  Line line;
  ASSERT_TRUE(line.Connect());

  line.proxy().HalfClose();
  EXPECT_EQ(Line::Hear(line.client()), "");
  Line::Say(line.client(), "ask");
  EXPECT_EQ(Line::Hear(line.broker()), "ask");
}

TEST(ProxyTest, AnEndIsHandedOn) {
  Line line;
  ASSERT_TRUE(line.Connect());

  shutdown(line.broker(), SHUT_WR);
  EXPECT_EQ(Line::Hear(line.client()), "");
}

}  // namespace
}  // namespace foothold::chaos
