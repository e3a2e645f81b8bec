#include "tests/kafka/chaos/proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/check.h"

namespace foothold::chaos {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kDelay{150};
constexpr milliseconds kLookEvery{10};
constexpr std::size_t kQueuedMax = 1U << 20U;  // Of each direction: then nothing more is read.

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int NewSocket() {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  FOOTHOLD_CHECK(made >= 0, "no socket");
  return made;
}

// Closes with a reset instead of an orderly end.
void Reset(int descriptor) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(descriptor);
}

// One direction of a connection.
struct Direction {
  struct Chunk {
    steady_clock::time_point due;
    std::string bytes;
  };
  int from = -1;
  int to = -1;
  std::deque<Chunk> chunks{};
  std::size_t queued = 0;
  bool is_ended = false;  // Nothing more comes.
  bool is_shut = false;   // ... and whoever reads was told.
};

struct Connection {
  Direction to_broker;
  Direction to_client;
  bool is_broken = false;
};

using ReadBuffer = std::array<char, 1U << 16U>;

void Take(Direction* direction, milliseconds delay, ReadBuffer* buffer, bool* is_broken) {
  const ssize_t got = recv(direction->from, buffer->data(), buffer->size(), 0);
  if (got > 0) {
    const auto size = static_cast<std::size_t>(got);
    direction->queued += size;
    direction->chunks.push_back({steady_clock::now() + delay, std::string(buffer->data(), size)});
  } else if (got == 0) {
    direction->is_ended = true;
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    *is_broken = true;
  }
}

void Give(Direction* direction, bool* is_broken) {
  const auto now = steady_clock::now();
  while (!direction->is_shut && !direction->chunks.empty() &&
         direction->chunks.front().due <= now) {
    std::string& bytes = direction->chunks.front().bytes;
    const ssize_t sent = send(direction->to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      *is_broken = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ENOTCONN;
      return;
    }
    direction->queued -= static_cast<std::size_t>(sent);
    bytes.erase(0, static_cast<std::size_t>(sent));
    if (!bytes.empty()) {
      return;
    }
    direction->chunks.pop_front();
  }
  if (direction->is_ended && direction->chunks.empty() && !direction->is_shut) {
    shutdown(direction->to, SHUT_WR);
    direction->is_shut = true;
  }
}

}  // namespace

class Proxy::Loop {
 public:
  explicit Loop(Proxy* proxy) : proxy_(proxy) {}
  ~Loop() {
    CutAll();
    for (const int listener : listeners_) {
      close(listener);
    }
  }

  int Listen() {
    const int listener = NewSocket();
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    const bool listens =
        bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
        listen(listener, SOMAXCONN) == 0 &&
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    FOOTHOLD_CHECK(listens, "no port to listen on");
    listeners_.push_back(listener);
    return ntohs(address.sin_port);
  }

  void Turn() {
    const Weather weather = proxy_->weather_.load();
    if (weather == Weather::kCut) {
      CutAll();
    }
    if (const int asked = proxy_->half_closes_.load(); asked != half_closes_) {
      half_closes_ = asked;
      for (Connection& connection : connections_) {
        shutdown(connection.to_client.to, SHUT_WR);
        connection.to_client.is_shut = true;
      }
    }
    AwaitSomething(weather);
    AcceptAll(weather);
    if (weather == Weather::kStill) {
      return;
    }
    const milliseconds delay = weather == Weather::kSlow ? kDelay : milliseconds{0};
    for (Connection& connection : connections_) {
      for (Direction* direction : {&connection.to_broker, &connection.to_client}) {
        if (!direction->is_ended && direction->queued < kQueuedMax) {
          Take(direction, delay, &buffer_, &connection.is_broken);
        }
        Give(direction, &connection.is_broken);
      }
    }
    DropDone();
  }

 private:
  // Bytes to read, somebody to accept, or a moment.
  void AwaitSomething(Weather weather) {
    std::vector<pollfd> polled;
    for (const int listener : listeners_) {
      polled.push_back({listener, POLLIN, 0});
    }
    for (const Connection& connection : connections_) {
      for (const Direction* direction : {&connection.to_broker, &connection.to_client}) {
        if (weather != Weather::kStill && !direction->is_ended && direction->queued < kQueuedMax) {
          polled.push_back({direction->from, POLLIN, 0});
        }
      }
    }
    poll(polled.data(), polled.size(), static_cast<int>(kLookEvery.count()));
  }

  void AcceptAll(Weather weather) {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      int client = accept4(listeners_[i], nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      while (client >= 0) {
        const int port = proxy_->targets_[i].load();
        if (weather == Weather::kCut || port == 0) {
          Reset(client);
        } else {
          Connect(client, port);
        }
        client = accept4(listeners_[i], nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      }
    }
  }

  void Connect(int client, int port) {
    const int broker = NewSocket();
    const sockaddr_in address = Loopback(port);
    if (connect(broker, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
        errno != EINPROGRESS) {
      Reset(client);
      close(broker);
      return;
    }
    connections_.push_back(
        {.to_broker = {.from = client, .to = broker}, .to_client = {.from = broker, .to = client}});
  }

  void DropDone() {
    for (auto at = connections_.begin(); at != connections_.end();) {
      const bool is_done = at->to_broker.is_shut && at->to_client.is_ended;
      if (!at->is_broken && !is_done) {
        ++at;
        continue;
      }
      Drop(*at);
      at = connections_.erase(at);
    }
  }

  static void Drop(const Connection& connection) {
    Reset(connection.to_broker.from);
    Reset(connection.to_broker.to);
  }

  void CutAll() {
    for (const Connection& connection : connections_) {
      Drop(connection);
    }
    connections_.clear();
  }

  Proxy* const proxy_;
  std::vector<int> listeners_;
  std::list<Connection> connections_;
  ReadBuffer buffer_{};
  int half_closes_ = 0;
};

Proxy::Proxy(std::size_t routes) : targets_(routes), loop_(std::make_unique<Loop>(this)) {
  for (std::size_t i = 0; i < routes; ++i) {
    ports_.push_back(loop_->Listen());
  }
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      loop_->Turn();
      turns_.fetch_add(1);
      turns_.notify_all();
    }
  });
}

Proxy::~Proxy() = default;

void Proxy::SetTarget(std::size_t route, int port) { targets_.at(route).store(port); }

void Proxy::SetWeather(Weather weather) {
  weather_.store(weather);
  AwaitTurn();
}

void Proxy::HalfClose() {
  half_closes_.fetch_add(1);
  AwaitTurn();
}

// The turn under way may not have seen what was asked for; the next one has.
void Proxy::AwaitTurn() {
  const std::uint64_t enough = turns_.load() + 2;
  for (std::uint64_t turns = turns_.load(); turns < enough; turns = turns_.load()) {
    turns_.wait(turns);
  }
}

}  // namespace foothold::chaos
