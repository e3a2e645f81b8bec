#include "src/app/stuck_list.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "src/app/look.h"
#include "src/journey/activation.h"
#include "src/journey/findings.h"
#include "src/journey/stages.h"
#include "src/journey/statuses.h"

namespace foothold::app {
namespace {

bool Fits(std::string_view wanted, std::string_view word) {
  return wanted.empty() || wanted == word;
}

// What the current step still asks for.
std::string MissingOf(const journey::Facts& facts) {
  const journey::Ladder& ladder = *facts.ladder;
  const journey::Step& step = *ladder.rungs[static_cast<std::size_t>(ladder.current) - 1].step;
  if (step.criterion.has_value()) {
    return FindingOf({.kind = journey::ConditionKind::kDid,
                      .tracker = step.criterion->tracker,
                      .at_least = step.criterion->at_least},
                     facts)
        .said;
  }
  std::string missing;
  for (const journey::CriterionProgress& criterion : facts.truth->progress) {
    if (!criterion.met_at.has_value()) {
      missing += fmt::format("{}{} ({} of {})", missing.empty() ? "missing " : "; ",
                             criterion.criterion, criterion.have, criterion.need);
    }
  }
  return missing;
}

class Lister {
 public:
  Lister(const FinalPartition& partition, const StuckFilter& filter, StuckList* list)
      : partition_(partition),
        definition_(*partition.definition),
        now_(partition.clock.now().value_or(kEpoch)),
        filter_(filter),
        list_(*list) {}

  Status Run() {
    std::vector<journey::Account> accounts;
    FOOTHOLD_TRY(ForEachAccount(partition_, [&](const journey::Account& account) {
      if (Fits(filter_.tenant, account.tenant)) {
        accounts.push_back(account);
      }
    }));
    for (const journey::Account& account : accounts) {
      FOOTHOLD_TRY(ForEachUser(partition_, account.tenant,
                               [&](const journey::User& user) { Consider(user, account); }));
    }
    return {};
  }

 private:
  void Consider(const journey::User& user, const journey::Account& account) {
    const bool is_removed =
        user.removed.has_value() && (!user.joined.has_value() || *user.joined < *user.removed);
    const bool is_history_known = IsHistoryKnown(user, partition_.clock);
    const journey::Truth truth =
        TruthOf(definition_, user, account, is_history_known, partition_.quiet.get());
    const journey::Ladder ladder = LadderOf(definition_, user, account, truth);
    if (is_removed || truth.activated_at.has_value() || ladder.current == 0 || ladder.is_complete ||
        !ladder.entered_at.has_value()) {
      return;
    }
    const std::string& step = ladder.rungs[static_cast<std::size_t>(ladder.current) - 1].step->name;
    const bool is_asked = Fits(filter_.role, ladder.role) && Fits(filter_.step, step) &&
                          Fits(filter_.risk, RiskLevelName(user.risk.level));
    if (!is_asked) {
      return;
    }
    if (!is_history_known) {
      ++list_.before_history;
      return;
    }
    const milliseconds stuck_for = now_ - *ladder.entered_at;
    if (stuck_for < filter_.older) {
      ++list_.sooner;
    } else if (filter_.younger.has_value() && stuck_for >= *filter_.younger) {
      ++list_.longer;
    } else {
      Add(user, account, truth, ladder, stuck_for);
    }
  }

  void Add(const journey::User& user, const journey::Account& account, const journey::Truth& truth,
           const journey::Ladder& ladder, milliseconds stuck_for) {
    const journey::Facts facts{.definition = definition_,
                               .account = account,
                               .user = &user,
                               .truth = &truth,
                               .ladder = &ladder,
                               .is_history_known = true,
                               .incomplete_since = {},
                               .trigger = {},
                               .evidence_until = Instant::max(),
                               .clock = now_};
    StuckPerson person{
        .status = UserStatusOf(definition_, user, account, truth, ladder, true, now_, 0),
        .account = AccountBlockOf(definition_, account),
        .blockers = {},
        .stuck_for = stuck_for,
        .missing = MissingOf(facts)};
    for (const journey::Blocker& blocker : BlockersOf(definition_, account)) {
      person.blockers.push_back(blocker.name);
    }
    list_.people.push_back(std::move(person));
  }

  const FinalPartition& partition_;
  const journey::Definition& definition_;
  const Instant now_;
  const StuckFilter& filter_;
  StuckList& list_;
};

void AddWords(const journey::Playbook& playbook, StuckList* list) {
  std::set<std::string> roles(list->roles.begin(), list->roles.end());
  std::set<std::string> steps(list->steps.begin(), list->steps.end());
  for (const journey::Role& role : playbook.roles) {
    if (!role.steps.empty()) {
      roles.insert(role.name);
    }
    for (const journey::Step& step : role.steps) {
      steps.insert(step.name);
    }
  }
  list->roles.assign(roles.begin(), roles.end());
  list->steps.assign(steps.begin(), steps.end());
}

}  // namespace

Result<StuckList> ListStuck(const std::vector<FinalPartition>& partitions,
                            const StuckFilter& filter, StuckOrder order) {
  StuckList list;
  list.as_of = kEpoch;
  for (const FinalPartition& partition : partitions) {
    if (partition.definition == nullptr) {
      continue;
    }
    list.as_of = std::max(list.as_of, partition.clock.now().value_or(kEpoch));
    list.playbook = partition.definition->label();
    AddWords(partition.definition->playbook(), &list);
    FOOTHOLD_TRY(Lister(partition, filter, &list).Run());
  }
  const auto rank = [&](const StuckPerson& person) {
    const double value = order == StuckOrder::kValue ? -person.account.mrr.value_or(0) : 0;
    return std::tuple(value, -person.stuck_for.count(), person.status.tenant, person.status.user);
  };
  std::ranges::sort(list.people, {}, rank);
  return list;
}

}  // namespace foothold::app
