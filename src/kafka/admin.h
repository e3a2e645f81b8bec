#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/kafka/client.h"
#include "src/kafka/handles.h"
#include "src/log/log.h"

namespace foothold::kafka {

// The effective settings of a topic by Kafka's names, defaults included. nullopt: no such topic.
using TopicConfigs = std::map<std::string, std::string>;
Result<std::optional<TopicConfigs>> DescribeConfigs(rd_kafka_t* client, const std::string& topic,
                                                    milliseconds timeout);

// The number of partitions of a topic and how many have a leader; nullopt: no such topic. With a
// producer's handle the question itself may create the topic: use a consumer's.
struct TopicShape {
  std::int32_t partitions = 0;
  std::int32_t led = 0;
};
Result<std::optional<TopicShape>> DescribeShape(rd_kafka_t* client, const std::string& topic,
                                                milliseconds timeout);

// A member of a group as its coordinator describes it.
struct GroupMember {
  std::string id;  // Given by the coordinator; never two alike.
  std::vector<log::TopicPartition> partitions;

  bool operator==(const GroupMember&) const = default;
};
// The members of a group at rest, by id; nullopt while it rebalances. Asks one broker after the
// other until the coordinator is found, each up to `timeout`.
Result<std::optional<std::vector<GroupMember>>> DescribeGroup(rd_kafka_t* client,
                                                              const std::string& group,
                                                              milliseconds timeout);

// Deletes the records of a partition that lie before the position: what retention does by itself.
Status DeleteRecordsBefore(rd_kafka_t* client, const log::Position& position, milliseconds timeout);
// Deletes a topic, as an operator may by mistake.
Status DeleteTopic(rd_kafka_t* client, const std::string& name, milliseconds timeout);

class KafkaAdmin final : public log::Admin {
 public:
  static Result<std::unique_ptr<log::Admin>> Open(const KafkaOptions& kafka);

  Result<std::optional<log::TopicInfo>> DescribeTopic(const std::string& topic) override;
  Status CreateTopics(std::span<const log::TopicSpec> topics) override;

 private:
  explicit KafkaAdmin(std::unique_ptr<Client> client) : client_(std::move(client)) {}

  Status CreateIfMissing(const log::TopicSpec& topic, milliseconds timeout);
  Status Create(const log::TopicSpec& topic);
  Status AwaitLeaders(const log::TopicSpec& topic);
  // Asks again while the answer is kRetry, in slices, so that the callbacks are heard in between.
  template <class Answer>
  Answer Ask(const std::function<Answer(milliseconds timeout)>& question);

  std::unique_ptr<Client> client_;
};

}  // namespace foothold::kafka
