#pragma once

// The port of src/log on a real Kafka, by librdkafka. Its header is the only one of this folder
// that others include; no type of the library shows.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/base/status.h"
#include "src/log/log.h"

namespace foothold::kafka {

enum class LogLevel { kError, kWarning, kInfo, kDebug };

struct KafkaOptions {
  // Any property of librdkafka, by its own name, for all handles. bootstrap.servers must be among
  // them. Those on which exactly-once rests are ours and are refused (KafkaLog::Open).
  std::map<std::string, std::string> properties;
  // Takes librdkafka's own log lines, from its own threads, one after the other or at once; nullptr
  // drops them. Must not call back into this folder.
  std::function<void(LogLevel level, const std::string& text)> on_log;
  // How long a topic may be unknown to the brokers before that is kFatal: it may be just being
  // made.
  milliseconds unknown_topic_grace{30'000};
};

// Opens handles. Connecting is left to their first calls: a broker that is not there yet is kRetry
// from those. Must outlive every handle it made. Thread-safe.
class KafkaLog final : public log::Log {
 public:
  // kFatal: bootstrap.servers is missing, a property is unknown or has an unusable value, or one is
  // given that Foothold sets itself. The message names the property, never the value of a secret.
  static Result<std::unique_ptr<KafkaLog>> Open(const KafkaOptions& options);

  ~KafkaLog() override;
  KafkaLog(const KafkaLog&) = delete;
  KafkaLog& operator=(const KafkaLog&) = delete;

  Result<std::unique_ptr<log::Consumer>> NewConsumer(const log::ConsumerOptions& options) override;
  Result<std::unique_ptr<log::TransactionalProducer>> NewProducer(
      const log::ProducerOptions& options) override;
  Result<std::unique_ptr<log::Admin>> NewAdmin() override;

 private:
  struct Shared;
  explicit KafkaLog(std::unique_ptr<Shared> shared);

  std::unique_ptr<Shared> shared_;
};

}  // namespace foothold::kafka
