#pragma once

// foothold.yaml as the program sees it: every default is here. config_file.h reads it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/base/logging.h"
#include "src/base/time.h"
#include "src/journey/clock.h"

namespace foothold::config {

// Where the first run begins in a partition that nobody has read yet.
struct Start {
  enum class Kind : std::uint8_t { kEarliest, kLatest, kTime };
  Kind kind = Kind::kEarliest;
  Instant time;  // For kTime: the first record at or after it.
  friend bool operator==(const Start&, const Start&) = default;
};

// A named set of topics that are read in one way.
struct Source {
  std::string name;
  std::vector<std::string> topics;  // No topic belongs to two sources.
  std::string preset;               // One that intake::MakeMapping() takes, as it does `mapping`.
  // Field name -> path or "const:<value>"; group_type is among them if it was given.
  std::map<std::string, std::string> mapping;
  bool is_required = true;  // The clock waits for it.
  bool is_product = true;   // False: CS, billing, support; never access.
  Start start;
  // Silent for longer: an incomplete measurement. nullopt: auto (PRODUCT.md section 7).
  std::optional<milliseconds> silence_after;
  friend bool operator==(const Source&, const Source&) = default;
};

enum class OutputFormat : std::uint8_t {
  kJson,
  kProtobufRaw,
  kProtobufFramed,  // Confluent framing, with OutputTopic::schema_id.
};

struct OutputTopic {
  std::string topic;
  OutputFormat format = OutputFormat::kJson;
  std::int32_t schema_id = 0;  // From 1 for kProtobufFramed, else 0.
  // False: what describes the person (e-mail, name, ...) is left out. Not of progress and
  // account_status: they carry none.
  bool has_person = true;
  friend bool operator==(const OutputTopic&, const OutputTopic&) = default;
};

struct Outputs {
  OutputTopic activation{.topic = "activation.changed"};
  OutputTopic progress{.topic = "onboarding.progress"};
  OutputTopic user_status{.topic = "onboarding.user-status"};
  OutputTopic account_status{.topic = "onboarding.account-status"};
  OutputTopic risk{.topic = "dropoff.risk.changed"};
  OutputTopic interventions_email{.topic = "interventions.email"};
  OutputTopic interventions_in_app{.topic = "interventions.in_app"};
  OutputTopic interventions_cs{.topic = "interventions.cs"};
  OutputTopic interventions_log{.topic = "interventions.log"};
  std::string dead_letter = "onboarding.dead-letter";
  std::int32_t partitions = 4;    // Of each output topic; chosen once.
  std::int32_t replication = -1;  // Of every topic that is created; -1: the broker's default.
  friend bool operator==(const Outputs&, const Outputs&) = default;
};

struct Journal {
  std::int32_t partitions = 8;         // Chosen once: a bigger house is a new app and an import.
  milliseconds retention{120 * kDay};  // At least RetentionNeeded(playbook).
  friend bool operator==(const Journal&, const Journal&) = default;
};

// The stage that finds the accounts of records which name a user alone.
struct People {
  std::int32_t workers = 1;
  std::int32_t partitions = 4;                // Of its topic; chosen once.
  std::int64_t waiting_bytes = 256LL << 20U;  // Of what waits for an account, over all partitions.
  friend bool operator==(const People&, const People&) = default;
};

struct StateStore {
  std::string dir = "/var/lib/foothold";
  std::int64_t memory_bytes = 256LL << 20U;  // RocksDB's block cache and write buffers together.
  std::int64_t cache_bytes = 256LL << 20U;   // Decoded users and accounts, over all workers.
  // Changed users and accounts go into the changelog this often, or sooner when they fill the
  // cache; what was committed since is folded again after a crash.
  milliseconds checkpoint_interval{10'000};
  friend bool operator==(const StateStore&, const StateStore&) = default;
};

struct Logging {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  friend bool operator==(const Logging&, const Logging&) = default;
};

// The page and the HTTP API over the outputs.
struct Serve {
  std::string listen;          // An address and a port; empty: `run` shows no page.
  std::string token_file;      // What it holds callers must show; empty: as the environment has it.
  bool has_approvals = false;  // Callers may approve and reject what waits for it.
  friend bool operator==(const Serve&, const Serve&) = default;
};

struct Config {
  std::string app = "foothold";  // Prefix of the internal topics, groups and transactional ids.
  // Stable name of this process among those of the app; empty: the host's name.
  std::string instance;
  std::map<std::string, std::string> kafka;  // librdkafka's properties by its own names.
  std::vector<Source> sources;
  // The playbook that seeds an empty journal, from the directory of foothold.yaml if it is a
  // relative path; empty: the default playbook.
  std::string playbook;
  Outputs outputs;
  Journal journal;
  StateStore state;
  People people;
  std::int32_t intake_workers = 1;
  std::int32_t journey_workers = 1;
  milliseconds commit_interval{100};
  std::int64_t record_bytes_max = 1LL << 20U;  // Of an input record; a larger one is too_large.
  journey::ClockMode clock = journey::ClockMode::kWall;
  std::string http_listen = "127.0.0.1:9464";  // An address and a port; port 0: any free one.
  milliseconds ready_lag_max{5 * kMinute};     // /readyz: what is read may be older by that much.
  Serve serve;
  Logging log;
  milliseconds watchdog{90'000};  // A worker silent for longer ends the process.
  // A worker that the broker has not heard of for longer loses its partitions to the others: also
  // what an instance that goes for good leaves to rest.
  milliseconds session_timeout{45'000};
  // Salts the hashes under which e-mail addresses are kept; the first start's holds for ever. A
  // secret. Empty: the app's name.
  std::string email_salt;
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace foothold::config
