#include "src/journey/members.h"

#include <algorithm>
#include <string>

namespace foothold::journey {
namespace {

void Add(const Contribution& user, std::int64_t sign, GroupCount* group) {
  group->members += sign;
  group->joined += user.is_joined ? sign : 0;
  group->active += user.is_active ? sign : 0;
  group->reached += user.is_reached ? sign : 0;
  group->late += user.is_late ? sign : 0;
  group->at_risk += user.is_at_risk ? sign : 0;
}

void AddMember(const Contribution& user, std::int64_t sign, Account* account) {
  if (!user.is_member) {
    return;
  }
  RoleCount& count = CountOfRole(user.role, account);
  Add(user, sign, &count.all);
  if (user.is_eligible) {
    Add(user, sign, &count.eligible);
  }
  if (user.is_joined) {
    Add(user, sign, &count.joined);
  }
  if (user.is_invited) {
    Add(user, sign, &count.invited);
  }
  for (std::size_t i = 0; user.steps_met >> i != 0; ++i) {
    if ((user.steps_met >> i & 1U) != 0) {
      if (count.steps_met.size() <= i) {
        count.steps_met.resize(i + 1);
        count.steps_first_met.resize(i + 1);
      }
      count.steps_met[i] += sign;
    }
  }
}

void DateSteps(const Contribution& after, const Ladder& ladder, Account* account) {
  if (!after.is_member || after.role != ladder.role) {
    return;
  }
  RoleCount& count = CountOfRole(after.role, account);
  for (std::size_t i = 0; i < ladder.rungs.size() && i < count.steps_first_met.size(); ++i) {
    const std::optional<Instant>& met_at = ladder.rungs[i].met_at;
    std::optional<Instant>& first = count.steps_first_met[i];
    if (met_at.has_value() && (!first.has_value() || *met_at < *first)) {
      first = met_at;
    }
  }
}

const GroupCount& GroupOf(const RoleCount& count, MemberCondition::Selector selector) {
  switch (selector) {
    case MemberCondition::Selector::kAll:
    case MemberCondition::Selector::kRole:
      return count.all;
    case MemberCondition::Selector::kEligible:
      return count.eligible;
    case MemberCondition::Selector::kJoined:
      return count.joined;
    case MemberCondition::Selector::kInvited:
      return count.invited;
  }
  return count.all;
}

GroupCount Selected(const Definition& definition, const MemberCondition& condition,
                    const Account& account) {
  GroupCount total;
  for (const RoleCount& count : account.roles) {
    if (condition.selector == MemberCondition::Selector::kRole &&
        count.role != definition.playbook().roles[static_cast<std::size_t>(condition.role)].name) {
      continue;
    }
    const GroupCount& group = GroupOf(count, condition.selector);
    total.members += group.members;
    total.joined += group.joined;
    total.active += group.active;
    total.reached += group.reached;
    total.late += group.late;
    total.at_risk += group.at_risk;
  }
  return total;
}

std::int64_t WithProperty(const GroupCount& group, MemberCondition::Property property) {
  switch (property) {
    case MemberCondition::Property::kReached:
      return group.reached;
    case MemberCondition::Property::kActive:
      return group.active;
    case MemberCondition::Property::kJoined:
      return group.joined;
    case MemberCondition::Property::kLate:
      return group.late;
    case MemberCondition::Property::kAtRisk:
      return group.at_risk;
  }
  return 0;
}

bool Compares(double value, Comparison comparison, double bound) {
  switch (comparison) {
    case Comparison::kEqual:
      return value == bound;
    case Comparison::kNotEqual:
      return value != bound;
    case Comparison::kLess:
      return value < bound;
    case Comparison::kLessEqual:
      return value <= bound;
    case Comparison::kGreater:
      return value > bound;
    case Comparison::kGreaterEqual:
      return value >= bound;
  }
  return false;
}

}  // namespace

RoleCount& CountOfRole(const std::string& role, Account* account) {
  auto place = std::ranges::lower_bound(account->roles, role, {}, &RoleCount::role);
  if (place == account->roles.end() || place->role != role) {
    place = account->roles.insert(place, RoleCount{});
    place->role = role;
  }
  return *place;
}

Contribution ContributionOf(const User& user, const Truth& truth, const Ladder& ladder,
                            std::optional<Instant> clock) {
  Contribution now;
  const bool is_removed =
      user.removed.has_value() && (!user.joined.has_value() || *user.joined < *user.removed);
  now.is_joined = user.joined.has_value() || user.is_named_by_group || user.last_seen.has_value();
  now.is_invited = user.was_invited;
  now.is_member = !is_removed && (now.is_joined || now.is_invited);
  if (!now.is_member) {
    return {};
  }
  now.role = truth.current.role;
  now.is_eligible = now.is_joined && !ladder.rungs.empty();
  now.is_active =
      user.last_seen.has_value() && (!clock.has_value() || *user.last_seen + kActiveSpan > *clock);
  now.is_late = truth.state == UserState::kActivatedLate;
  now.is_reached = now.is_late || truth.state == UserState::kActivated;
  now.steps_met = ladder.met;
  now.is_at_risk = user.risk.level == RiskLevel::kMedium || user.risk.level == RiskLevel::kHigh;
  return now;
}

bool Count(const Contribution& before, const Contribution& after, const Ladder& ladder,
           Account* account) {
  if (before == after) {
    return false;
  }
  AddMember(before, -1, account);
  AddMember(after, +1, account);
  DateSteps(after, ladder, account);
  Contribution as_active = before;
  as_active.is_active = after.is_active;
  return as_active != after;
}

MemberTotals TotalsOf(const Account& account) {
  MemberTotals totals;
  for (const RoleCount& count : account.roles) {
    totals.eligible += count.eligible.members;
    totals.reached += count.eligible.reached;
  }
  return totals;
}

bool IsActivatedNow(const Definition& definition, const Account& account) {
  return std::ranges::all_of(
      definition.playbook().account_activated,
      [&](const MemberCondition& condition) { return Holds(definition, condition, account); });
}

SelectedMembers SelectedBy(const Definition& definition, const MemberCondition& condition,
                           const Account& account) {
  const GroupCount group = Selected(definition, condition, account);
  return {.members = group.members, .having = WithProperty(group, condition.property)};
}

bool Holds(const Definition& definition, const MemberCondition& condition, const Account& account) {
  const GroupCount group = Selected(definition, condition, account);
  if (condition.quantifier == MemberCondition::Quantifier::kCount) {
    return Compares(static_cast<double>(group.members), condition.comparison, condition.value);
  }
  if (group.members == 0) {
    return condition.or_empty;
  }
  const std::int64_t having = WithProperty(group, condition.property);
  switch (condition.quantifier) {
    case MemberCondition::Quantifier::kAny:
      return having > 0;
    case MemberCondition::Quantifier::kAll:
      return having == group.members;
    case MemberCondition::Quantifier::kNone:
      return having == 0;
    case MemberCondition::Quantifier::kShare:
      return Compares(static_cast<double>(having) / static_cast<double>(group.members),
                      condition.comparison, condition.value);
    case MemberCondition::Quantifier::kCount:
      break;
  }
  return false;
}

std::vector<CompositionRow> CompositionOf(const Account& account) {
  std::vector<CompositionRow> rows;
  for (const RoleCount& count : account.roles) {
    if (count.all.members > 0) {
      rows.push_back({.role = count.role,
                      .invited = count.invited.members,
                      .joined = count.joined.members,
                      .active = count.all.active,
                      .reached = count.all.reached,
                      .late = count.all.late});
    }
  }
  return rows;
}

}  // namespace foothold::journey
