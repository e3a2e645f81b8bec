#pragma once

// What the demo shows of risk, blockers and interventions: who is slipping and why, what was asked
// for it, and what the gate stopped.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "src/journey/records.h"
#include "src/log/log.h"
#include "src/stream/options.h"

namespace foothold::app {

struct Tallied {
  std::string name;
  std::int64_t count = 0;
  friend bool operator==(const Tallied&, const Tallied&) = default;
};

// One rule's requests so far.
struct AskedRow {
  std::string rule;
  std::int64_t asked = 0;
  std::int64_t decided = 0, converted = 0;  // Outcomes of what was asked.
  std::int64_t held_out = 0, held_out_converted = 0;
  friend bool operator==(const AskedRow&, const AskedRow&) = default;
};

struct CarePicture {
  std::int64_t people_high = 0, people_medium = 0;
  std::int64_t accounts_high = 0, accounts_medium = 0;
  std::vector<Tallied> signals;   // Of people at medium or high risk, most frequent first.
  std::vector<Tallied> blockers;  // Of accounts that are not activated, likewise.
  std::int64_t asked = 0, email = 0, in_app = 0, tasks = 0, cancelled = 0;
  std::vector<Tallied> stopped;  // By reason.
  std::vector<AskedRow> rules;   // Most requests first.
};

// Not thread-safe.
class CareBoard {
 public:
  explicit CareBoard(const stream::TopicNames& topics) : topics_(topics) {}

  // Takes in a record of an intervention topic, which are JSON; others are left alone.
  void Apply(const log::RecordView& record);
  void Take(const std::string& key, const journey::UserStatus& status);
  void Take(const journey::AccountStatus& status);
  void ForgetUser(const std::string& key) { people_.erase(key); }

  CarePicture Draw() const;

 private:
  struct AtRisk {
    bool is_high = false;
    std::vector<std::string> signals;
  };
  struct Customer {
    std::string risk;
    std::vector<std::string> blockers;
  };

  stream::TopicNames topics_;
  std::map<std::string, AtRisk> people_;       // At medium or high risk, by the status's key.
  std::map<std::string, Customer> customers_;  // Not activated, or at risk; by tenant.
  std::map<std::string, AskedRow> rules_;
  std::map<std::string, std::int64_t> channels_;  // By topic.
  std::map<std::string, std::int64_t> stopped_;
  std::int64_t cancelled_ = 0;
};

// Lines of plain text with their ends, at most `rules_max` of them of rules.
std::string DescribeCare(const CarePicture& picture, std::size_t rules_max);
// One line each, without ends: risk, and what was asked and stopped.
std::string RiskLine(const CarePicture& picture);
std::string AskedLine(const CarePicture& picture);

}  // namespace foothold::app
