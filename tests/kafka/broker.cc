#include "tests/kafka/broker.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/time.h"

namespace foothold::kafka {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr milliseconds kServingMax{300'000};
constexpr milliseconds kStopMax{30'000};
constexpr milliseconds kLookAgain{20};
constexpr int kStartsMax = 3;
// Below the range from which the kernel takes ports for outgoing connections: nobody grabs a port
// while its broker is down.
constexpr int kPortFirst = 20'000;
constexpr int kPortLast = 31'999;
constexpr const char* kClusterId = "Zm9vdGhvbGQtdGVzdHMtMQ";

fs::path CacheFolder() {
  if (const char* const given = std::getenv("FOOTHOLD_CACHE")) {
    return given;
  }
  return fs::path(FOOTHOLD_SOURCE_DIR) / ".cache";
}

std::string JavaPath() {
  if (const char* const home = std::getenv("JAVA_HOME")) {
    return fs::path(home) / "bin" / "java";
  }
  return "java";
}

bool IsFree(int port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_free =
      bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(socket_fd);
  return is_free;
}

int FreePort() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(kPortFirst, kPortLast);
  int port = ports(random);
  while (!IsFree(port)) {
    port = ports(random);
  }
  return port;
}

// Starts a program whose output is appended to `log`. It is killed when this thread ends.
Result<pid_t> Spawn(const std::vector<std::string>& command, const fs::path& log) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) {
    return Error(Code::kFatal, fmt::format("{} cannot be written", log.string()));
  }
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    // Only calls that are safe in the child of a process with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
      _exit(1);
    }
    setpgid(0, 0);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(output);
  if (child < 0) {
    return Error(Code::kFatal, "fork failed");
  }
  return child;
}

