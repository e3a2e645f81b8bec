#include "src/config/event_names.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "src/base/names.h"
#include "src/base/text.h"
#include "src/config/map_reader.h"

namespace foothold::config {
namespace {

// PRODUCT.md section 12, as it is written there.
constexpr auto kStandardNames = std::to_array<std::string_view>({
    "account.created",
    "user.signed_up",
    "user.invited",
    "user.joined",
    "user.removed",
    "user.role_changed",
    "user.logged_in",
    "session.started",
    "profile.completed",
    "workspace.configured",
    "integration.attempted",
    "integration.connected",
    "integration.failed",
    "dashboard.created",
    "dashboard.viewed",
    "report.exported",
    "report.opened",
    "report.export_failed",
    "filter.saved",
    "filter.applied",
    "insight.shared",
    "transaction.created",
    "record.submitted",
    "form.completed",
    "api.first_call",
    "integration.production",
    "feature.advanced_used",
    "guide.started",
    "guide.completed",
    "guide.skipped",
    "checklist.completed",
    "trial.started",
    "trial.ended",
    "contract.signed",
    "kickoff.held",
    "success_criteria.set",
    "plan.shared",
    "sponsor.briefed",
    "account.renewed",
    "account.expanded",
    "account.churned",
    "account.deleted",
    "ticket.opened",
    "ticket.closed",
    "outreach.logged",
    "intervention.outcome",
    "user.consent_changed",
    "user.deleted",
    "heartbeat",
    "page.viewed",
    "screen.viewed",
});

struct StandardAlias {
  std::string_view alias;
  std::string_view canonical;
};
constexpr auto kStandardAliases = std::to_array<StandardAlias>({
    {"signed.up", "user.signed_up"},
    {"invite.sent", "user.invited"},
    {"team.member.invited", "user.invited"},
    {"invite.accepted", "user.joined"},
    {"account.added.user", "user.joined"},
    {"account.removed.user", "user.removed"},
    {"role.changed", "user.role_changed"},
    {"signed.in", "user.logged_in"},
    {"login", "user.logged_in"},
    {"user.signed.in", "user.logged_in"},
    {"integration.connect", "integration.connected"},
    {"dashboard.first.view", "dashboard.viewed"},
    {"report.first.export", "report.exported"},
    {"export.failed", "report.export_failed"},
    {"filter.first.applied", "filter.applied"},
    {"insight.first.shared", "insight.shared"},
});

}  // namespace

EventNames::EventNames() {
  for (const std::string_view name : kStandardNames) {
    known_.insert(CanonicalEventName(name));
  }
  for (const StandardAlias& entry : kStandardAliases) {
    aliases_.emplace(entry.alias, CanonicalEventName(entry.canonical));
  }
}

void EventNames::Add(const YamlNode& events, Problems* problems) {
  if (!events.is_map()) {
    problems->Add(events.place, "events: expected a map of a canonical name to its other names");
    return;
  }
  // All keys first: an alias must not be the canonical name of a later line either.
  for (const YamlNode& entry : events.children) {
    const std::string canonical = CanonicalEventName(entry.key);
    const auto alias = aliases_.find(canonical);
    if (alias != aliases_.end()) {
      problems->Add(entry.key_place, fmt::format("events: '{}' is itself another name of {}",
                                                 entry.key, alias->second));
      continue;
    }
    known_.insert(canonical);
    mentions_.push_back({.canonical = canonical, .written = entry.key, .place = entry.key_place});
  }
  for (const YamlNode& entry : events.children) {
    const std::string canonical = CanonicalEventName(entry.key);
    if (entry.is_null() || !known_.contains(canonical)) {
      continue;
    }
    for (const PlacedText& alias : ReadTextList(entry, "events." + entry.key, problems)) {
      AddAlias(canonical, alias.text, alias.place, problems);
    }
  }
}

void EventNames::AddAlias(const std::string& canonical, std::string_view written, Place place,
                          Problems* problems) {
  const std::string alias = CanonicalEventName(written);
  if (alias == canonical) {
    return;
  }
  if (known_.contains(alias)) {
    problems->Add(place, fmt::format("events: '{}' is an event of its own and cannot be another "
                                     "name of {}",
                                     written, canonical));
    return;
  }
  const auto [entry, is_new] = aliases_.emplace(alias, canonical);
  if (!is_new && entry->second != canonical) {
    problems->Add(
        place, fmt::format("events: '{}' already is another name of {}", written, entry->second));
  }
}

std::string EventNames::Resolve(std::string_view written, Place place, Problems* problems) {
  std::string name = CanonicalEventName(written);
  const auto alias = aliases_.find(name);
  mentions_.push_back({.canonical = alias == aliases_.end() ? name : alias->second,
                       .written = std::string(written),
                       .place = place});
  if (alias != aliases_.end()) {
    return alias->second;
  }
  if (known_.contains(name) || !warned_.insert(name).second) {
    return name;
  }
  std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [other, canonical] : aliases_) {
    known.push_back(other);
  }
  const std::string_view nearest = NearestWord(name, known);
  if (!nearest.empty()) {
    problems->Warn(place,
                   fmt::format("'{}' is not an event this playbook knows; if it is meant, name it "
                               "under events",
                               written),
                   std::string(nearest));
  }
  return name;
}

std::vector<std::pair<std::string, std::string>> EventNames::Aliases() const {
  return {aliases_.begin(), aliases_.end()};
}

}  // namespace foothold::config
