#include "src/metrics/effect_metrics.h"

#include "src/metrics/families.h"
#include "src/metrics/registry.h"

namespace foothold::metrics {
namespace {

// Twelve weeks of a playbook's roles and a company's segments.
constexpr std::size_t kCohortSetsMax = 2000;

Gauges& OfCohort(std::string_view name, std::string_view help, Registry* registry) {
  return registry->families().gauges({.name = name,
                                      .help = help,
                                      .labels = {"week", "role", "segment"},
                                      .label_sets_max = kCohortSetsMax});
}

double Ratio(std::int64_t part, std::int64_t all) {
  return static_cast<double>(part) / static_cast<double>(all);
}

}  // namespace

std::string RenderEffects(std::span<const CohortGauges> cohorts,
                          std::span<const OutcomeGauges> outcomes) {
  Registry registry;
  Gauges& users = OfCohort("foothold_cohort_users", "Users by week of signup.", &registry);
  Gauges& activated = OfCohort("foothold_cohort_activated_ratio",
                               "The part of them that has reached the milestone.", &registry);
  Gauges& median = OfCohort("foothold_cohort_time_to_value_median_seconds",
                            "Median from signup to the milestone, of those there.", &registry);
  for (const CohortGauges& cohort : cohorts) {
    const Gauges::Values labels{cohort.week, cohort.role, cohort.segment};
    users.Set(labels, static_cast<double>(cohort.users));
    activated.Set(labels, Ratio(cohort.activated, cohort.users));
    if (cohort.median_to_value_s.has_value()) {
      median.Set(labels, static_cast<double>(*cohort.median_to_value_s));
    }
  }
  Gauges& ended = registry.families().gauges({.name = "foothold_intervention_outcomes",
                                              .help = "Rungs by how they ended.",
                                              .labels = {"rule", "side", "outcome"},
                                              .label_sets_max = 3 * kRuleSetsMax});
  Gauges& converted =
      registry.families().gauges({.name = "foothold_intervention_converted_ratio",
                                  .help = "The part of the ended rungs that converted.",
                                  .labels = {"rule", "side"},
                                  .label_sets_max = kRuleSetsMax});
  for (const OutcomeGauges& gauges : outcomes) {
    const std::int64_t all = gauges.converted + gauges.not_converted + gauges.churned;
    if (all == 0) {
      continue;
    }
    const std::string_view side = gauges.is_held_out ? "held_out" : "asked";
    ended.Set({gauges.rule, side, "converted"}, static_cast<double>(gauges.converted));
    ended.Set({gauges.rule, side, "not_converted"}, static_cast<double>(gauges.not_converted));
    ended.Set({gauges.rule, side, "churned"}, static_cast<double>(gauges.churned));
    converted.Set({gauges.rule, side}, Ratio(gauges.converted, all));
  }
  return registry.Render();
}

}  // namespace foothold::metrics
