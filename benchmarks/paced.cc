// How long from an event to what is decided of it: produces the traffic at a steady pace and looks,
// with a reader of committed records, when the first status of each user is there.
//
//   foothold_paced --brokers BROKER --topic events --output onboarding.user-status --rate 500
//
// An event counts from when its turn was, whether or not the producer was late, to when the reader
// has the record. Only births are told: whoever is heard of for the first time has a status at
// once. Prints one JSON line: events, samples, p50, p99, p99.9 and the most in milliseconds, and
// how late the producer was at most.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include "benchmarks/traffic.h"
#include "src/base/check.h"

namespace foothold::benchmarks {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr int kPollMs = 100;
constexpr int kTimeoutMs = 10'000;
constexpr std::chrono::milliseconds kTick{1};
constexpr std::int64_t kExcluded = -1;

struct Options {
  std::string brokers;
  std::string topic = "events";
  std::string output = "onboarding.user-status";
  std::int64_t rate = 500;
  std::int64_t seconds = 60;
  std::int64_t warmup_seconds = 5;
  std::int64_t users = 30'000;
  std::uint64_t seed = 1;
};

std::int64_t NanosecondsOf(SteadyTime at) { return at.time_since_epoch().count(); }

// When each user was born, by number: 0 not yet, kExcluded if the status may be of something else.
// Written by the producing thread, taken by the reading one.
class Births {
 public:
  explicit Births(std::int64_t users) : at_(static_cast<std::size_t>(users) + kInviteesBeyond) {}

  void NoteEvent(std::string_view user, SteadyTime at) {
    std::int64_t unborn = 0;
    at_[NumberOf(user)].compare_exchange_strong(unborn, NanosecondsOf(at));
  }
  // The invited has a status from then on.
  void NoteInvited(std::string_view user) { at_[NumberOf(user)].store(kExcluded); }
  // The time of birth of whose status is seen for the first time; else nothing to count.
  std::int64_t Take(std::string_view user) { return at_[NumberOf(user)].exchange(kExcluded); }

 private:
  inline static constexpr std::size_t kInviteesBeyond = 8;

  std::size_t NumberOf(std::string_view user) const {
    const std::size_t number = std::stoul(std::string(user.substr(user.find('-') + 1)));
    FOOTHOLD_CHECK(number < at_.size(), "users are numbered from 0");
    return number;
  }

  std::vector<std::atomic<std::int64_t>> at_;
};

rd_kafka_t* Open(rd_kafka_type_t type,
                 const std::vector<std::pair<const char*, std::string>>& settings) {
  char message[512] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, setting] : settings) {
    FOOTHOLD_CHECK(
        rd_kafka_conf_set(conf, name, setting.c_str(), message, sizeof message) == RD_KAFKA_CONF_OK,
        "librdkafka knows the setting");
  }
  rd_kafka_t* const client = rd_kafka_new(type, conf, message, sizeof message);
  FOOTHOLD_CHECK(client != nullptr, "a client of Kafka can be made");
  return client;
}

