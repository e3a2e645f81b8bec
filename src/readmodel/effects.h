#pragma once

// What the whole comes to: who reaches the milestone, by cohort, and what asking has changed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foothold::readmodel {

// The cohorts shown: weeks of signup, up to that of the newest record.
inline constexpr int kCohortWeeks = 12;
// Outcomes that each side of a comparison must have.
inline constexpr std::int64_t kOutcomesEnough = 30;

// The users of one signup week, role and segment; those removed or of unknown history are left out.
// Never empty: a group without users is absent.
struct UserCohort {
  std::string week = {};     // "2026-W03".
  std::string role = {};     // "none": without one.
  std::string segment = {};  // Of their account; "none": unknown.
  std::int64_t users = 0;
  std::int64_t activated = 0;
  // Seconds from signup, of those activated; nullopt: none of them is. Of two in the middle the
  // lower one.
  std::optional<std::int64_t> median_to_value_s = {};
};

// How rungs ended whose outcome is known.
struct Outcomes {
  std::int64_t converted = 0;
  std::int64_t not_converted = 0;
  std::int64_t churned = 0;
  std::int64_t all() const { return converted + not_converted + churned; }
  // The part that converted. REQUIRES: all() > 0.
  double rate() const { return static_cast<double>(converted) / static_cast<double>(all()); }
};

// The rate of those asked less that of those held out, with the bounds of 95 %.
struct Difference {
  double rate = 0;
  double low = 0;
  double high = 0;
};
// By Newcombe's score intervals of two proportions. nullopt: one side has too few.
std::optional<Difference> DifferenceOf(const Outcomes& asked, const Outcomes& held_out);

// One rule at one version, over the decisions that the model keeps.
struct RuleEffect {
  std::string rule = {};  // "stalled@3".
  Outcomes asked;
  Outcomes held_out;
};

struct Effects {
  std::vector<UserCohort> cohorts;  // By week, role, segment.
  std::vector<RuleEffect> rules;    // By rule.
};

}  // namespace foothold::readmodel
