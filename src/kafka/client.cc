#include "src/kafka/client.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "src/base/text.h"
#include "src/kafka/client_log.h"
#include "src/kafka/errors.h"

namespace foothold::kafka {
namespace {

// SCRAM of older versions sends the client's nonce twice, which brokers from 4.0 on refuse.
constexpr int kScramWorksFrom = 0x020601ff;

constexpr std::array<std::string_view, 19> kReserved = {
    "acks",
    "auto.offset.reset",
    "delivery.report.only.error",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "isolation.level",
    "max.poll.interval.ms",
    "message.max.bytes",
    "request.required.acks",
    "session.timeout.ms",
    "transaction.timeout.ms",
    "transactional.id",
    "auto.commit.enable",
    "allow.auto.create.topics",
};

bool IsSecret(std::string_view property) {
  constexpr std::array<std::string_view, 5> kMarks = {"password", "secret", ".pem",
                                                      "sasl.oauthbearer", "token"};
  return std::ranges::any_of(
      kMarks, [&](std::string_view mark) { return property.find(mark) != std::string_view::npos; });
}

// librdkafka has no list of its properties but the table it prints: "name | C/P | ...".
std::string NearestProperty(const std::string& wrong) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const file = open_memstream(&text, &size);
  if (file == nullptr) {
    return "";
  }
  rd_kafka_conf_properties_show(file);
  std::fclose(file);
  std::vector<std::string> names;
  const std::unique_ptr<char, Destroyer<std::free>> owner(text);
  std::istringstream table(std::string(text, size));
  for (std::string line; std::getline(table, line);) {
    if (line.find('|') != std::string::npos) {
      names.push_back(line.substr(0, line.find(' ')));
    }
  }
  return std::string(NearestWord(wrong, names));
}

Status SetProperty(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> text{};
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size())) {
    case RD_KAFKA_CONF_OK:
      return Status();
    case RD_KAFKA_CONF_UNKNOWN: {
      const std::string nearest = NearestProperty(name);
      return Error(Code::kFatal,
                   fmt::format("kafka: {}: librdkafka {} has no such property{}", name,
                               rd_kafka_version_str(),
                               nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
    }
    case RD_KAFKA_CONF_INVALID:
      break;
  }
  return Error(Code::kFatal,
               fmt::format("kafka: {}: {}", name,
                           IsSecret(name) ? "its value cannot be used" : text.data()));
}

}  // namespace

// What librdkafka calls back; the opaque pointer is the Client.
struct Callbacks {
  static void OnError(rd_kafka_t* /*handle*/, int error, const char* reason, void* opaque) {
    static_cast<Client*>(opaque)->NoteError(static_cast<rd_kafka_resp_err_t>(error), reason);
  }
  static void OnLog(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
    const Client& client = *static_cast<const Client*>(rd_kafka_opaque(handle));
    // All handles get all the user's properties; that some do not concern one of them is no news.
    if (client.on_log_ && std::string_view(facility) != "CONFWARN") {
      const ClientLine line = ReadClientLine(rd_kafka_name(handle), level, facility, text);
      client.on_log_(line.level, line.text);
    }
  }
  static void OnRebalance(rd_kafka_t* /*handle*/, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    static_cast<Client*>(opaque)->plan_.on_rebalance(error, *partitions);
  }
  static void OnDelivery(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      static_cast<Client*>(opaque)->plan_.on_delivery_failed(*message);
    }
  }
};

bool IsReserved(const std::string& property) {
  return std::ranges::find(kReserved, property) != kReserved.end();
}

Client::Client(const KafkaOptions& options, ClientPlan plan)
    : plan_(std::move(plan)), on_log_(options.on_log) {
  for (const char* const name : {"bootstrap.servers", "metadata.broker.list"}) {
    if (const auto found = options.properties.find(name); found != options.properties.end()) {
      servers_ = found->second;
    }
  }
  for (const char* const name : {"sasl.mechanism", "sasl.mechanisms"}) {
    if (const auto found = options.properties.find(name); found != options.properties.end()) {
      mechanism_ = found->second;
    }
  }
}

