#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace foothold::metrics {

// Users of one signup week, role and segment, of whom there is at least one.
struct CohortGauges {
  std::string week = {}, role = {}, segment = {};
  std::int64_t users = 0;
  std::int64_t activated = 0;
  std::optional<std::int64_t> median_to_value_s;  // nullopt: no gauge, for it is not 0.
};

// Rungs of a rule at a version whose outcome is known.
struct OutcomeGauges {
  std::string rule = {};
  bool is_held_out = false;
  std::int64_t converted = 0, not_converted = 0, churned = 0;
};

// The gauges of what the whole comes to, in Prometheus' text format. They are made anew each time,
// as groups come and go. Thread-safe.
std::string RenderEffects(std::span<const CohortGauges> cohorts,
                          std::span<const OutcomeGauges> outcomes);

}  // namespace foothold::metrics
