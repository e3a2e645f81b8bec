#pragma once

// Why a condition holds for a subject, or what is missing: for people. Nothing is decided by it.

#include <optional>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "src/journey/conditions.h"

namespace foothold::journey {

// One question of a condition and how things stand with it.
struct Finding {
  ConditionKind kind = ConditionKind::kAlways;
  bool holds = false;
  std::string said = {};  // How it is: "report.exported: 1 of 2 so far". No full stop.
  // When time alone changes the answer; nullopt: it does not, or that is not known.
  std::optional<Instant> changes_at = {};
  bool is_choice = false;  // One of several of which one would do.
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct Findings {
  bool holds = false;  // As Judge() says.
  // The questions that make it hold; or, if it does not, those that keep it from holding.
  std::vector<Finding> reasons;
};
Findings FindingsOf(const Condition& condition, const Facts& facts);

// How things stand with one question. REQUIRES: the node is no operator.
Finding FindingOf(const ConditionNode& node, const Facts& facts);

// "3d after signup", "3d before trialEndsAt", "signup".
std::string WordsOf(const Playbook& playbook, const Moment& moment);
// "report.exported or dashboard.created, where rows > 0".
std::string WordsOf(const Definition& definition, const Tracker& tracker);

}  // namespace foothold::journey
