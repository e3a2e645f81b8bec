#include "src/journey/caring.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "src/base/check.h"
#include "src/base/names.h"
#include "src/journey/interventions.h"
#include "src/journey/measurement.h"
#include "src/journey/risk.h"
#include "src/journey/stages.h"
#include "src/journey/statuses.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

std::optional<Instant> TimeOfKey(const Facts& facts, const ScheduleKey& key) {
  switch (key.kind) {
    case ScheduleKey::Kind::kAnchor:
      return AnchorTimeOf(facts, key.index);
    case ScheduleKey::Kind::kStepEntered:
      if (facts.ladder == nullptr) {
        return facts.account.stage_entered_at;
      }
      return facts.ladder->is_complete ? std::nullopt : facts.ladder->entered_at;
    case ScheduleKey::Kind::kLastStep:
      return LastStepOf(facts);
    case ScheduleKey::Kind::kActivated:
      return facts.truth == nullptr ? facts.account.activated_at : facts.truth->activated_at;
    case ScheduleKey::Kind::kLatest: {
      const TrackerState* state = KeptBy(facts, key.index);
      const auto need = static_cast<std::size_t>(key.need);
      if (state == nullptr || state->kept.size() < need) {
        return std::nullopt;
      }
      return state->kept[state->kept.size() - need].at;
    }
  }
  return std::nullopt;
}

SubjectKind KindOf(const Facts& facts) {
  return facts.user == nullptr ? SubjectKind::kAccount : SubjectKind::kUser;
}

Facts FactsOfAccount(const Occasion& occasion, const Account& account, AnchorMemo* anchors) {
  const bool is_timer =
      occasion.visit.kind == VisitKind::kTimer && occasion.visit.target.user.empty();
  const Instant clock = occasion.context.clock.value_or(kEpoch);
  return {.definition = occasion.definition,
          .account = account,
          .is_history_known = IsHistoryKnown(account, *occasion.context.sources),
          .incomplete_since = IncompleteSince(occasion.context, account),
          .evidence_until = is_timer ? occasion.visit.due.value_or(clock) : Instant::max(),
          .clock = clock,
          .measured_at = MeasuredAt(occasion.context),
          .quiet = occasion.context.quiet,
          .anchors = anchors};
}

// What a visit other than of evidence or time asks for.
void ActOn(const Visit& visit, CareScene* scene) {
  if (visit.kind == VisitKind::kRelease) {
    Release(scene);
  } else if (visit.kind == VisitKind::kApprove) {
    Approve(scene, visit.approval);
  }
}

// At the end of the input all signals are judged once more: the last status says what holds then,
// whatever came late.
WakeSet OfRisk(const Occasion& occasion, const Facts& facts, WakeSet woken) {
  if (occasion.visit.kind == VisitKind::kFinal) {
    woken.Add(facts.definition.wakes().OfChange(KindOf(facts), Change::kEverything));
  }
  return woken;
}

// A timer is judged by what lies before it. What is known to have come since then may have ended
// what it found, and will not come a second time to say so.
Facts AsKnownNow(Facts facts) {
  facts.evidence_until = Instant::max();
  return facts;
}

bool JudgeRiskUpToNow(const Facts& facts, const WakeSet& judged, RiskPhase phase,
                      Instant decided_at, RiskState* risk) {
  bool has_changed = JudgeRisk(facts, judged, phase, decided_at, risk);
  if (facts.evidence_until != Instant::max()) {
    has_changed |= JudgeRisk(AsKnownNow(facts), judged, phase, decided_at, risk);
  }
  return has_changed;
}

// The user's rungs that a fact of the account may clear are found again through the account.
void Watch(const User& user, Account* account) {
  const auto place = std::ranges::find(account->watchers, user.id);
  if (user.care.rungs.empty()) {
    if (place != account->watchers.end()) {
      account->watchers.erase(place);
    }
    return;
  }
  if (place != account->watchers.end()) {
    return;
  }
  if (account->watchers.size() == kWatchersMax) {
    account->has_more_watchers = true;
    return;
  }
  account->watchers.push_back(user.id);
}

}  // namespace