// The way the process ended; nullopt if it runs on past the deadline.
std::optional<int> AwaitEnd(pid_t process, milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  int how = 0;
  while (waitpid(process, &how, WNOHANG) == 0) {
    if (steady_clock::now() >= deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return how;
}

std::string TextOf(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> JavaCommand(const std::string& version, const std::string& heap) {
  return {JavaPath(),
          heap,
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-cp",
          (CacheFolder() / "kafka" / version / "lib").string() + "/*"};
}

// `count` free ports, no two the same.
std::vector<int> FreePorts(std::size_t count) {
  std::vector<int> ports;
  while (ports.size() < count) {
    const int port = FreePort();
    if (std::ranges::find(ports, port) == ports.end()) {
      ports.push_back(port);
    }
  }
  return ports;
}

// Who may log in, beside those who always may.
std::string LoginModule(const std::vector<std::string>& users) {
  std::string text = "org.apache.kafka.common.security.plain.PlainLoginModule required";
  for (const char* const user : {kAdminUser, kPowerlessUser}) {
    text += fmt::format(" user_{}=\"{}\"", user, kPassword);
  }
  for (const std::string& user : users) {
    text += fmt::format(" user_{}=\"{}\"", user, kPassword);
  }
  return text + ";";
}

struct Ports {
  int plain = 0;
  int sasl = 0;
  int tls = 0;
  std::vector<int> behind;
  std::vector<int> advertised;
  BrokerSeat seat;
};

// A listener for SASL_SSL beside the others.
void AddTls(const BrokerOptions& options, int port,
            std::map<std::string, std::string>* properties) {
  const std::string listener = fmt::format(",SASL_SSL://localhost:{}", port);
  (*properties)["listeners"] += listener;
  (*properties)["advertised.listeners"] += listener;
  (*properties)["listener.security.protocol.map"] += ",SASL_SSL:SASL_SSL";
  (*properties)["listener.name.sasl_ssl.plain.sasl.jaas.config"] = LoginModule(options.users);
  (*properties)["listener.name.sasl_ssl.sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-512";
  (*properties)["listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config"] =
      "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  (*properties)["ssl.keystore.type"] = "PEM";
  (*properties)["ssl.keystore.location"] = options.tls_keys;
}

std::map<std::string, std::string> PropertiesFor(const BrokerOptions& options,
                                                 const fs::path& folder, const Ports& ports) {
  std::string listeners = fmt::format("PLAINTEXT://127.0.0.1:{},SASL_PLAINTEXT://127.0.0.1:{}",
                                      ports.plain, ports.sasl);
  std::string advertised = listeners;
  std::string protocols = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT";
  for (std::size_t i = 0; i < ports.behind.size(); ++i) {
    listeners += fmt::format(",BEHIND{}://127.0.0.1:{}", i, ports.behind[i]);
    advertised += fmt::format(",BEHIND{}://127.0.0.1:{}", i, ports.advertised[i]);
    protocols += fmt::format(",BEHIND{}:PLAINTEXT", i);
  }
  const std::vector<int>& controllers = ports.seat.controller_ports;
  const auto own = static_cast<std::size_t>(ports.seat.node - 1);
  std::map<std::string, std::string> properties{
      {"node.id", std::to_string(ports.seat.node)},
      {"process.roles", "broker,controller"},
      {"listeners", fmt::format("{},CONTROLLER://127.0.0.1:{}", listeners, controllers[own])},
      {"advertised.listeners", advertised},
      {"controller.listener.names", "CONTROLLER"},
      {"inter.broker.listener.name", "PLAINTEXT"},
      {"listener.security.protocol.map", protocols},
      {"sasl.enabled.mechanisms", "PLAIN"},
      {"listener.name.sasl_plaintext.plain.sasl.jaas.config", LoginModule(options.users)},
      {"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
      {"super.users", fmt::format("User:ANONYMOUS;User:{}", kAdminUser)},
      {"log.dirs", (folder / "data").string()},
      {"auto.create.topics.enable", "false"},
      {"group.initial.rebalance.delay.ms", "0"},
      {"group.min.session.timeout.ms", "1000"},
      {"log.cleaner.backoff.ms", "500"},
      {"log.cleaner.dedupe.buffer.size", "4000000"},
      {"offsets.topic.num.partitions", "4"},
      {"offsets.topic.replication.factor", "1"},
      {"transaction.state.log.num.partitions", "4"},
      {"transaction.state.log.replication.factor", "1"},
      {"transaction.state.log.min.isr", "1"},
      {"transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"},
  };
  if (controllers.size() == 1) {
    properties["controller.quorum.bootstrap.servers"] =
        fmt::format("127.0.0.1:{}", controllers.front());
    return properties;
  }
  std::vector<std::string> voters;
  for (std::size_t i = 0; i < controllers.size(); ++i) {
    voters.push_back(fmt::format("{}@127.0.0.1:{}", i + 1, controllers[i]));
  }
  properties["controller.quorum.voters"] = fmt::format("{}", fmt::join(voters, ","));
  return properties;
}

}  // namespace

Result<std::unique_ptr<TestBroker>> TestBroker::Start(const BrokerOptions& options) {
  FOOTHOLD_ASSIGN(std::vector<std::unique_ptr<TestBroker>> nodes, StartCluster({options}));
  return std::move(nodes.front());
}

Result<std::vector<std::unique_ptr<TestBroker>>> TestBroker::StartCluster(
    const std::vector<BrokerOptions>& options) {
  Status status;
  // A port can be taken between the choice and the start.
  for (int i = 0; i < kStartsMax; ++i) {
    const std::vector<int> controllers = FreePorts(options.size());
    std::vector<std::unique_ptr<TestBroker>> nodes;
    for (const BrokerOptions& of_node : options) {
      const int node = static_cast<int>(nodes.size()) + 1;
      FOOTHOLD_ASSIGN(nodes.emplace_back(),
                      Prepare(of_node, {.node = node, .controller_ports = controllers}));
    }
    status = Status();
    // None serves before most of them run.
    for (const std::unique_ptr<TestBroker>& node : nodes) {
      FOOTHOLD_TRY(node->Launch());
    }
    for (const std::unique_ptr<TestBroker>& node : nodes) {
      if (status.ok()) {
        status = node->AwaitServing();
      }
    }
    if (status.ok()) {
      return nodes;
    }
  }
  return Failure(std::move(status));
}

Result<std::unique_ptr<TestBroker>> TestBroker::Prepare(const BrokerOptions& options,
                                                        const BrokerSeat& seat) {
  const fs::path jars = CacheFolder() / "kafka" / options.version / "lib";
  if (!fs::exists(jars)) {
    return Error(Code::kFatal, fmt::format("no jars of Kafka {} in {}: run tests/kafka/fetch",
                                           options.version, jars.string()));
  }
  std::unique_ptr<TestBroker> broker(new TestBroker());
  broker->version_ = options.version;
  std::string pattern = (fs::temp_directory_path() / "foothold-kafka-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    return Error(Code::kFatal, fmt::format("no folder {} can be made", pattern));
  }
  broker->folder_ = pattern;
  FOOTHOLD_TRY(broker->WriteProperties(options, seat));
  FOOTHOLD_TRY(broker->Format(options, seat));
  return broker;
}

TestBroker::~TestBroker() {
  Kill9();
  std::error_code ignored;
  if (!folder_.empty()) {
    fs::remove_all(folder_, ignored);
  }
}

Status TestBroker::WriteProperties(const BrokerOptions& options, const BrokerSeat& seat) {
  std::vector<int> chosen = FreePorts(3 + options.advertised_ports.size());
  const Ports ports{.plain = chosen[0],
                    .sasl = chosen[1],
                    .tls = chosen[2],
                    .behind = {chosen.begin() + 3, chosen.end()},
                    .advertised = options.advertised_ports,
                    .seat = seat};
  servers_ = fmt::format("127.0.0.1:{}", ports.plain);
  sasl_servers_ = fmt::format("127.0.0.1:{}", ports.sasl);
  ports_behind_ = ports.behind;
  std::map<std::string, std::string> properties = PropertiesFor(options, folder_, ports);
  if (!options.tls_keys.empty()) {
    tls_servers_ = fmt::format("localhost:{}", ports.tls);
    AddTls(options, ports.tls, &properties);
  }
  for (const auto& [name, value] : options.properties) {
    properties.insert_or_assign(name, value);
  }
  std::ofstream file(folder_ / "server.properties");
  for (const auto& [name, value] : properties) {
    file << name << '=' << value << '\n';
  }
  file.close();
  if (file.fail()) {
    return Error(Code::kFatal, "server.properties cannot be written");
  }
  return Status();
}

Status TestBroker::Format(const BrokerOptions& options, const BrokerSeat& seat) {
  std::vector<std::string> command = JavaCommand(version_, "-Xmx128m");
  command.emplace_back("kafka.tools.StorageTool");
  command.emplace_back("format");
  if (seat.controller_ports.size() == 1) {
    command.emplace_back("--standalone");
  }
  if (!options.tls_keys.empty()) {
    for (const std::string& user : options.users) {
      command.emplace_back("--add-scram");
      command.push_back(fmt::format("SCRAM-SHA-512=[name={},password={}]", user, kPassword));
    }
  }
  command.emplace_back("-t");
  command.emplace_back(kClusterId);
  command.emplace_back("-c");
  command.push_back((folder_ / "server.properties").string());
  FOOTHOLD_ASSIGN(const pid_t process, Spawn(command, folder_ / "format.log"));
  const std::optional<int> how = AwaitEnd(process, kServingMax);
  if (how == 0) {
    return Status();
  }
  if (!how) {
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
  return Error(Code::kFatal, fmt::format("formatting the broker's folder failed (is Java 17 "
                                         "installed?):\n{}",
                                         TextOf(folder_ / "format.log")));
}

Status TestBroker::Launch() {
  std::error_code none_yet;
  const std::uintmax_t log_size = fs::file_size(log_path(), none_yet);
  log_start_ = none_yet ? 0 : log_size;
  std::vector<std::string> command = JavaCommand(version_, "-Xmx512m");
  command.emplace_back("kafka.Kafka");
  command.push_back((folder_ / "server.properties").string());
  FOOTHOLD_ASSIGN(process_, Spawn(command, log_path()));
  return Status();
}

Status TestBroker::AwaitServing() {
  const auto deadline = steady_clock::now() + kServingMax;
  std::string text;
  while (steady_clock::now() < deadline) {
    const std::optional<int> how = AwaitEnd(process_, milliseconds{0});
    text = TextOf(log_path()).substr(log_start_);
    if (text.find("Kafka Server started") != std::string::npos) {
      return Status();
    }
    if (how) {
      process_ = 0;
      break;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  constexpr std::size_t kTail = 4'000;
  return Error(Code::kFatal,
               fmt::format("Kafka {} did not start:\n{}", version_,
                           text.size() > kTail ? text.substr(text.size() - kTail) : text));
}

void TestBroker::Kill9() {
  if (process_ == 0) {
    return;
  }
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

void TestBroker::Stop() {
  if (process_ == 0) {
    return;
  }
  kill(process_, SIGTERM);
  if (AwaitEnd(process_, kStopMax)) {
    process_ = 0;
  } else {
    Kill9();
  }
}

Status TestBroker::Restart() {
  FOOTHOLD_TRY(Launch());
  return AwaitServing();
}

namespace {

[[noreturn]] void GiveUp(const Status& status) {
  std::fputs((status.ToString() + "\n").c_str(), stderr);
  std::exit(1);
}

}  // namespace

const TestBroker& SharedBroker() {
  static const std::unique_ptr<TestBroker> broker = [] {
    if (std::getenv("FOOTHOLD_TEST_BROKERS") != nullptr) {
      GiveUp(
          Status(Code::kFatal, "this test needs a broker of its own: unset FOOTHOLD_TEST_BROKERS"));
    }
    Result<std::unique_ptr<TestBroker>> started = TestBroker::Start({});
    if (!started.has_value()) {
      GiveUp(started.error());
    }
    return *std::move(started);
  }();
  return *broker;
}

const std::string& SharedServers() {
  static const std::string servers = [] {
    const char* const given = std::getenv("FOOTHOLD_TEST_BROKERS");
    return given != nullptr ? std::string(given) : SharedBroker().servers();
  }();
  return servers;
}

}  // namespace foothold::kafka
