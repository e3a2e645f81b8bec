#pragma once

// A whole run: brokers, a fleet, input, a storm, rest, a verdict.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/chaos/history_checks.h"
#include "tests/kafka/chaos/storm.h"
#include "tests/kafka/chaos/verdict.h"

namespace foothold::chaos {

enum class Extent : std::uint8_t { kShort, kLong, kHours };

struct CampaignOptions {
  std::uint64_t seed = 1;
  Extent extent = Extent::kShort;
  int hours = 1;  // Of kHours.
  std::size_t brokers = 1;
  std::string kafka_version = kafka::kKillableVersion;
  int events_per_second = 0;      // 0: as many as suit the extent.
  std::string history_file;       // Where the history is kept; "": nowhere.
  std::string log_file;           // Where what the instances say is kept; "": nowhere.
  std::vector<std::string> only;  // Names of faults, if not empty: no others strike.
};

struct CampaignReport {
  CampaignOptions options;
  StormReport storm;
  std::vector<Finding> anomalies;
  Comparison comparison;
  int inputs = 0;
  std::size_t records = 0;  // Of all topics, those of aborted transactions among them.
  std::size_t polled = 0;
  int sessions = 0;
  std::map<std::string, int> transactions;  // By stage.
  std::map<std::string, int> aborted;
  milliseconds took{0};

  bool is_sound() const {
    return storm.findings.empty() && anomalies.empty() && comparison.findings.empty();
  }
  std::string ToString() const;
};

CampaignReport RunCampaign(const CampaignOptions& options);

}  // namespace foothold::chaos