CareScene SceneOf(const Occasion& occasion, const Facts& facts, CareState* care, Account* account,
                  Decision* decision) {
  return {.occasion = occasion,
          .facts = facts,
          .care = care,
          .account = account,
          .decision = decision,
          .is_first_hand = false};
}

WakeSet WokenBy(const Definition& definition, SubjectKind subject, const Visit& visit,
                const UserLearned& user, const AccountLearned& account, bool matters) {
  const Wakes& wakes = definition.wakes();
  WakeSet woken(wakes.things(subject).size());
  const auto change = [&](Change what) { woken.Add(wakes.OfChange(subject, what)); };
  const bool is_user = subject == SubjectKind::kUser;
  if (is_user ? user.has_evidence : account.has_evidence) {
    woken.Add(wakes.OfEvent(subject, visit.canonical));
    for (const TrackerKind kind : {TrackerKind::kAccess, TrackerKind::kInvited,
                                   TrackerKind::kAnyEvent, TrackerKind::kAccountAccess}) {
      woken.Add(wakes.OfKind(subject, kind));
    }
  }
  const bool is_own_event = visit.kind == VisitKind::kActor || visit.kind == VisitKind::kAccount;
  if (is_own_event && !(is_user ? user.is_repeat : account.is_repeat)) {
    woken.Add(wakes.OfTrigger(subject, visit.canonical));
  }
  if (is_user) {
    if (user.has_traits) {
      change(Change::kUserTraits);
    }
    if (user.has_activity) {
      change(Change::kActivity);
    }
    if (matters) {
      change(Change::kStanding);
    }
    if (account.has_evidence) {
      change(Change::kAccountEvidence);
    }
  } else if (matters) {
    change(Change::kMembers);
  }
  if (account.has_traits) {
    change(Change::kAccountTraits);
  }
  switch (visit.kind) {
    case VisitKind::kRecheck:
      for (const Change what : {Change::kAccountEvidence, Change::kAccountTraits, Change::kMembers,
                                Change::kStage, Change::kMeasurement}) {
        change(what);
      }
      break;
    case VisitKind::kMerge:
    case VisitKind::kSweep:
      change(Change::kEverything);
      break;
    case VisitKind::kMeasure:
      change(Change::kMeasurement);
      break;
    case VisitKind::kActor:
    case VisitKind::kInvitee:
    case VisitKind::kMember:
    case VisitKind::kAccount:
    case VisitKind::kTimer:
    case VisitKind::kFinal:
    case VisitKind::kRelease:
    case VisitKind::kApprove:
    case VisitKind::kErase:
      break;
  }
  return woken;
}

void AddWokenByTime(const Facts& facts, std::optional<Instant> after, Instant until,
                    WakeSet* woken) {
  for (const Schedule& schedule : facts.definition.wakes().schedules(KindOf(facts))) {
    const std::optional<Instant> base = TimeOfKey(facts, schedule.key);
    if (!base.has_value()) {
      continue;
    }
    for (const Schedule::Entry& entry : schedule.entries) {
      const Instant at = *base + entry.offset;
      if (at > until) {
        break;
      }
      if (!after.has_value() || at > *after) {
        woken->Add(entry.thing);
      }
    }
  }
}

std::optional<Instant> NextMoment(const Facts& facts, std::optional<Instant> after) {
  std::optional<Instant> next;
  for (const Schedule& schedule : facts.definition.wakes().schedules(KindOf(facts))) {
    const std::optional<Instant> base = TimeOfKey(facts, schedule.key);
    if (!base.has_value()) {
      continue;
    }
    auto entry = schedule.entries.begin();
    if (after.has_value()) {
      entry =
          std::ranges::upper_bound(schedule.entries, *after - *base, {}, &Schedule::Entry::offset);
    }
    if (entry != schedule.entries.end()) {
      const Instant at = std::max(*base + entry->offset, kEpoch);
      next = std::min(next.value_or(at), at);
    }
  }
  return next;
}

