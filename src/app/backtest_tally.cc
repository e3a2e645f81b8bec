#include "src/app/backtest_tally.h"

#include <algorithm>
#include <tuple>

#include "src/base/names.h"

namespace foothold::app {
namespace {

using intake::JsonTree;

std::string TextOf(const JsonTree& value) { return value.is_null() ? std::string() : value.text; }

std::string RoleOf(const JsonTree& value) {
  if (value["userId"].is_null()) {
    return "account";
  }
  return value["role"].is_null() ? "no role" : value["role"].text;
}

AskedOnce AskedOf(const JsonTree& ask) {
  const auto at = ParseRfc3339(ask["decidedAt"].text);
  return {.tenant = TextOf(ask["tenantId"]),
          .user = TextOf(ask["userId"]),
          .role = RoleOf(ask),
          .rule = ask.At("ladder/name").text,
          .rung = ask.At("ladder/rung").text,
          .channel = ask["channel"].text,
          .what = ask["task"].is_null() ? ask["template"].text : ask.At("task/subject").text,
          .reason = ask["reason"].text,
          .at = at.has_value() ? at->instant : kEpoch,
          .is_shadow = false};
}

}  // namespace

Status BacktestTally::Take(std::span<const log::RecordView> records) {
  for (const log::RecordView& record : records) {
    if (!record.value.has_value()) {
      erased_.emplace(record.key.value_or(""));
      continue;
    }
    const std::string type = ToldOf(record).type;
    const bool is_activation = type == "activation.changed";
    if (!(is_activation || type.starts_with("intervention."))) {
      continue;
    }
    FOOTHOLD_ASSIGN(const JsonTree value, JsonTree::Read(*record.value));
    is_activation ? TakeActivation(value) : TakeIntervention(type, value);
  }
  return {};
}

void BacktestTally::TakeActivation(const JsonTree& value) {
  if (value["userId"].is_null()) {
    return;
  }
  members_[{value["tenantId"].text, value["userId"].text}] = {.role = RoleOf(value),
                                                              .state = value["to"].text};
}

void BacktestTally::TakeIntervention(const std::string& type, const JsonTree& value) {
  if (type == "intervention.requested") {
    asked_.push_back(AskedOf(value));
  } else if (type == "intervention.shadow" && value["wouldBe"].text == "requested") {
    asked_.push_back(AskedOf(value["request"]));
    asked_.back().is_shadow = true;
  } else if (type == "intervention.suppressed") {
    ++suppressed_[value.At("request/ladder/name").text][value["suppressedBy"].text];
    if (value["suppressedBy"].text == "holdout") {
      held_out_.push_back(AskedOf(value["request"]));
    }
  } else if (type == "intervention.outcome") {
    Outcomes& of_rule = outcomes_[value["ladder"].text];
    OutcomeCount& count = value["holdout"].text == "true" ? of_rule.held_back : of_rule.asked;
    const std::string& outcome = value["outcome"].text;
    ++(outcome == "converted" ? count.converted
                              : (outcome == "churned" ? count.churned : count.not_converted));
  }
}

bool BacktestTally::IsErased(const AskedOnce& asked) const {
  return erased_.contains(asked.tenant) ||
         erased_.contains(PercentEncode(asked.tenant) + "|" + PercentEncode(asked.user));
}

std::vector<AskedOnce> BacktestTally::Asked() const {
  std::vector<AskedOnce> asked = asked_;
  std::ranges::stable_sort(asked, {}, [](const AskedOnce& once) {
    return std::tie(once.at, once.tenant, once.user, once.rule, once.rung);
  });
  return asked;
}

std::map<std::string, RoleOutcome> BacktestTally::Roles() const {
  std::map<std::string, RoleOutcome> roles;
  for (const auto& [who, member] : members_) {
    RoleOutcome& outcome = roles[member.role];
    if (member.state == "activated") {
      ++outcome.in_time;
    } else if (member.state == "activated_late") {
      ++outcome.late;
    } else if (member.state == "window_expired") {
      ++outcome.expired;
    } else {
      ++outcome.on_the_way;
    }
  }
  return roles;
}

}  // namespace foothold::app
