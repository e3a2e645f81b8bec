#include "src/kafka/admin.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "src/kafka/errors.h"

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kAskMax{15'000};
constexpr milliseconds kSlice{3'000};
constexpr milliseconds kAskPause{50};

Status ToStatus(const Status& status) { return status; }
template <class T>
Status ToStatus(const Result<T>& result) {
  return foothold::StatusOf(result);
}

// The broker is to give up before we do, so that its answer is heard.
AdminOptionsHandle OptionsOf(rd_kafka_t* client, rd_kafka_admin_op_t operation,
                             milliseconds timeout) {
  AdminOptionsHandle options(rd_kafka_AdminOptions_new(client, operation));
  std::array<char, 256> text{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                            text.data(), text.size());
  return options;
}

// The event that answers; null if none came in time.
EventHandle Await(rd_kafka_queue_t* queue, milliseconds timeout) {
  return EventHandle(rd_kafka_queue_poll(queue, static_cast<int>(timeout.count()) + 1'000));
}

Status StatusOfEvent(std::string_view what, const EventHandle& event) {
  if (event == nullptr) {
    return StatusFrom(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
  }
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status();
  }
  const char* const text = rd_kafka_event_error_string(event.get());
  return StatusFrom(what, error, text == nullptr ? "" : text);
}

Result<std::vector<std::int32_t>> BrokerIds(rd_kafka_t* client, milliseconds timeout) {
  const rd_kafka_metadata_t* answer = nullptr;
  FOOTHOLD_TRY(StatusFrom("brokers", rd_kafka_metadata(client, 0, nullptr, &answer,
                                                       static_cast<int>(timeout.count()))));
  const MetadataHandle metadata(answer);
  std::vector<std::int32_t> ids;
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    ids.push_back(metadata->brokers[i].id);
  }
  return ids;
}

std::vector<GroupMember> MembersOf(const rd_kafka_ConsumerGroupDescription_t& group) {
  std::vector<GroupMember> members;
  const std::size_t count = rd_kafka_ConsumerGroupDescription_member_count(&group);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_MemberDescription_t* const described =
        rd_kafka_ConsumerGroupDescription_member(&group, i);
    GroupMember& member = members.emplace_back();
    member.id = rd_kafka_MemberDescription_consumer_id(described);
    const rd_kafka_MemberAssignment_t* const assignment =
        rd_kafka_MemberDescription_assignment(described);
    const rd_kafka_topic_partition_list_t* const list =
        assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
    for (int j = 0; list != nullptr && j < list->cnt; ++j) {
      member.partitions.push_back(PartitionOf(list->elems[j]));
    }
  }
  std::ranges::sort(members, {}, &GroupMember::id);
  return members;
}

// Asks a broker by its number. Left to find the coordinator itself, librdkafka 2.0.2 ends the
// process if a request has timed out before it was found: it takes its answer for that request's.
Result<std::optional<std::vector<GroupMember>>> AskForGroup(rd_kafka_t* client,
                                                            const std::string& group,
                                                            std::int32_t broker,
                                                            milliseconds timeout) {
  const std::string what = fmt::format("group {}", group);
  const QueueHandle queue(rd_kafka_queue_new(client));
  const AdminOptionsHandle options =
      OptionsOf(client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout);
  std::array<char, 256> text{};
  FOOTHOLD_TRY(StatusFrom(
      what, rd_kafka_AdminOptions_set_broker(options.get(), broker, text.data(), text.size())));
  const char* name = group.c_str();
  rd_kafka_DescribeConsumerGroups(client, &name, 1, options.get(), queue.get());
  const EventHandle event = Await(queue.get(), timeout);
  FOOTHOLD_TRY(StatusOfEvent(what, event));
  std::size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** const groups =
      rd_kafka_DescribeConsumerGroups_result_groups(
          rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  if (count != 1) {
    return Error(Code::kFatal, fmt::format("{}: the broker gave {} answers", what, count));
  }
  const rd_kafka_error_t* const error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
  if (error != nullptr) {
    return Failure(StatusFrom(what, rd_kafka_error_code(error), rd_kafka_error_string(error)));
  }
  if (rd_kafka_ConsumerGroupDescription_state(groups[0]) != RD_KAFKA_CONSUMER_GROUP_STATE_STABLE) {
    return std::nullopt;
  }
  return MembersOf(*groups[0]);
}

}  // namespace

Result<std::optional<TopicConfigs>> DescribeConfigs(rd_kafka_t* client, const std::string& topic,
                                                    milliseconds timeout) {
  const std::string what = fmt::format("settings of topic {}", topic);
  const QueueHandle queue(rd_kafka_queue_new(client));
  const AdminOptionsHandle options = OptionsOf(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
  const ConfigResourceHandle resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* resources = resource.get();
  rd_kafka_DescribeConfigs(client, &resources, 1, options.get(), queue.get());
  const EventHandle event = Await(queue.get(), timeout);
  FOOTHOLD_TRY(StatusOfEvent(what, event));

  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** const described = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) {
    return Error(Code::kFatal, fmt::format("{}: the broker gave {} answers", what, count));
  }
  const rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(described[0]);
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    return std::nullopt;
  }
  FOOTHOLD_TRY(StatusOfTopicCall(what, "DescribeConfigs", error));
  TopicConfigs configs;
  const rd_kafka_ConfigEntry_t** const entries =
      rd_kafka_ConfigResource_configs(described[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* const value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value != nullptr) {
      configs.emplace(rd_kafka_ConfigEntry_name(entries[i]), value);
    }
  }
  return configs;
}

Result<std::optional<TopicShape>> DescribeShape(rd_kafka_t* client, const std::string& topic,
                                                milliseconds timeout) {
  const std::string what = fmt::format("topic {}", topic);
  const TopicHandle handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  if (handle == nullptr) {
    return Failure(StatusFrom(what, rd_kafka_last_error()));
  }
  const rd_kafka_metadata_t* answer = nullptr;
  FOOTHOLD_TRY(StatusFrom(what, rd_kafka_metadata(client, 0, handle.get(), &answer,
                                                  static_cast<int>(timeout.count()))));
  const MetadataHandle metadata(answer);
  if (metadata->topic_cnt == 0) {
    return std::nullopt;
  }
  const rd_kafka_metadata_topic_t& described = metadata->topics[0];
  if (described.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      described.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
    return std::nullopt;
  }
  FOOTHOLD_TRY(StatusFrom(what, described.err));
  TopicShape shape{.partitions = described.partition_cnt, .led = 0};
  for (int i = 0; i < described.partition_cnt; ++i) {
    if (described.partitions[i].leader >= 0) {
      ++shape.led;
    }
  }
  return shape;
}

Result<std::optional<std::vector<GroupMember>>> DescribeGroup(rd_kafka_t* client,
                                                              const std::string& group,
                                                              milliseconds timeout) {
  FOOTHOLD_ASSIGN(const std::vector<std::int32_t> brokers, BrokerIds(client, timeout));
  Status status = Error(Code::kRetry, fmt::format("group {}: no broker is there", group));
  for (const std::int32_t broker : brokers) {
    auto members = AskForGroup(client, group, broker, timeout);
    if (members.has_value()) {
      return members;
    }
    status = members.error();
  }
  return Failure(std::move(status));
}

Status DeleteRecordsBefore(rd_kafka_t* client, const log::Position& position,
                           milliseconds timeout) {
  const std::string what = fmt::format("deleting records of {}", ToString(position.source));
  const QueueHandle queue(rd_kafka_queue_new(client));
  const AdminOptionsHandle options = OptionsOf(client, RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout);
  const PartitionListHandle list = ListOf(std::span(&position, 1));
  const DeleteRecordsHandle request(rd_kafka_DeleteRecords_new(list.get()));
  rd_kafka_DeleteRecords_t* requests = request.get();
  rd_kafka_DeleteRecords(client, &requests, 1, options.get(), queue.get());
  const EventHandle event = Await(queue.get(), timeout);
  FOOTHOLD_TRY(StatusOfEvent(what, event));
  return StatusFrom(what, *rd_kafka_DeleteRecords_result_offsets(
                              rd_kafka_event_DeleteRecords_result(event.get())));
}

Status DeleteTopic(rd_kafka_t* client, const std::string& name, milliseconds timeout) {
  const std::string what = fmt::format("deleting topic {}", name);
  const QueueHandle queue(rd_kafka_queue_new(client));
  const AdminOptionsHandle options = OptionsOf(client, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout);
  const DeleteTopicHandle request(rd_kafka_DeleteTopic_new(name.c_str()));
  rd_kafka_DeleteTopic_t* requests = request.get();
  rd_kafka_DeleteTopics(client, &requests, 1, options.get(), queue.get());
  const EventHandle event = Await(queue.get(), timeout);
  FOOTHOLD_TRY(StatusOfEvent(what, event));
  std::size_t count = 0;
  const rd_kafka_topic_result_t* const* const results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  return StatusFrom(what, rd_kafka_topic_result_error(results[0]),
                    rd_kafka_topic_result_error_string(results[0]) == nullptr
                        ? ""
                        : rd_kafka_topic_result_error_string(results[0]));
}

Result<std::unique_ptr<log::Admin>> KafkaAdmin::Open(const KafkaOptions& kafka) {
  FOOTHOLD_ASSIGN(std::unique_ptr<Client> client,
                  Client::Open(kafka, {.kind = ClientKind::kConsumer,
                                       .defaults = {},
                                       .required = {{"allow.auto.create.topics", "false"}},
                                       .on_rebalance = {},
                                       .on_delivery_failed = {}}));
  return std::unique_ptr<log::Admin>(new KafkaAdmin(std::move(client)));
}

template <class Answer>
Answer KafkaAdmin::Ask(const std::function<Answer(milliseconds timeout)>& question) {
  const auto deadline = steady_clock::now() + kAskMax;
  while (true) {
    Answer answer = question(kSlice);
    rd_kafka_poll(client_->handle(), 0);
    Status status = client_->Explain(ToStatus(answer));
    if (status.ok()) {
      return answer;
    }
    if (status.code() != Code::kRetry || steady_clock::now() >= deadline) {
      return Failure(std::move(status));
    }
    std::this_thread::sleep_for(kAskPause);
  }
}

Result<std::optional<log::TopicInfo>> KafkaAdmin::DescribeTopic(const std::string& topic) {
  FOOTHOLD_ASSIGN(const std::optional<TopicShape> shape,
                  Ask<Result<std::optional<TopicShape>>>([&](milliseconds timeout) {
                    return DescribeShape(client_->handle(), topic, timeout);
                  }));
  if (!shape) {
    return std::nullopt;
  }
  FOOTHOLD_ASSIGN(std::optional<TopicConfigs> configs,
                  Ask<Result<std::optional<TopicConfigs>>>([&](milliseconds timeout) {
                    return DescribeConfigs(client_->handle(), topic, timeout);
                  }));
  if (!configs) {
    return std::nullopt;
  }
  return log::TopicInfo{.partitions = shape->partitions, .configs = *std::move(configs)};
}

Status KafkaAdmin::CreateTopics(std::span<const log::TopicSpec> topics) {
  for (const log::TopicSpec& topic : topics) {
    FOOTHOLD_TRY(
        Ask<Status>([&](milliseconds timeout) { return CreateIfMissing(topic, timeout); }));
  }
  for (const log::TopicSpec& topic : topics) {
    FOOTHOLD_TRY(AwaitLeaders(topic));
  }
  return Status();
}

Status KafkaAdmin::CreateIfMissing(const log::TopicSpec& topic, milliseconds timeout) {
  FOOTHOLD_ASSIGN(const std::optional<TopicShape> shape,
                  DescribeShape(client_->handle(), topic.name, timeout));
  return shape ? Status() : Create(topic);
}

Status KafkaAdmin::Create(const log::TopicSpec& topic) {
  const std::string what = fmt::format("creating topic {}", topic.name);
  std::array<char, 512> text{};
  const NewTopicHandle wanted(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                                    topic.replication, text.data(), text.size()));
  if (wanted == nullptr) {
    return Error(Code::kFatal, fmt::format("{}: {}", what, text.data()));
  }
  for (const auto& [name, value] : topic.configs) {
    FOOTHOLD_TRY(
        StatusFrom(what, rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str())));
  }
  rd_kafka_t* const client = client_->handle();
  const QueueHandle queue(rd_kafka_queue_new(client));
  const AdminOptionsHandle options = OptionsOf(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, kSlice);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), static_cast<int>(kSlice.count()),
                                              text.data(), text.size());
  rd_kafka_NewTopic_t* topics = wanted.get();
  rd_kafka_CreateTopics(client, &topics, 1, options.get(), queue.get());
  const EventHandle event = Await(queue.get(), kSlice);
  FOOTHOLD_TRY(StatusOfEvent(what, event));

  std::size_t count = 0;
  const rd_kafka_topic_result_t** const results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count != 1) {
    return Error(Code::kFatal, fmt::format("{}: the broker gave {} answers", what, count));
  }
  const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
  // Another instance that starts at the same moment was quicker.
  if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
    return Status();
  }
  const char* const detail = rd_kafka_topic_result_error_string(results[0]);
  return StatusOfTopicCall(what, "Create", error, detail == nullptr ? "" : detail);
}

Status KafkaAdmin::AwaitLeaders(const log::TopicSpec& topic) {
  return Ask<Status>([&](milliseconds timeout) -> Status {
    FOOTHOLD_ASSIGN(const std::optional<TopicShape> shape,
                    DescribeShape(client_->handle(), topic.name, timeout));
    if (shape && shape->partitions > 0 && shape->led == shape->partitions) {
      return Status();
    }
    return Error(Code::kRetry, fmt::format("topic {}: {} of {} partitions have a leader",
                                           topic.name, shape ? shape->led : 0, topic.partitions));
  });
}

}  // namespace foothold::kafka
