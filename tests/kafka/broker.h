#pragma once

// A real Kafka broker for tests: one node or some, KRaft, on free ports of the loopback, each in a
// fresh folder.

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "src/base/status.h"

namespace foothold::kafka {

// The version for tests that do not kill the broker.
inline constexpr const char* kUsualVersion = "4.3.1";
// The one for those that do: 4.3.1 as a single node can hang a transaction for ever then
// (KAFKA-20734).
inline constexpr const char* kKillableVersion = "4.0.1";

// A user that may do everything and one that may do nothing, for clients of sasl_servers().
inline constexpr const char* kAdminUser = "admin";
inline constexpr const char* kPowerlessUser = "nobody";
inline constexpr const char* kPassword = "a-password-of-tests";

struct BrokerOptions {
  std::string version = kUsualVersion;
  std::map<std::string, std::string> properties;  // Added to server.properties, or replacing there.
  // For each a listener that clients find at this port: that of somebody who hands on to its own.
  std::vector<int> advertised_ports = {};
  std::vector<std::string> users = {};  // More users without rights; they log in by kPassword.
  // A file with the broker's key and certificate, in PEM: there is a listener with TLS then, where
  // `users` log in by PLAIN or SCRAM-SHA-512.
  std::string tls_keys = {};
};

// A place in a cluster: the node, and where the controllers of all nodes listen.
struct BrokerSeat {
  int node = 1;
  std::vector<int> controller_ports;
};

// It dies with the thread that started it, whatever becomes of the process: start it on main's.
class TestBroker {
 public:
  // Returns when the broker serves. The jars lie where tests/kafka/fetch puts them.
  static Result<std::unique_ptr<TestBroker>> Start(const BrokerOptions& options);
  // Likewise of some nodes that are one cluster; `options` of each.
  static Result<std::vector<std::unique_ptr<TestBroker>>> StartCluster(
      const std::vector<BrokerOptions>& options);

  // Kills it and removes its folder.
  ~TestBroker();
  TestBroker(const TestBroker&) = delete;
  TestBroker& operator=(const TestBroker&) = delete;

  // bootstrap.servers: without credentials everything is allowed.
  const std::string& servers() const { return servers_; }
  // Likewise, for SASL_PLAINTEXT with mechanism PLAIN.
  const std::string& sasl_servers() const { return sasl_servers_; }
  // Likewise for SASL_SSL, by the name "localhost". Empty without BrokerOptions::tls_keys.
  const std::string& tls_servers() const { return tls_servers_; }
  // Where the listener of each advertised port is.
  const std::vector<int>& ports_behind() const { return ports_behind_; }
  // Where the partitions lie: a folder "topic-partition" each.
  std::filesystem::path data() const { return folder_ / "data"; }

  // kill -9, and waits for the end.
  void Kill9();
  // SIGTERM, and waits; kills when that takes longer than half a minute.
  void Stop();
  // Starts it again with its data, on the same ports. REQUIRES: killed or stopped.
  Status Restart();

 private:
  TestBroker() = default;

  static Result<std::unique_ptr<TestBroker>> Prepare(const BrokerOptions& options,
                                                     const BrokerSeat& seat);
  Status WriteProperties(const BrokerOptions& options, const BrokerSeat& seat);
  Status Format(const BrokerOptions& options, const BrokerSeat& seat);
  Status Launch();
  Status AwaitServing();
  std::filesystem::path log_path() const { return folder_ / "broker.log"; }

  std::string version_;
  std::filesystem::path folder_;
  std::string servers_;
  std::string sasl_servers_;
  std::string tls_servers_;
  std::vector<int> ports_behind_;
  std::size_t log_start_ = 0;  // Of what the process writes that runs.
  pid_t process_ = 0;          // 0: none.
};

// The broker of this test process: $FOOTHOLD_TEST_BROKERS (no SASL then), or one that is started at
// the first call and ends with the process. A failure ends the process with its message.
const std::string& SharedServers();
// The one that was started; ends the process if FOOTHOLD_TEST_BROKERS stands in its place.
const TestBroker& SharedBroker();

}  // namespace foothold::kafka
