// Preloads a topic with the traffic of the figures, or prints it.
//
//   foothold_traffic --events 2000000 | kcat -P -b BROKER -t events -K '\t'
//   foothold_traffic --brokers BROKER --topic events --events 2000000

#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <librdkafka/rdkafka.h>

#include "benchmarks/traffic.h"

namespace foothold::benchmarks {
namespace {

constexpr int kFlushMs = 60'000;
constexpr int kFullQueueMs = 50;

struct Target {
  std::string brokers;
  std::string topic;
};

void PrintAll(Traffic* traffic) {
  std::string key;
  std::string value;
  while (traffic->Next(&key, &value)) {
    std::cout << key << '\t' << value << '\n';
  }
  std::cout.flush();
}

// How many records the broker has refused.
void CountFailure(rd_kafka_t*, const rd_kafka_message_t* message, void* failures) {
  *static_cast<std::int64_t*>(failures) += message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : 1;
}

// Produces everything, keyed, as any producer of events would. Returns how many records failed, or
// -1 without a producer.
std::int64_t ProduceAll(const Target& target, Traffic* traffic) {
  char message[512] = "";
  std::int64_t failures = 0;
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, setting] : {std::pair{"bootstrap.servers", target.brokers.c_str()},
                                      {"compression.type", "lz4"},
                                      {"linger.ms", "20"},
                                      {"enable.idempotence", "true"},
                                      {"partitioner", "murmur2_random"},
                                      {"queue.buffering.max.kbytes", "262144"}}) {
    if (rd_kafka_conf_set(conf, name, setting, message, sizeof message) != RD_KAFKA_CONF_OK) {
      std::cerr << "foothold_traffic: " << message << '\n';
      rd_kafka_conf_destroy(conf);
      return -1;
    }
  }
  rd_kafka_conf_set_opaque(conf, &failures);
  rd_kafka_conf_set_dr_msg_cb(conf, &CountFailure);
  rd_kafka_t* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
  if (producer == nullptr) {
    std::cerr << "foothold_traffic: " << message << '\n';
    rd_kafka_conf_destroy(conf);
    return -1;
  }
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(producer, target.topic.c_str(), nullptr);
  std::string key;
  std::string value;
  while (traffic->Next(&key, &value)) {
    // -1: refused, here because the queue is full, which passes.
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.data(),
                            value.size(), key.data(), key.size(), nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        ++failures;
        break;
      }
      rd_kafka_poll(producer, kFullQueueMs);
    }
    rd_kafka_poll(producer, 0);
  }
  rd_kafka_flush(producer, kFlushMs);
  failures += rd_kafka_outq_len(producer);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
  return failures;
}

int Main(int argc, char** argv) {
  TrafficOptions options;
  Target target;
  std::int64_t days = options.span / kDay;
  CLI::App app("Writes the traffic of the benchmarks to stdout, or into a topic.");
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--events", options.events)->capture_default_str();
  app.add_option("--users", options.users)->capture_default_str();
  app.add_option("--users-per-account", options.users_per_account)->capture_default_str();
  app.add_option("--days", days, "Of event time")->capture_default_str();
  app.add_option("--skew", options.skew, "How much busier the busy are; 0: all act alike")
      ->capture_default_str();
  app.add_flag("--born-first", options.are_born_first, "The first records are one of each user");
  app.add_option("--malformed-ppm", options.malformed_ppm)->capture_default_str();
  CLI::Option* const brokers = app.add_option("--brokers", target.brokers);
  brokers->needs(app.add_option("--topic", target.topic));
  CLI11_PARSE(app, argc, argv);
  std::ios::sync_with_stdio(false);
  options.span = days * kDay;
  Traffic traffic(options);
  if (target.brokers.empty()) {
    PrintAll(&traffic);
    return std::cout.good() ? 0 : 1;
  }
  const std::int64_t failures = ProduceAll(target, &traffic);
  std::cerr << "foothold_traffic: " << options.events << " records to " << target.topic << ", "
            << failures << " failed\n";
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace foothold::benchmarks

int main(int argc, char** argv) { return foothold::benchmarks::Main(argc, argv); }