bool JudgeUserRisk(const Occasion& occasion, const Facts& facts, const WakeSet& woken,
                   RiskPhase phase, User* user, Decision* decision) {
  const RiskLevel before = user->risk.level;
  if (!JudgeRiskUpToNow(facts, OfRisk(occasion, facts, woken), phase, occasion.decided_at,
                        &user->risk)) {
    return false;
  }
  if (before != user->risk.level) {
    AnnounceRisk(occasion, facts, before,
                 MeasurementOf(occasion.context, occasion.account, user, facts.is_history_known),
                 NextMoment(facts, facts.clock), &user->risk, decision);
  }
  return true;
}

bool JudgeUserRules(const Occasion& occasion, const Facts& facts, const WakeSet& woken, User* user,
                    Account* account, Decision* decision) {
  CareScene scene = SceneOf(occasion, facts, &user->care, account, decision);
  const Event* event = occasion.event;
  scene.is_first_hand = occasion.visit.kind == VisitKind::kActor && !decision->is_repeat &&
                        event != nullptr && event->user == user->id;
  const std::size_t rungs_before = user->care.rungs.size();
  const std::size_t records_before = decision->records.size();
  SettleOutcomes(&scene);
  ActOn(occasion.visit, &scene);
  JudgeRules(&scene, woken);
  Watch(*user, account);
  return user->care.rungs.size() != rungs_before || decision->records.size() != records_before;
}

bool CareForAccount(const Occasion& occasion, const WakeSet& asked, Account* account,
                    Decision* decision) {
  const Definition& definition = occasion.definition;
  const Wakes& wakes = definition.wakes();
  const bool is_timer =
      occasion.visit.kind == VisitKind::kTimer && occasion.visit.target.user.empty();
  AnchorMemo anchors;
  const Facts facts = FactsOfAccount(occasion, *account, &anchors);
  WakeSet woken = asked;
  if (is_timer) {
    AddWokenByTime(facts, account->judged_until, *occasion.visit.due, &woken);
    if (account->dead_letter_at.has_value()) {
      woken.Add(wakes.OfChange(SubjectKind::kAccount, Change::kMeasurement));
    }
    account->judged_until =
        std::max(account->judged_until.value_or(*occasion.visit.due), *occasion.visit.due);
  }
  bool has_changed = false;
  bool is_other_stage = JudgeStanding(facts, woken, occasion.decided_at, account, &has_changed);
  if (is_timer) {
    is_other_stage |=
        JudgeStanding(AsKnownNow(facts), woken, occasion.decided_at, account, &has_changed);
  }
  if (is_other_stage) {
    woken.Add(wakes.OfChange(SubjectKind::kAccount, Change::kStage));
  }
  const RiskLevel before = account->risk.level;
  const bool has_members = std::ranges::any_of(
      account->roles, [](const RoleCount& count) { return count.all.members > 0; });
  // An account has risk from its first member on, before its activation and after it.
  const RiskPhase phase =
      !has_members || !facts.is_history_known
          ? RiskPhase::kNone
          : (account->state == AccountState::kActivated ? RiskPhase::kAdoption
                                                        : RiskPhase::kOnboarding);
  if (before == RiskLevel::kNone && phase != RiskPhase::kNone) {
    woken.Add(wakes.OfChange(SubjectKind::kAccount, Change::kEverything));
  }
  if (JudgeRiskUpToNow(facts, OfRisk(occasion, facts, woken), phase, occasion.decided_at,
                       &account->risk)) {
    has_changed = true;
    if (before != account->risk.level) {
      woken.Add(wakes.OfChange(SubjectKind::kAccount, Change::kRisk));
      AnnounceRisk(occasion, facts, before,
                   MeasurementOf(occasion.context, *account, nullptr, facts.is_history_known),
                   NextMoment(facts, account->judged_until), &account->risk, decision);
    }
  }
  CareScene scene = SceneOf(occasion, facts, &account->care, account, decision);
  scene.is_first_hand =
      occasion.event != nullptr &&
      (occasion.visit.kind == VisitKind::kAccount || occasion.visit.kind == VisitKind::kActor) &&
      !decision->is_repeat;
  const std::size_t rungs_before = account->care.rungs.size();
  const std::size_t records_before = decision->records.size();
  SettleOutcomes(&scene);
  if (occasion.visit.target.user.empty()) {
    ActOn(occasion.visit, &scene);
  }
  JudgeRules(&scene, woken);
  has_changed = has_changed || account->care.rungs.size() != rungs_before ||
                decision->records.size() != records_before;

  account->due = NextMoment(facts, account->judged_until);
  const auto outcome = NextOutcome(account->care, definition.playbook().attribution);
  if (outcome.has_value()) {
    account->due = std::min(account->due.value_or(*outcome), *outcome);
  }
  if (HasDeadLetter(occasion.context, *account)) {
    const Instant forgotten = *account->dead_letter_at + kDeadLetterSpan;
    account->due = std::min(account->due.value_or(forgotten), forgotten);
  }
  return has_changed;
}

