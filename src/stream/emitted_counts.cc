#include "src/stream/emitted_counts.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "src/metrics/journey_metrics.h"

namespace foothold::stream {
namespace {

// The role as a metric's label: never free text from a record.
std::string_view RoleLabel(const std::optional<std::string>& role,
                           const journey::Definition* definition) {
  if (!role.has_value() || role->empty() || definition == nullptr) {
    return "none";
  }
  const std::int32_t index = definition->RoleIndex(*role);
  if (index < 0) {
    return "contact";
  }
  const journey::Role& known = definition->playbook().roles[static_cast<std::size_t>(index)];
  return known.is_contact ? std::string_view("contact") : std::string_view(known.name);
}

void CountActivation(const journey::ActivationChanged& activation,
                     const journey::Definition* definition, metrics::JourneyMetrics* counts) {
  const std::string_view role = RoleLabel(activation.common.role, definition);
  const auto activation_class = activation.activation_class;
  counts->DecisionEmitted(
      "activation.changed", role,
      activation_class.has_value() ? journey::ActivationClassName(*activation_class) : "");
  const std::string_view segment =
      activation.account.segment.has_value() ? std::string_view(*activation.account.segment) : "";
  const auto observe = [&](metrics::ValueAnchor anchor, std::optional<std::int64_t> seconds) {
    if (!seconds.has_value()) {
      return;
    }
    counts->TimeToValue(anchor, role, segment, std::chrono::seconds(*seconds));
  };
  observe(metrics::ValueAnchor::kSignup, activation.time_to_value_from_signup_s);
  observe(metrics::ValueAnchor::kFirstAccess, activation.time_to_value_from_first_access_s);
}

}  // namespace

void CountEmitted(const Outbox& outbox, const journey::Definition* definition,
                  metrics::JourneyMetrics* counts) {
  std::size_t user_statuses = 0;
  std::size_t account_statuses = 0;
  for (const journey::OutputRecord& record : outbox.records()) {
    if (const auto* activation = std::get_if<journey::ActivationChanged>(&record)) {
      CountActivation(*activation, definition, counts);
    } else if (const auto* step = std::get_if<journey::OnboardingProgress>(&record)) {
      counts->DecisionEmitted("onboarding.progress", RoleLabel(step->common.role, definition), "");
    } else if (std::holds_alternative<journey::AccountStatus>(record)) {
      ++account_statuses;
    } else {
      ++user_statuses;
    }
  }
  if (user_statuses > 0) {
    counts->StatusesEmitted("user_status", user_statuses);
  }
  if (account_statuses > 0) {
    counts->StatusesEmitted("account_status", account_statuses);
  }
}

}  // namespace foothold::stream
