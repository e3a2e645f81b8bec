#include "tests/kafka/harness.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <unistd.h>

#include "src/kafka/admin.h"
#include "src/kafka/handles.h"

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kCallMax{10'000};
constexpr milliseconds kPollMax{100};

}  // namespace

std::unique_ptr<KafkaLog> OpenLog(const std::string& servers, Properties properties) {
  properties.insert_or_assign("bootstrap.servers", servers);
  return Must(KafkaLog::Open({.properties = std::move(properties), .on_log = nullptr}));
}

std::string NewName(const std::string& stem) {
  static int number = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return fmt::format("{}-{}-{}-{}", stem, now, getpid(), ++number);
}

std::string MakeTopic(log::Log* log, std::int32_t partitions, Properties configs) {
  const log::TopicSpec spec{
      .name = NewName("topic"), .partitions = partitions, .configs = std::move(configs)};
  Must(Must(log->NewAdmin())->CreateTopics(std::span(&spec, 1)));
  return spec.name;
}

std::unique_ptr<log::TransactionalProducer> MakeProducer(log::Log* log, const std::string& id,
                                                         std::vector<std::string> topics) {
  std::unique_ptr<log::TransactionalProducer> producer =
      Must(log->NewProducer({.transactional_id = id, .topics = std::move(topics)}));
  Must(producer->Init(kPatience));
  return producer;
}

std::unique_ptr<log::Consumer> NewMember(log::Log* log, const std::string& group) {
  log::ConsumerOptions options;
  options.group = group;
  return Must(log->NewConsumer(options));
}

std::unique_ptr<log::Consumer> NewReader(log::Log* log, int batch_records_max) {
  log::ConsumerOptions options;
  options.batch_records_max = batch_records_max;
  return Must(log->NewConsumer(options));
}

void DeleteTopic(const std::string& servers, const std::string& topic) {
  const auto client =
      Must(Client::Open({.properties = {{"bootstrap.servers", servers}}, .on_log = nullptr}, {}));
  Must(kafka::DeleteTopic(client->handle(), topic, kPatience));
  const auto admin = Must(OpenLog(servers)->NewAdmin());
  const auto deadline = steady_clock::now() + kPatience;
  while (Must(admin->DescribeTopic(topic)).has_value()) {
    FOOTHOLD_CHECK(steady_clock::now() < deadline, "a deleted topic does not go");
  }
}

void ConfigureTopic(const std::string& servers, const std::string& topic,
                    const Properties& configs) {
  const auto client =
      Must(Client::Open({.properties = {{"bootstrap.servers", servers}}, .on_log = nullptr}, {}));
  const QueueHandle queue(rd_kafka_queue_new(client->handle()));
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [name, value] : configs) {
    rd_kafka_ConfigResource_set_config(resource, name.c_str(), value.c_str());
  }
  rd_kafka_AlterConfigs(client->handle(), &resource, 1, nullptr, queue.get());
  const EventHandle event(rd_kafka_queue_poll(queue.get(), static_cast<int>(kPatience.count())));
  rd_kafka_ConfigResource_destroy(resource);
  FOOTHOLD_CHECK(event != nullptr && rd_kafka_event_error(event.get()) == 0,
                 "the settings of a topic cannot be changed");
}

void DeleteAllRecords(const std::string& servers, const std::string& topic, PartitionId partition) {
  const auto client =
      Must(Client::Open({.properties = {{"bootstrap.servers", servers}}, .on_log = nullptr}, {}));
  const log::Position end{{topic, partition}, NextOffset{RD_KAFKA_OFFSET_END}};
  Must(DeleteRecordsBefore(client->handle(), end, kPatience));
}

void WriteNumbers(log::Log* log, const std::string& topic, PartitionId partition, int count) {
  const auto producer = MakeProducer(log, NewName("numbers"), {topic});
  Must(producer->Begin());
  for (int i = 0; i < count; ++i) {
    const std::string value = std::to_string(i);
    Must(producer->Send({.topic = topic,
                         .partition = partition,
                         .key = {},
                         .value = value,
                         .headers = {},
                         .timestamp = {}}));
  }
  Must(producer->Commit(kPatience));
}

void Accept(log::Consumer* consumer, const log::AssignmentChange& change) {
  if (change.kind != log::AssignmentChange::Kind::kAssigned) {
    Must(consumer->AcceptRevoked(change.partitions));
    return;
  }
  std::vector<log::Position> starts;
  if (!change.partitions.empty()) {
    const auto committed = Must(consumer->Committed(change.partitions, kPatience));
    for (std::size_t i = 0; i < committed.size(); ++i) {
      starts.push_back(
          {.source = change.partitions[i], .next = committed[i].value_or(NextOffset{0})});
    }
  }
  Must(consumer->AcceptAssigned(starts));
}

EndsReader::EndsReader(const std::string& servers) {
  const auto open = [&](const std::string& isolation) {
    ClientPlan plan;
    plan.required = {{"isolation.level", isolation}};
    return Must(Client::Open({.properties = {{"bootstrap.servers", servers}}, .on_log = nullptr},
                             std::move(plan)));
  };
  of_stable_ = open("read_committed");
  of_all_ = open("read_uncommitted");
}

Ends EndsReader::EndsOf(const std::string& topic, PartitionId partition) const {
  const auto deadline = steady_clock::now() + kPatience;
  const auto end_of = [&](const Client& client) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    do {
      error = rd_kafka_query_watermark_offsets(client.handle(), topic.c_str(), partition.value,
                                               &low, &high, static_cast<int>(kCallMax.count()));
    } while (error != RD_KAFKA_RESP_ERR_NO_ERROR && steady_clock::now() < deadline);
    FOOTHOLD_CHECK(error == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(error));
    return high;
  };
  // The stable end first: what is committed between the questions counts as open then, never as
  // committed what is not.
  const std::int64_t stable = end_of(*of_stable_);
  return {.stable = stable, .high = end_of(*of_all_)};
}

bool PollUntil(log::Consumer* consumer, const std::function<bool(const log::Batch&)>& is_done) {
  auto deadline = steady_clock::now() + kPatience;
  while (steady_clock::now() < deadline) {
    const log::Batch batch = Must(consumer->Poll(kPollMax));
    if (!batch.records.empty()) {
      deadline = steady_clock::now() + kPatience;
    }
    if (batch.change) {
      Accept(consumer, *batch.change);
    }
    if (is_done(batch)) {
      return true;
    }
  }
  return false;
}

std::map<PartitionId, std::vector<std::string>> ReadAll(log::Log* log, const std::string& topic,
                                                        std::int32_t partitions) {
  const auto consumer = NewReader(log);
  std::vector<log::Position> starts;
  std::map<PartitionId, std::int64_t> ends;
  for (PartitionId id{0}; id.value < partitions; ++id.value) {
    starts.push_back({.source = {.topic = topic, .partition = id}, .next = NextOffset{0}});
    ends[id] = Must(consumer->QueryWatermarks(starts.back().source, kCallMax)).high;
  }
  Must(consumer->Assign(starts));
  std::map<PartitionId, std::vector<std::string>> values;
  const bool is_complete = PollUntil(consumer.get(), [&](const log::Batch& batch) {
    for (const log::RecordView& record : batch.records) {
      values[record.partition].emplace_back(record.value.value_or(""));
    }
    return std::ranges::all_of(starts, [&](const log::Position& start) {
      return consumer->PositionOf(start.source)->value >= ends[start.source.partition];
    });
  });
  FOOTHOLD_CHECK(is_complete, "the topic could not be read to its end");
  return values;
}

}  // namespace foothold::kafka
