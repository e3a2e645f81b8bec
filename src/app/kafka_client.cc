#include "src/app/kafka_client.h"

#include <string>
#include <utility>

#include "src/kafka/kafka_log.h"

namespace foothold::app {
namespace {

LogLevel LevelOf(kafka::LogLevel level) {
  switch (level) {
    case kafka::LogLevel::kError:
      return LogLevel::kError;
    case kafka::LogLevel::kWarning:
      return LogLevel::kWarning;
    case kafka::LogLevel::kInfo:
      return LogLevel::kInfo;
    case kafka::LogLevel::kDebug:
      return LogLevel::kDebug;
  }
  return LogLevel::kInfo;
}

}  // namespace

Result<std::unique_ptr<log::Log>> OpenKafka(const config::Config& config, const Logger* logger) {
  kafka::KafkaOptions options;
  options.properties = config.kafka;
  options.on_log = [logger](kafka::LogLevel level, const std::string& text) {
    logger->Log(LevelOf(level), text);
  };
  FOOTHOLD_ASSIGN(std::unique_ptr<kafka::KafkaLog> kafka, kafka::KafkaLog::Open(options));
  return std::unique_ptr<log::Log>(std::move(kafka));
}

Status CheckKafka(const config::Config& config) {
  kafka::KafkaOptions options;
  options.properties = config.kafka;
  // It begins to look for its brokers, and says nothing of them.
  const Result<std::unique_ptr<kafka::KafkaLog>> kafka = kafka::KafkaLog::Open(options);
  return kafka.has_value() ? Status() : kafka.error();
}

}  // namespace foothold::app
