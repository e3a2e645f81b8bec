#include "src/kafka/kafka_log.h"

#include <utility>

#include <fmt/format.h>

#include "src/kafka/admin.h"
#include "src/kafka/client.h"
#include "src/kafka/client_log.h"
#include "src/kafka/consumer.h"
#include "src/kafka/producer.h"

namespace foothold::kafka {

struct KafkaLog::Shared {
  KafkaOptions options;
  std::unique_ptr<Client> observer;
};

KafkaLog::KafkaLog(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
KafkaLog::~KafkaLog() = default;

Result<std::unique_ptr<KafkaLog>> KafkaLog::Open(const KafkaOptions& options) {
  if (!options.properties.contains("bootstrap.servers") &&
      !options.properties.contains("metadata.broker.list")) {
    return Error(Code::kFatal, "kafka: bootstrap.servers is missing: name at least one broker");
  }
  for (const auto& [name, value] : options.properties) {
    if (IsReserved(name)) {
      return Error(Code::kFatal,
                   fmt::format("kafka: {} is set by Foothold itself: leave it out", name));
    }
  }
  KafkaOptions shared_options = options;
  if (options.on_log) {
    // One for all handles: they say the same.
    shared_options.on_log = [log = std::make_shared<ClientLog>(options.on_log)](
                                LogLevel level, const std::string& text) {
      log->Write(level, text);
    };
  }
  // Reads beyond open transactions: the true end of a partition is known to no other handle. Nobody
  // waits longer than some seconds for what it is asked, so a connection on which nothing comes is
  // made anew as soon.
  FOOTHOLD_ASSIGN(
      std::unique_ptr<Client> observer,
      Client::Open(shared_options, {.kind = ClientKind::kObserver,
                                    .defaults = {{"socket.timeout.ms", "5000"}},
                                    .required = {{"isolation.level", "read_uncommitted"},
                                                 {"allow.auto.create.topics", "false"}},
                                    .on_rebalance = {},
                                    .on_delivery_failed = {}}));
  auto shared = std::make_unique<Shared>(Shared{std::move(shared_options), std::move(observer)});
  return std::unique_ptr<KafkaLog>(new KafkaLog(std::move(shared)));
}

Result<std::unique_ptr<log::Consumer>> KafkaLog::NewConsumer(const log::ConsumerOptions& options) {
  return KafkaConsumer::Open(shared_->options, options, shared_->observer->handle());
}

Result<std::unique_ptr<log::TransactionalProducer>> KafkaLog::NewProducer(
    const log::ProducerOptions& options) {
  return KafkaProducer::Open(shared_->options, options);
}

Result<std::unique_ptr<log::Admin>> KafkaLog::NewAdmin() {
  return KafkaAdmin::Open(shared_->options);
}

}  // namespace foothold::kafka
