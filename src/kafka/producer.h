#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "src/kafka/client.h"
#include "src/kafka/handles.h"
#include "src/kafka/kafka_log.h"
#include "src/log/log.h"

namespace foothold::kafka {

// log::TransactionalProducer on librdkafka. All partitions are chosen by the caller; lz4, 5 ms
// linger.
class KafkaProducer final : public log::TransactionalProducer {
 public:
  static Result<std::unique_ptr<log::TransactionalProducer>> Open(
      const KafkaOptions& kafka, const log::ProducerOptions& options);

  Status Init(milliseconds timeout) override;
  Status Begin() override;
  Status Send(const log::OutgoingRecord& record) override;
  Status SendOffsets(std::span<const log::Position> positions, const log::GroupToken& group,
                     milliseconds timeout) override;
  Status Commit(milliseconds timeout) override;
  Status Abort(milliseconds timeout) override;

 private:
  struct Topic {
    TopicHandle handle;
    std::int64_t record_bytes_max = 0;
  };

  KafkaProducer(const KafkaOptions& kafka, const log::ProducerOptions& options)
      : options_(options), unknown_topic_grace_(kafka.unknown_topic_grace) {}

  Status OpenTopics(milliseconds timeout);
  Status Enqueue(const log::OutgoingRecord& record, rd_kafka_topic_t* topic);
  // What an error of a transactional call means; serves the callbacks first.
  Status Explain(std::string_view what, rd_kafka_error_t* error);
  void NoteFailedDelivery(const rd_kafka_message_t& message);

  const log::ProducerOptions options_;
  const milliseconds unknown_topic_grace_;
  std::unique_ptr<Client> client_;
  std::map<std::string, Topic, std::less<>> topics_;  // Destroyed before the client.
  std::optional<std::chrono::steady_clock::time_point> topics_unknown_since_;
  std::optional<Status> failed_delivery_;  // The first one of this transaction.
  int sends_since_poll_ = 0;
};

}  // namespace foothold::kafka
