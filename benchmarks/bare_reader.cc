// The yardstick: what it costs to read a topic and parse its records, and nothing else. librdkafka
// in batches from all partitions, each record through simdjson's DOM, five fields looked up.
//
//   foothold_bare_reader --brokers BROKER --topic events
//
// Prints one JSON line: records, wall seconds, records/s, CPU seconds (user + system of this
// process) per million records, bytes a record, peak memory.

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <simdjson.h>
#include <sys/resource.h>

namespace foothold::benchmarks {
namespace {

constexpr int kTimeoutMs = 10'000;
constexpr std::size_t kBatch = 1'000;

struct Tally {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  std::int64_t unparseable = 0;
  std::size_t checksum = 0;  // Of what was looked up, so that nothing is optimised away.
};

struct Handle {
  explicit Handle(rd_kafka_t* client) : consumer(client) {}
  ~Handle() {
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  rd_kafka_t* const consumer;
};

std::unique_ptr<Handle> Open(const std::string& brokers) {
  char message[512] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, setting] : {std::pair{"bootstrap.servers", brokers.c_str()},
                                      {"group.id", "foothold-bare-reader"},
                                      {"enable.auto.commit", "false"},
                                      {"enable.partition.eof", "true"},
                                      {"isolation.level", "read_committed"}}) {
    rd_kafka_conf_set(conf, name, setting, message, sizeof message);
  }
  rd_kafka_t* const consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, message, sizeof message);
  if (consumer == nullptr) {
    std::cerr << "foothold_bare_reader: " << message << '\n';
    rd_kafka_conf_destroy(conf);
    return nullptr;
  }
  rd_kafka_poll_set_consumer(consumer);
  return std::make_unique<Handle>(consumer);
}

// Assigns all partitions of the topic from their beginning; returns how many there are.
int AssignAll(rd_kafka_t* consumer, const std::string& topic) {
  rd_kafka_topic_t* const handle = rd_kafka_topic_new(consumer, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  int partitions = 0;
  if (rd_kafka_metadata(consumer, 0, handle, &metadata, kTimeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    partitions = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(handle);
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
  return partitions;
}

void Parse(std::string_view value, simdjson::dom::parser* parser, Tally* tally) {
  simdjson::dom::element call;
  if (parser->parse(value.data(), value.size()).get(call) != simdjson::SUCCESS) {
    ++tally->unparseable;
    return;
  }
  for (const char* const pointer :
       {"/event", "/userId", "/messageId", "/timestamp", "/context/groupId"}) {
    std::string_view text;
    if (call.at_pointer(pointer).get(text) == simdjson::SUCCESS) {
      tally->checksum += text.size();
    }
  }
}

// Reads until the end of every partition was seen.
Tally ReadAll(rd_kafka_t* consumer, int partitions) {
  Tally tally;
  simdjson::dom::parser parser;
  std::set<std::int32_t> ended;
  std::vector<rd_kafka_message_t*> batch(kBatch);
  rd_kafka_queue_t* const queue = rd_kafka_queue_get_consumer(consumer);
  while (static_cast<int>(ended.size()) < partitions) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 1'000, batch.data(), batch.size());
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* const message = batch[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ended.insert(message->partition);
      } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++tally.records;
        tally.bytes += static_cast<std::int64_t>(message->len);
        Parse({static_cast<const char*>(message->payload), message->len}, &parser, &tally);
      } else {
        std::cerr << "foothold_bare_reader: " << rd_kafka_message_errstr(message) << '\n';
      }
      rd_kafka_message_destroy(message);
    }
  }
  rd_kafka_queue_destroy(queue);
  return tally;
}

double CpuSeconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int Main(int argc, char** argv) {
  std::string brokers;
  std::string topic;
  CLI::App app("Reads and parses a topic, and says what that costs.");
  app.add_option("--brokers", brokers)->required();
  app.add_option("--topic", topic)->required();
  CLI11_PARSE(app, argc, argv);
  const std::unique_ptr<Handle> handle = Open(brokers);
  const int partitions = handle == nullptr ? 0 : AssignAll(handle->consumer, topic);
  if (partitions == 0) {
    std::cerr << "foothold_bare_reader: no topic " << topic << " at " << brokers << '\n';
    return 1;
  }
  const auto began = std::chrono::steady_clock::now();
  const Tally tally = ReadAll(handle->consumer, partitions);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double records = std::max(1.0, static_cast<double>(tally.records));
  std::cout << fmt::format(
      "{{\"records\":{},\"unparseable\":{},\"wallS\":{:.2f},\"recordsPerS\":{:.0f},"
      "\"cpuSPerMillion\":{:.2f},\"bytesPerRecord\":{:.0f},\"peakMiB\":{},\"checksum\":{}}}\n",
      tally.records, tally.unparseable, wall.count(), records / wall.count(),
      CpuSeconds(usage) / records * 1e6, static_cast<double>(tally.bytes) / records,
      usage.ru_maxrss / 1024, tally.checksum);
  return 0;
}

}  // namespace
}  // namespace foothold::benchmarks

int main(int argc, char** argv) { return foothold::benchmarks::Main(argc, argv); }