Client::~Client() {
  // Consumers have closed themselves by now, as far as that was possible.
  if (handle_ != nullptr) {
    rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
}

void Client::Abandon(std::unique_ptr<Client> client) {
  rd_kafka_set_log_level(client->handle_, 0);
  static_cast<void>(client.release());  // Its threads go on looking at it.
}

Result<std::unique_ptr<Client>> Client::Open(const KafkaOptions& options, ClientPlan plan) {
  std::unique_ptr<Client> client(new Client(options, std::move(plan)));
  FOOTHOLD_ASSIGN(ConfHandle conf, client->MakeConf(options));
  const bool is_producer = client->plan_.kind == ClientKind::kProducer;
  std::array<char, 512> text{};
  client->handle_ = rd_kafka_new(is_producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf.get(),
                                 text.data(), text.size());
  if (client->handle_ == nullptr) {
    return Error(Code::kFatal, fmt::format("kafka: {}", text.data()));
  }
  static_cast<void>(conf.release());  // It belongs to the handle now.
  return client;
}

Result<ConfHandle> Client::MakeConf(const KafkaOptions& options) {
  ConfHandle conf(rd_kafka_conf_new());
  for (const auto& [name, value] : plan_.defaults) {
    FOOTHOLD_TRY(SetProperty(conf.get(), name, value));
  }
  for (const auto& [name, value] : options.properties) {
    FOOTHOLD_TRY(SetProperty(conf.get(), name, value));
  }
  for (const auto& [name, value] : plan_.required) {
    FOOTHOLD_TRY(SetProperty(conf.get(), name, value));
  }
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_log_cb(conf.get(), Callbacks::OnLog);
  // Errors of a client that nobody polls would pile up in its queue.
  if (plan_.kind != ClientKind::kObserver) {
    rd_kafka_conf_set_error_cb(conf.get(), Callbacks::OnError);
  }
  if (plan_.on_rebalance) {
    rd_kafka_conf_set_rebalance_cb(conf.get(), Callbacks::OnRebalance);
  }
  if (plan_.on_delivery_failed) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(), Callbacks::OnDelivery);
  }
  return conf;
}

void Client::NoteError(rd_kafka_resp_err_t error, const char* reason) {
  if (error == RD_KAFKA_RESP_ERR__FATAL) {
    lasting_ = CheckAlive();
    return;
  }
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    are_brokers_down_ = true;
    passing_ = Status(Code::kRetry, NoBrokerAnswers());
    return;
  }
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
    saw_unknown_topic_ = true;
    return;
  }
  Status status = StatusFrom(fmt::format("kafka {}", servers_), error, reason);
  if (status.code() != Code::kFatal) {
    last_reason_ = reason;
    return;
  }
  if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION && mechanism_.starts_with("SCRAM") &&
      rd_kafka_version() < kScramWorksFrom) {
    status = Status(Code::kFatal,
                    fmt::format("{}; if they are right: {} of librdkafka {} cannot log in to Kafka "
                                "4, use librdkafka 2.6.1 or newer, or PLAIN over TLS",
                                status.message(), mechanism_, rd_kafka_version_str()));
  }
  if (is_working_) {
    passing_ = Status(Code::kRetry, status.message());
  } else {
    lasting_ = status;
  }
}

std::string Client::NoBrokerAnswers() const {
  return fmt::format("no broker of {} answers{}{}{}", servers_, last_reason_.empty() ? "" : " (",
                     last_reason_, last_reason_.empty() ? "" : ")");
}

void Client::Warn(const std::string& text) const {
  if (on_log_) {
    on_log_(LogLevel::kWarning, text);
  }
}

Status Client::TakeFault() {
  if (!lasting_.ok()) {
    return lasting_;
  }
  return std::exchange(passing_, Status());
}

Status Client::CheckAlive() const {
  std::array<char, 512> text{};
  const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(handle_, text.data(), text.size());
  return StatusFrom("kafka client", cause, text.data());
}

Status Client::Explain(Status status) {
  if (status.ok()) {
    is_working_ = true;
    are_brokers_down_ = false;
    passing_ = Status();
    return status;
  }
  if (!lasting_.ok()) {
    return status.code() == lasting_.code() ? status : lasting_;
  }
  if (status.code() == Code::kRetry && are_brokers_down_) {
    return Error(Code::kRetry, NoBrokerAnswers());
  }
  return status;
}

}  // namespace foothold::kafka