// Reads the output from its present end on, until it is told to stop.
class Reader {
 public:
  Reader(const Options& options, Births* births)
      : births_(births),
        consumer_(Open(RD_KAFKA_CONSUMER, {{"bootstrap.servers", options.brokers},
                                           {"group.id", "foothold-paced"},
                                           {"isolation.level", "read_committed"},
                                           {"fetch.wait.max.ms", "10"},
                                           {"enable.auto.commit", "false"}})) {
    rd_kafka_poll_set_consumer(consumer_);
    AssignEnds(options.output);
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
  ~Reader() {
    Stop();
    rd_kafka_consumer_close(consumer_);
    rd_kafka_destroy(consumer_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Births before that time are not told. Set before the first of them.
  void CountFrom(SteadyTime at) { count_from_ = NanosecondsOf(at); }
  void Stop() {
    thread_.request_stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  // Milliseconds, ascending. REQUIRES: stopped.
  std::vector<double> TakeLatencies() {
    std::ranges::sort(latencies_);
    return std::move(latencies_);
  }

 private:
  void AssignEnds(const std::string& topic) {
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_topic_t* const handle = rd_kafka_topic_new(consumer_, topic.c_str(), nullptr);
    FOOTHOLD_CHECK(rd_kafka_metadata(consumer_, 0, handle, &metadata, kTimeoutMs) ==
                           RD_KAFKA_RESP_ERR_NO_ERROR &&
                       metadata->topics[0].partition_cnt > 0,
                   "the output's topic is there");
    rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(8);
    for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
      std::int64_t low = 0;
      std::int64_t high = 0;
      FOOTHOLD_CHECK(rd_kafka_query_watermark_offsets(consumer_, topic.c_str(), i, &low, &high,
                                                      kTimeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR,
                     "the output's end can be asked for");
      rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = high;
    }
    rd_kafka_assign(consumer_, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
  }

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer_, kPollMs);
      if (message == nullptr) {
        continue;
      }
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->key != nullptr) {
        const std::string_view key(static_cast<const char*>(message->key), message->key_len);
        const std::int64_t born = births_->Take(key.substr(key.rfind('|') + 1));
        if (born > 0 && born >= count_from_) {
          latencies_.push_back(
              static_cast<double>(NanosecondsOf(std::chrono::steady_clock::now()) - born) / 1e6);
        }
      }
      rd_kafka_message_destroy(message);
    }
  }

  Births* births_;
  rd_kafka_t* const consumer_;
  std::atomic<std::int64_t> count_from_ = 0;
  std::vector<double> latencies_;
  std::jthread thread_;
};

// Produces all of the traffic, each record at its turn. Returns how late one was at most.
std::chrono::nanoseconds ProduceAll(const Options& options, Births* births, Reader* reader) {
  rd_kafka_t* const producer = Open(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.brokers},
                                                        {"compression.type", "lz4"},
                                                        {"linger.ms", "1"},
                                                        {"enable.idempotence", "true"},
                                                        {"partitioner", "murmur2_random"}});
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(producer, options.topic.c_str(), nullptr);
  const std::int64_t seconds = options.seconds + options.warmup_seconds;
  Traffic traffic({.seed = options.seed,
                   .events = options.rate * seconds,
                   .users = options.users,
                   .span = milliseconds(seconds * 1'000),
                   .malformed_ppm = 0,
                   .start = SystemWallClock().Now() - milliseconds(5'000)});  // It spreads by 5 s.
  const SteadyTime began = std::chrono::steady_clock::now();
  reader->CountFrom(began + std::chrono::seconds(options.warmup_seconds));
  std::chrono::nanoseconds latest{0};
  std::string key;
  std::string value;
  for (std::int64_t i = 0; traffic.Next(&key, &value); ++i) {
    const SteadyTime turn = began + std::chrono::nanoseconds(i * 1'000'000'000 / options.rate);
    while (std::chrono::steady_clock::now() < turn) {
      rd_kafka_poll(producer, 0);
      std::this_thread::sleep_for(kTick);
    }
    latest = std::max(latest, std::chrono::steady_clock::now() - turn);
    births->NoteEvent(key, turn);
    if (const std::size_t place = value.find("\"inviteeId\":\"user-"); place != value.npos) {
      births->NoteInvited(std::string_view(value).substr(place + 13, 12));
    }
    FOOTHOLD_CHECK(rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.data(),
                                    value.size(), key.data(), key.size(), nullptr) == 0,
                   "the producer keeps up");
  }
  rd_kafka_flush(producer, kTimeoutMs);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
  return latest;
}

double Quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) {
    return 0;
  }
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Paced traffic, and how long until its decisions can be read.");
  app.add_option("--brokers", options.brokers)->required();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_option("--output", options.output)->capture_default_str();
  app.add_option("--rate", options.rate, "Events a second")->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str();
  app.add_option("--warmup-seconds", options.warmup_seconds, "Before them, not counted")
      ->capture_default_str();
  app.add_option("--users", options.users)->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Births births(options.users);
  Reader reader(options, &births);
  const std::chrono::nanoseconds late = ProduceAll(options, &births, &reader);
  std::this_thread::sleep_for(std::chrono::milliseconds(kTimeoutMs));  // What is still under way.
  reader.Stop();
  const std::vector<double> latencies = reader.TakeLatencies();
  std::cout << fmt::format(
      "{{\"events\":{},\"samples\":{},\"p50Ms\":{:.0f},\"p99Ms\":{:.0f},\"p999Ms\":{:.0f},"
      "\"maxMs\":{:.0f},\"lateMs\":{:.0f}}}\n",
      options.rate * options.seconds, latencies.size(), Quantile(latencies, 0.5),
      Quantile(latencies, 0.99), Quantile(latencies, 0.999), Quantile(latencies, 1),
      static_cast<double>(late.count()) / 1e6);
  return latencies.empty() ? 1 : 0;
}

}  // namespace
}  // namespace foothold::benchmarks

int main(int argc, char** argv) { return foothold::benchmarks::Main(argc, argv); }
