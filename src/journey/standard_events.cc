#include "src/journey/standard_events.h"

#include <algorithm>
#include <array>
#include <utility>

namespace foothold::journey {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kDisplayNames = {{
    {"user.signed.up", "user.signed_up"},
    {"user.role.changed", "user.role_changed"},
    {"user.logged.in", "user.logged_in"},
    {"user.consent.changed", "user.consent_changed"},
    {"report.export.failed", "report.export_failed"},
    {"api.first.call", "api.first_call"},
    {"feature.advanced.used", "feature.advanced_used"},
    {"success.criteria.set", "success_criteria.set"},
    {"intervention.outcome", "intervention.outcome"},
}};

constexpr std::array<std::string_view, 13> kNeverAccessPrefixes = {
    "account.",    "contract.",    "kickoff.", "success.criteria.", "plan.",
    "sponsor.",    "trial.",       "ticket.",  "outreach.",         "intervention.",
    "user.joined", "user.removed", "heartbeat"};
constexpr std::array<std::string_view, 4> kNeverAccess = {kUserSignedUp, kUserRoleChanged,
                                                          kUserConsentChanged, "user.deleted"};

constexpr std::array<std::string_view, 18> kAccountTraits = {
    "name",          "plan",      "segment",     "productmodel", "mrr",      "contractvalue",
    "seats",         "createdat", "trialendsat", "contractat",   "owner",    "owneremail",
    "decisionmaker", "channel",   "timezone",    "companysize",  "industry", "usecase"};
constexpr std::array<std::string_view, 8> kUserTraits = {
    "email", "name", "title", "role", "timezone", "locale", "consent", "createdat"};

}  // namespace

std::string_view DisplayName(std::string_view canonical) {
  const auto found = std::ranges::find(kDisplayNames, canonical,
                                       &std::pair<std::string_view, std::string_view>::first);
  return found == kDisplayNames.end() ? canonical : found->second;
}

bool IsNeverAccess(std::string_view canonical) {
  // Asked of every event: most differ in the first letter.
  const auto is_alike = [&](std::string_view name) {
    return !canonical.empty() && canonical.front() == name.front() && canonical.starts_with(name);
  };
  return std::ranges::any_of(kNeverAccessPrefixes, is_alike) ||
         std::ranges::any_of(kNeverAccess, [&](std::string_view name) {
           return canonical.size() == name.size() && is_alike(name);
         });
}

bool GivesAccountFacts(std::string_view canonical) {
  return canonical == kAccountCreated || canonical == "trial.started" ||
         canonical == "contract.signed" || canonical == "account.renewed" ||
         canonical == "account.expanded";
}

bool IsKnownUserTrait(std::string_view name) {
  return std::ranges::find(kUserTraits, name) != kUserTraits.end() || name.starts_with("consent:");
}

bool IsKnownAccountTrait(std::string_view name) {
  return std::ranges::find(kAccountTraits, name) != kAccountTraits.end();
}

std::optional<std::string> MemberOf(const Event& event) {
  for (const std::string_view name : {"memberid", "userid"}) {
    std::optional<std::string> id = event.properties.FindId(name);
    if (id.has_value()) {
      return *id == event.user ? std::nullopt : id;
    }
  }
  return std::nullopt;
}

}  // namespace foothold::journey
