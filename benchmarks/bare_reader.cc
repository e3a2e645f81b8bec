// The yardsticks: what it costs to read a topic, to parse its records, and to keep a state by key.
// librdkafka in batches from all partitions; each record through simdjson's DOM, five fields looked
// up; with --state, one value of 500 bytes is read and written again for each record's user, in a
// store as state/ opens it, one batch for the records of each poll, and no cache above the store.
//
//   foothold_bare_reader --brokers BROKER --topic events [--work consume|parse] [--state DIR]
//
// Prints one JSON line: records, wall seconds, records/s, CPU seconds (user + system of this
// process) per million records, bytes a record, peak memory, bytes of state.

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <simdjson.h>
#include <sys/resource.h>

#include "src/base/check.h"
#include "state/schema.h"
#include "state/store.h"

namespace foothold::benchmarks {
namespace {

constexpr int kTimeoutMs = 10'000;
constexpr std::size_t kBatch = 1'000;
constexpr std::size_t kValueBytes = 500;
constexpr std::size_t kStateMemory = std::size_t{256} << 20;  // As the service has by default.

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

// The least that a state by key costs: each record reads its user's value and writes it again.
class Keeper {
 public:
  explicit Keeper(const std::string& folder) : memory_(state::SharedMemory::Create(kStateMemory)) {
    Result<std::unique_ptr<state::Store>> store =
        state::Store::Open({.path = folder, .identity = "bare/0", .memory = memory_});
    FOOTHOLD_CHECK(store.has_value(), "the folder of --state takes a store");
    store_ = *std::move(store);
  }

  void Touch(std::string_view tenant, std::string_view user) {
    std::string key = state::UserKey(tenant, user);
    auto staged = staged_.find(key);
    if (staged == staged_.end()) {
      Result<std::optional<std::string>> kept = store_->Get(key);
      FOOTHOLD_CHECK(kept.has_value(), "the store reads");
      std::string value = kept->has_value()
                              ? **std::move(kept)
                              : state::MakeValue(std::string(kValueBytes, '.'), std::nullopt);
      staged = staged_.emplace(std::move(key), std::move(value)).first;
    }
    ++staged->second.back();  // What is written again is not what was read.
  }

  void WriteStaged() {
    batch_.Clear();
    for (const auto& [key, value] : staged_) {
      batch_.Put(key, value, std::nullopt);
    }
    FOOTHOLD_CHECK(store_->Write(batch_).ok(), "the store writes");
    staged_.clear();
  }

  std::uint64_t Finish() {
    FOOTHOLD_CHECK(store_->Flush().ok(), "the store flushes");
    return store_->bytes_on_disk();
  }

 private:
  std::shared_ptr<state::SharedMemory> memory_;
  std::unique_ptr<state::Store> store_;
  state::WriteBatch batch_;
  std::unordered_map<std::string, std::string> staged_;
};

// What is done with each record.
class Work {
 public:
  Work(bool parses, std::unique_ptr<Keeper> keeper) : parses_(parses), keeper_(std::move(keeper)) {}

  void Do(std::string_view value) {
    ++tally_.records;
    tally_.bytes += static_cast<std::int64_t>(value.size());
    if (parses_) {
      Parse(value);
    }
  }

  void EndBatch() {
    if (keeper_ != nullptr) {
      keeper_->WriteStaged();
    }
  }

  // Returns the bytes of state on disk.
  std::uint64_t Finish() { return keeper_ != nullptr ? keeper_->Finish() : 0; }

  const Tally& tally() const { return tally_; }

 private:
  void Parse(std::string_view value) {
    simdjson::dom::element call;
    if (parser_.parse(value.data(), value.size()).get(call) != simdjson::SUCCESS) {
      ++tally_.unparseable;
      return;
    }
    std::string_view text;
    for (const char* const pointer : {"/event", "/messageId", "/timestamp"}) {
      if (call.at_pointer(pointer).get(text) == simdjson::SUCCESS) {
        tally_.checksum += text.size();
      }
    }
    std::string_view user;
    std::string_view tenant;
    if (call.at_pointer("/userId").get(user) == simdjson::SUCCESS &&
        call.at_pointer("/context/groupId").get(tenant) == simdjson::SUCCESS) {
      tally_.checksum += user.size() + tenant.size();
      if (keeper_ != nullptr) {
        keeper_->Touch(tenant, user);
      }
    }
  }

  const bool parses_;
  const std::unique_ptr<Keeper> keeper_;
  simdjson::dom::parser parser_;
  Tally tally_;
};

// Reads until the end of every partition was seen.
void ReadAll(rd_kafka_t* consumer, int partitions, Work* work) {
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
        work->Do({static_cast<const char*>(message->payload), message->len});
      } else {
        std::cerr << "foothold_bare_reader: " << rd_kafka_message_errstr(message) << '\n';
      }
      rd_kafka_message_destroy(message);
    }
    work->EndBatch();
  }
  rd_kafka_queue_destroy(queue);
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
  std::string kind = "parse";
  std::string folder;
  CLI::App app("Reads a topic, parses it, keeps a state, and says what that costs.");
  app.add_option("--brokers", brokers)->required();
  app.add_option("--topic", topic)->required();
  app.add_option("--work", kind)->check(CLI::IsMember({"consume", "parse"}))->capture_default_str();
  app.add_option("--state", folder, "Folder of the state; it comes with parsing");
  CLI11_PARSE(app, argc, argv);
  const std::unique_ptr<Handle> handle = Open(brokers);
  const int partitions = handle == nullptr ? 0 : AssignAll(handle->consumer, topic);
  if (partitions == 0) {
    std::cerr << "foothold_bare_reader: no topic " << topic << " at " << brokers << '\n';
    return 1;
  }
  const auto began = std::chrono::steady_clock::now();
  Work work(kind == "parse", folder.empty() ? nullptr : std::make_unique<Keeper>(folder));
  ReadAll(handle->consumer, partitions, &work);
  const std::uint64_t state_bytes = work.Finish();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const Tally& tally = work.tally();
  const double records = std::max(1.0, static_cast<double>(tally.records));
  std::cout << fmt::format(
      "{{\"records\":{},\"unparseable\":{},\"wallS\":{:.2f},\"recordsPerS\":{:.0f},"
      "\"cpuSPerMillion\":{:.2f},\"bytesPerRecord\":{:.0f},\"peakMiB\":{},\"stateBytes\":{},"
      "\"checksum\":{}}}\n",
      tally.records, tally.unparseable, wall.count(), records / wall.count(),
      CpuSeconds(usage) / records * 1e6, static_cast<double>(tally.bytes) / records,
      usage.ru_maxrss / 1024, state_bytes, tally.checksum);
  return 0;
}

}  // namespace
}  // namespace foothold::benchmarks

int main(int argc, char** argv) { return foothold::benchmarks::Main(argc, argv); }
