#include "src/app/effect_gauges.h"

#include <vector>

#include "src/metrics/effect_metrics.h"

namespace foothold::app {
namespace {

metrics::OutcomeGauges GaugesOf(const std::string& rule, bool is_held_out,
                                const readmodel::Outcomes& outcomes) {
  return {.rule = rule,
          .is_held_out = is_held_out,
          .converted = outcomes.converted,
          .not_converted = outcomes.not_converted,
          .churned = outcomes.churned};
}

}  // namespace

std::string EffectGauges(const readmodel::Effects& effects) {
  std::vector<metrics::CohortGauges> cohorts;
  for (const readmodel::UserCohort& cohort : effects.cohorts) {
    cohorts.push_back({.week = cohort.week,
                       .role = cohort.role,
                       .segment = cohort.segment,
                       .users = cohort.users,
                       .activated = cohort.activated,
                       .median_to_value_s = cohort.median_to_value_s});
  }
  std::vector<metrics::OutcomeGauges> outcomes;
  for (const readmodel::RuleEffect& rule : effects.rules) {
    outcomes.push_back(GaugesOf(rule.rule, false, rule.asked));
    outcomes.push_back(GaugesOf(rule.rule, true, rule.held_out));
  }
  return metrics::RenderEffects(cohorts, outcomes);
}

}  // namespace foothold::app
