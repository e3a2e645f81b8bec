#pragma once

// A client of librdkafka: its configuration, and what it tells through its callbacks.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "src/base/status.h"
#include "src/kafka/handles.h"
#include "src/kafka/kafka_log.h"

namespace foothold::kafka {

// Properties by librdkafka's names.
using Settings = std::vector<std::pair<std::string, std::string>>;

enum class ClientKind {
  kConsumer,
  kProducer,
  kObserver,  // A consumer that nobody polls: for questions, from any thread.
};

struct ClientPlan {
  ClientKind kind = ClientKind::kObserver;
  Settings defaults;  // What the options' properties may override.
  Settings required;  // What they may not: see IsReserved().
  // Called from the calls that serve the client's callbacks, on the thread that makes them.
  std::function<void(rd_kafka_resp_err_t, const rd_kafka_topic_partition_list_t&)> on_rebalance;
  std::function<void(const rd_kafka_message_t&)> on_delivery_failed;
};

// True for the properties that Foothold sets itself.
bool IsReserved(const std::string& property);

// Not thread-safe but for handle(), which librdkafka makes so.
class Client {
 public:
  // kFatal if the configuration is unusable; the message names the property.
  static Result<std::unique_ptr<Client>> Open(const KafkaOptions& options, ClientPlan plan);

  ~Client();
  // Instead of the destructor, for a client of which that would never return, or end the process:
  // it stays until the process ends, with its threads, and says nothing any more.
  static void Abandon(std::unique_ptr<Client> client);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What went wrong since the last call: passing faults are told once, lasting ones every time.
  Status TakeFault();
  // `status` of a call of this client, made clear by what the callbacks told: a call that timed out
  // because the credentials are refused is kFatal and says so. A success shows that the client
  // works: from then on refused credentials are a passing fault, since a broker may be changing
  // them.
  Status Explain(Status status);
  // kFenced, or what else it was, for a client that has given up: it answers its calls still, but
  // does nothing any more. Known before the callbacks tell it to TakeFault().
  Status CheckAlive() const;
  // A line beside those of librdkafka.
  void Warn(const std::string& text) const;
  // True once if the broker said that a topic or a partition is unknown.
  bool TakeUnknownTopic() { return std::exchange(saw_unknown_topic_, false); }

  rd_kafka_t* handle() const { return handle_; }

 private:
  friend struct Callbacks;
  Client(const KafkaOptions& options, ClientPlan plan);

  Result<ConfHandle> MakeConf(const KafkaOptions& options);
  void NoteError(rd_kafka_resp_err_t error, const char* reason);
  std::string NoBrokerAnswers() const;

  const ClientPlan plan_;
  const std::function<void(LogLevel, const std::string&)> on_log_;
  std::string servers_;
  std::string mechanism_;
  rd_kafka_t* handle_ = nullptr;

  bool is_working_ = false;
  bool are_brokers_down_ = false;
  bool saw_unknown_topic_ = false;
  std::string last_reason_;  // Why a broker could not be reached.
  Status passing_;
  Status lasting_;
};

}  // namespace foothold::kafka