void CountFlow(const EmittedSteps& before, const EmittedSteps& after, const Ladder& ladder,
               Account* account) {
  if (ladder.rungs.empty()) {
    return;
  }
  RoleCount& count = CountOfRole(ladder.role, account);
  if (count.flows.size() < ladder.rungs.size()) {
    count.flows.resize(ladder.rungs.size());
  }
  const bool is_same_role = before.role == after.role;
  const std::uint32_t met_before = is_same_role ? before.met : 0;
  const std::int32_t current_before = is_same_role ? before.current : 0;
  std::optional<Instant> entered;
  for (std::size_t i = 0; i < ladder.rungs.size(); ++i) {
    const std::optional<Instant>& met_at = ladder.rungs[i].met_at;
    const bool is_new = met_at.has_value() && (met_before >> i & 1U) == 0;
    StepFlow& flow = count.flows[i];
    if (is_new) {
      const bool was_entered = current_before == static_cast<std::int32_t>(i) + 1;
      flow.entered += was_entered ? 0 : 1;
      ++flow.completed;
      if (entered.has_value() && *met_at > *entered) {
        flow.buckets.resize(StepFlow::kBuckets);
        const auto seconds = static_cast<std::uint64_t>((*met_at - *entered).count() / 1000);
        const std::size_t bucket =
            seconds == 0 ? 0 : static_cast<std::size_t>(std::bit_width(seconds)) - 1;
        ++flow.buckets[std::min(bucket, StepFlow::kBuckets - 1)];
      }
    }
    if (met_at.has_value()) {
      entered = std::max(entered.value_or(*met_at), *met_at);
    }
  }
  if (after.current > 0 && after.current != current_before) {
    ++count.flows[static_cast<std::size_t>(after.current) - 1].entered;
  }
}

void NoteContact(const User& user, Account* account) {
  for (RoleCount& count : account->roles) {
    const bool is_theirs = count.contact.user == user.id;
    const bool is_of_role = user.contribution.is_joined && count.role == user.contribution.role;
    if (is_theirs && !is_of_role) {
      count.contact = {};
    } else if (is_of_role && (is_theirs || count.contact.user.empty())) {
      count.contact = {.user = user.id,
                       .email = TraitText(user.traits, "email").value_or(""),
                       .name = TraitText(user.traits, "name").value_or(""),
                       .timezone = TraitText(user.traits, "timezone").value_or("")};
    }
  }
}

