#include "src/stream/emitted_counts.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

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

// Decisions of one commit by what their counter is labelled with: there are few of those, and many
// decisions. The texts live as long as the records.
class Tally {
 public:
  void Count(std::string_view type, std::string_view role, std::string_view decision_class) {
    const Labels labels{type, role, decision_class};
    const auto known = std::ranges::find(counts_, labels, &Counted::first);
    if (known == counts_.end()) {
      counts_.emplace_back(labels, 1);
    } else {
      ++known->second;
    }
  }
  void Tell(metrics::JourneyMetrics* counts) const {
    for (const auto& [labels, count] : counts_) {
      counts->DecisionsEmitted(labels[0], labels[1], labels[2], count);
    }
  }

 private:
  using Labels = std::array<std::string_view, 3>;
  using Counted = std::pair<Labels, std::size_t>;
  std::vector<Counted> counts_;
};

void CountActivation(const journey::ActivationChanged& activation,
                     const journey::Definition* definition, Tally* tally,
                     metrics::JourneyMetrics* counts) {
  const std::string_view role = RoleLabel(activation.common.role, definition);
  const auto activation_class = activation.activation_class;
  tally->Count("activation.changed", role,
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

// "stalled" of "stalled@7": versions would make a label set each.
std::string_view RuleLabel(const journey::LogCommon& common) {
  const std::string_view rule = common.rule;
  return rule.substr(0, rule.rfind('@'));
}

// What happens with each record of a commit. Statuses and decisions are counted together.
class Counter {
 public:
  Counter(const journey::Definition* definition, metrics::JourneyMetrics* counts)
      : definition_(definition), counts_(counts) {}

  void Tell() const {
    decisions_.Tell(counts_);
    if (user_statuses_ > 0) {
      counts_->StatusesEmitted("user_status", user_statuses_);
    }
    if (account_statuses_ > 0) {
      counts_->StatusesEmitted("account_status", account_statuses_);
    }
  }

  void operator()(const journey::ActivationChanged& record) {
    CountActivation(record, definition_, &decisions_, counts_);
  }
  void operator()(const journey::OnboardingProgress& record) {
    decisions_.Count("onboarding.progress", RoleLabel(record.common.role, definition_), "");
  }
  void operator()(const journey::DropoffRiskChanged& record) {
    decisions_.Count("dropoff.risk.changed", RoleLabel(record.common.role, definition_),
                     RiskLevelName(record.to));
  }
  void operator()(const journey::InterventionRequested& record) {
    Count("intervention.requested", record.common, ChannelName(record.ask.channel), "");
  }
  void operator()(const journey::InterventionCancelled& record) {
    Count("intervention.cancelled", record.common, ChannelName(record.channel),
          CancelCauseName(record.cause));
  }
  void operator()(const journey::InterventionSuppressed& record) {
    Count("intervention.suppressed", record.common, ChannelName(record.ask.channel),
          SuppressorName(record.by));
  }
  void operator()(const journey::InterventionOutcome& record) {
    std::string outcome(OutcomeName(record.outcome));
    outcome += record.is_holdout ? "/holdout" : "";
    Count("intervention.outcome", record.common, "", outcome);
  }
  void operator()(const journey::InterventionShadow& record) {
    Count("intervention.shadow", record.common, ChannelName(record.ask.channel),
          record.by.has_value() ? SuppressorName(*record.by) : "");
  }
  void operator()(const journey::UserStatus&) { ++user_statuses_; }
  void operator()(const journey::AccountStatus&) { ++account_statuses_; }
  void operator()(const journey::StatusTombstone& record) {
    ++(record.user.has_value() ? user_statuses_ : account_statuses_);
  }

 private:
  void Count(std::string_view type, const journey::LogCommon& common, std::string_view channel,
             std::string_view detail) {
    counts_->InterventionEmitted(type, RuleLabel(common), channel, detail);
  }

  const journey::Definition* definition_;
  metrics::JourneyMetrics* counts_;
  Tally decisions_;
  std::size_t user_statuses_ = 0;
  std::size_t account_statuses_ = 0;
};

}  // namespace

void CountEmitted(const Outbox& outbox, const journey::Definition* definition,
                  metrics::JourneyMetrics* counts) {
  Counter counter(definition, counts);
  for (const journey::OutputRecord& record : outbox.records()) {
    std::visit(counter, record);
  }
  counter.Tell();
}

}  // namespace foothold::stream
