#include "src/stream/options.h"

#include <thread>

#include "src/base/check.h"

namespace foothold::stream {

TopicNames TopicNames::ForApp(const std::string& app) {
  TopicNames names;
  names.journal = app + "-journal";
  names.changelog = app + "-state-changelog";
  names.control = app + "-control";
  names.people = app + "-people";
  names.people_changelog = app + "-people-changelog";
  return names;
}

std::vector<std::string> TopicNames::OfJourney() const {
  std::vector<std::string> topics = Logs();
  topics.push_back(user_status);
  topics.push_back(account_status);
  topics.push_back(changelog);
  topics.push_back(journal);  // Releases.
  return topics;
}

std::vector<std::string> TopicNames::Logs() const {
  return {activation_changed,   dropoff_risk_changed, onboarding_progress, interventions_email,
          interventions_in_app, interventions_cs,     interventions_log};
}

std::vector<std::string> TopicNames::Statuses() const { return {user_status, account_status}; }

std::vector<std::string> TopicNames::Outputs() const {
  std::vector<std::string> topics = Logs();
  topics.push_back(user_status);
  topics.push_back(account_status);
  topics.push_back(dead_letter);
  return topics;
}

const std::string& TopicNames::Of(codec::OutputTopic topic) const {
  switch (topic) {
    case codec::OutputTopic::kActivationChanged:
      return activation_changed;
    case codec::OutputTopic::kOnboardingProgress:
      return onboarding_progress;
    case codec::OutputTopic::kUserStatus:
      return user_status;
    case codec::OutputTopic::kAccountStatus:
      return account_status;
    case codec::OutputTopic::kDropoffRiskChanged:
      return dropoff_risk_changed;
    case codec::OutputTopic::kInterventionsEmail:
      return interventions_email;
    case codec::OutputTopic::kInterventionsInApp:
      return interventions_in_app;
    case codec::OutputTopic::kInterventionsCs:
      return interventions_cs;
    case codec::OutputTopic::kInterventionsLog:
      return interventions_log;
  }
  FOOTHOLD_CHECK(false, "every output has a topic");
}

void Sleep(milliseconds duration) { std::this_thread::sleep_for(duration); }

}  // namespace foothold::stream