bool ForgetPerson(const User& user, Account* account) {
  const std::string email = CanonicalEmail(TraitText(user.traits, "email").value_or(""));
  const std::string name = TraitText(user.traits, "name").value_or("");
  const auto names_them = [&](const TraitState& trait) {
    const std::optional<std::string> text = TraitText(account->traits, trait.name);
    return text.has_value() && !text->empty() &&
           (*text == user.id || *text == name || CanonicalEmail(*text) == email);
  };
  std::vector<std::string> named;
  for (const TraitState& trait : account->traits) {
    if (names_them(trait)) {
      named.push_back(trait.name);
    }
  }
  std::erase_if(account->traits, [&](const TraitState& trait) {
    return std::ranges::find(named, trait.name) != named.end();
  });
  return !named.empty();
}

void ForgetUser(const std::string& user, Account* account) {
  std::erase(account->watchers, user);
  for (RoleCount& count : account->roles) {
    if (count.contact.user == user) {
      count.contact = {};
    }
  }
}

std::vector<FunnelRow> FunnelOf(const Definition& definition, const Account& account) {
  std::vector<FunnelRow> rows;
  for (const RoleCount& count : account.roles) {
    const std::int32_t index = definition.RoleIndex(count.role);
    if (index < 0) {
      continue;
    }
    const Role& role = definition.playbook().roles[static_cast<std::size_t>(index)];
    for (std::size_t i = 0; i < role.steps.size() && i < count.flows.size(); ++i) {
      const StepFlow& flow = count.flows[i];
      if (flow.entered == 0) {
        continue;
      }
      FunnelRow row{.transition = role.name + '/' + role.steps[i].name,
                    .entered = flow.entered,
                    .completed = flow.completed,
                    .median_s = std::nullopt};
      std::int64_t total = 0;
      std::ranges::for_each(flow.buckets, [&](std::int32_t bucket) { total += bucket; });
      std::int64_t passed = 0;
      for (std::size_t bucket = 0; bucket < flow.buckets.size() && total > 0; ++bucket) {
        passed += flow.buckets[bucket];
        if (2 * passed >= total) {
          row.median_s = 1.5 * static_cast<double>(std::uint64_t{1} << bucket);
          break;
        }
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<NextTimer> NextTimersOf(const Definition& definition, const Account& account,
                                    Instant after) {
  constexpr std::size_t kTimersMax = 5;
  AnchorMemo anchors;
  const Facts facts{.definition = definition, .account = account, .anchors = &anchors};
  const std::vector<Judged>& things = definition.wakes().things(SubjectKind::kAccount);
  const Playbook& playbook = definition.playbook();
  std::vector<NextTimer> timers;
  for (const Schedule& schedule : definition.wakes().schedules(SubjectKind::kAccount)) {
    const std::optional<Instant> base = TimeOfKey(facts, schedule.key);
    for (const Schedule::Entry& entry : schedule.entries) {
      if (!base.has_value() || *base + entry.offset <= after) {
        continue;
      }
      const Judged& judged = things[entry.thing];
      const auto index = static_cast<std::size_t>(judged.index);
      std::string kind = "stage";
      if (judged.kind == Judged::Kind::kRule) {
        kind = "rule:" + playbook.rules[index].name;
      } else if (judged.kind == Judged::Kind::kSignal) {
        kind = "signal:" + playbook.signals[index].name;
      } else if (judged.kind == Judged::Kind::kBlocker) {
        kind = "blocker:" + playbook.blockers[index].name;
      }
      timers.push_back({.kind = std::move(kind), .due = *base + entry.offset});
    }
  }
  std::ranges::sort(timers, [](const NextTimer& a, const NextTimer& b) {
    return std::tie(a.due, a.kind) < std::tie(b.due, b.kind);
  });
  timers.resize(std::min(timers.size(), kTimersMax));
  return timers;
}

}  // namespace foothold::journey
