#pragma once

// Two playbooks held against each other: what went out, when, and how much of it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/app/backtest_tally.h"
#include "src/base/time.h"

namespace foothold::app {

// Of the old playbook and of the new one.
template <class T>
struct Pair {
  T before{};
  T after{};
  friend bool operator==(const Pair&, const Pair&) = default;
};

struct Load {
  std::int64_t count = 0;
  std::int64_t most = 0;  // On one day (UTC), ...
  std::string most_on;    // ... which is the first such; "" if nothing went out.
  friend bool operator==(const Load&, const Load&) = default;
};

// What became of a rule for the members of one role.
struct RuleChange {
  std::string rule, role;
  Pair<std::int64_t> asked;
  std::int64_t same = 0;                 // Went out at the same time under both.
  std::int64_t moved = 0;                // Under both, at another time.
  std::int64_t gone = 0;                 // Under the old one only.
  std::int64_t added = 0;                // Under the new one only.
  std::optional<milliseconds> moved_by;  // The median; later is positive.
};

struct Sample {
  enum class Kind : std::uint8_t { kNew, kGone, kMoved };
  Kind kind = Kind::kNew;
  AskedOnce asked;                // As the new playbook asked; kGone: the old one.
  std::optional<Instant> before;  // kMoved: when the old one did.
};

struct BacktestReport {
  Pair<std::string> playbook;
  std::optional<Instant> begin, end;  // Of the events; end: the clock.
  double days = 1;                    // Between, at least one.
  Pair<std::map<std::string, RoleOutcome>> roles;
  std::vector<RuleChange> rules;               // By rule and role.
  std::map<std::string, Pair<Load>> channels;  // "email", ..., "all".
  std::map<std::string, Pair<Load>> loads;     // By rule.
  Pair<std::map<std::string, std::map<std::string, std::int64_t>>> suppressed;
  std::vector<Sample> samples;  // By rule, then kind, then time.
};

struct BacktestSide {
  std::string playbook;
  BacktestTally tally;
  std::optional<Instant> begin, end;
};

// At most `samples` of each kind and rule, of nobody who was erased since.
BacktestReport Compare(const BacktestSide& before, const BacktestSide& after, std::size_t samples);

// For people, and as one JSON object with a newline at the end.
std::string TextOf(const BacktestReport& report);
std::string JsonOf(const BacktestReport& report, const std::string& retention_json);

}  // namespace foothold::app
