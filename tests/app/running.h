#pragma once

// `foothold run` against the tests' broker: its configuration, its input, what it wrote, its HTTP.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/log/log.h"
#include "tests/app/child.h"

namespace foothold::app {

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

// Of every output topic of the apps of these tests.
inline constexpr std::int32_t kOutputPartitions = 2;

// A record with bytes of its own.
struct PlainRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  Headers headers = {};
};

// An app of its own on the broker, with its configuration in `folder`. File mode, one source.
struct RunSetup {
  std::string app = {};
  std::string instance = "test";
  std::string servers = {};
  std::string source = {};  // The topic.
  std::string preset = "segment";
  std::string mapping = {};   // "field: path, ...".
  std::string playbook = {};  // The file's path; empty: the built-in one.
  std::string state_dir = {};
  std::string clock = "event";
  std::string extra = {};  // Further lines of foothold.yaml.
  std::string kafka = {};  // Further properties: ", name: value".
  int journal_partitions = 2;
};

// A setup with a new app and new output topics on `servers`; the source is to be set.
RunSetup NewSetup(const std::string& servers, const Folder& folder);
// Writes foothold.yaml and returns its path.
std::string WriteConfig(const RunSetup& setup, const Folder& folder);
std::string ActivationTopic(const RunSetup& setup);
std::string ProgressTopic(const RunSetup& setup);
std::string DeadLetterTopic(const RunSetup& setup);
std::string UserStatusTopic(const RunSetup& setup);
std::string JournalTopic(const RunSetup& setup);
std::string ChangelogTopic(const RunSetup& setup);

// A user's product event; `day` is a day of January 2026.
std::string EventOf(const std::string& user, const std::string& event, int day);

// Writes records to their partitions in one transaction.
void Produce(log::Log* log, const std::string& topic, const std::vector<PlainRecord>& records);
// Of a topic all committed records, or also those of transactions that were aborted.
enum class Reading { kCommitted, kAll };
void ForEachRecord(log::Log* log, const std::string& topic, std::int32_t partitions,
                   Reading reading, const std::function<void(const log::RecordView&)>& take);
// Likewise of some topics, each with so many partitions, in one go.
void ForEachRecord(log::Log* log, const std::map<std::string, std::int32_t>& topics,
                   Reading reading, const std::function<void(const log::RecordView&)>& take);
// All committed records of a topic, by partition and offset.
std::vector<PlainRecord> Consume(log::Log* log, const std::string& topic, std::int32_t partitions);

struct HttpAnswer {
  int status = 0;  // 0: no connection.
  std::string body;
};
// GET from 127.0.0.1.
HttpAnswer HttpGet(int port, const std::string& path);
// The port that `run` says it serves on; 0: it does not say.
int HttpPortOf(std::string_view error);

}  // namespace foothold::app
