#include "src/journey/engine.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "src/base/names.h"
#include "src/journey/activation.h"
#include "src/journey/announcing.h"
#include "src/journey/caring.h"
#include "src/journey/due.h"
#include "src/journey/interventions.h"
#include "src/journey/learning.h"
#include "src/journey/measurement.h"
#include "src/journey/members.h"
#include "src/journey/standard_events.h"
#include "src/journey/statuses.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

bool IsRemoved(const User& user) {
  return user.removed.has_value() && (!user.joined.has_value() || *user.joined < *user.removed);
}

bool IsFresh(const User& user) { return !user.first_seen.has_value(); }

bool IsRefresh(const Visit& visit, const User& user) {
  return visit.kind == VisitKind::kTimer && user.is_due_for_refresh;
}

// Whether the visit says that time has come to its due, and with it what was to be done by then.
bool IsJudgedByTime(const Visit& visit, const User& user) {
  return visit.kind == VisitKind::kTimer && !user.is_due_for_refresh;
}

// What absence is judged by, from now on, for this user.
void JudgeAbsence(const Context& context, const Visit& visit, User* user) {
  std::optional<Instant> until;
  if (IsJudgedByTime(visit, *user)) {
    until = visit.due;
  } else if (visit.kind == VisitKind::kFinal) {
    until = context.clock;
  }
  if (until.has_value() && !IsRemoved(*user)) {
    user->absence_judged_until = std::max(user->absence_judged_until.value_or(*until), *until);
  }
}

// The end of the input decides what is still open as its timers would have: at the window's end.
Instant DecidedAt(const Context& context, const Visit& visit, const Event* event,
                  const Truth& truth, const User& user) {
  if (visit.kind == VisitKind::kFinal && truth.state == UserState::kWindowExpired &&
      user.truth.state != UserState::kWindowExpired) {
    return truth.window->closes_at;
  }
  return DecisionTime(context, visit, event, user.last_seen.value_or(kEpoch));
}

void ShowStatus(const Occasion& occasion, const Truth& truth, const Ladder& ladder,
                bool is_history_known, User* user, Decision* decision) {
  UserStatus status =
      UserStatusOf(occasion.definition, *user, occasion.account, truth, ladder, is_history_known,
                   occasion.decided_at, occasion.context.revision);
  status.measurement = MeasurementOf(occasion.context, occasion.account, user, is_history_known);
  const StatusHashes hashes = HashesOf(status);
  const bool is_refresh =
      occasion.visit.kind == VisitKind::kFinal ||
      IsRefreshDue(occasion.visit, RefreshedSince(truth, ladder, is_history_known));
  const bool is_changed =
      hashes.lasting != user->status_hash || (is_refresh && hashes.riding != user->volatile_hash);
  if (is_changed) {
    user->status_hash = hashes.lasting;
    user->volatile_hash = hashes.riding;
    decision->records.emplace_back(std::move(status));
  }
}

// Which signals count for the user: none for contacts, the removed and those of unknown history.
RiskPhase PhaseOf(const Definition& definition, const User& user, const Truth& truth,
                  bool is_history_known) {
  const std::int32_t role = truth.current.index;
  const bool is_contact =
      role >= 0 ? definition.playbook().roles[static_cast<std::size_t>(role)].is_contact
                : !truth.current.role.empty();
  if (is_contact || IsRemoved(user) || !is_history_known) {
    return RiskPhase::kNone;
  }
  return truth.activated_at.has_value() ? RiskPhase::kAdoption : RiskPhase::kOnboarding;
}

// What a look moved.
struct Moved {
  bool counters = false;  // Of the account.
  bool status = false;    // What the user's status shows, or so it may be.
};

// Risk before the counters, which count those at risk; rules behind them, as they rest on them.
Moved JudgeCare(const Occasion& occasion, Facts facts, WakeSet* woken,
                std::optional<Instant> judged_before, const Subjects& subjects,
                Decision* decision) {
  User& user = *subjects.user;
  const Definition& definition = occasion.definition;
  const Wakes& wakes = definition.wakes();
  if (IsJudgedByTime(occasion.visit, user) && !IsRemoved(user)) {
    AddWokenByTime(facts, judged_before, *occasion.visit.due, woken);
  }
  // Many rules ask for a role, and few events change it.
  if (!IsRefresh(occasion.visit, user) && user.contribution.role != facts.truth->current.role) {
    woken->Add(wakes.OfChange(SubjectKind::kUser, Change::kRole));
  }
  const RiskPhase phase = PhaseOf(definition, user, *facts.truth, facts.is_history_known);
  const RiskLevel risk_before = user.risk.level;
  const bool was_reached = user.contribution.is_reached;
  if ((risk_before == RiskLevel::kNone) != (phase == RiskPhase::kNone) ||
      was_reached != facts.truth->activated_at.has_value()) {
    woken->Add(wakes.OfChange(SubjectKind::kUser, Change::kEverything));
  }
  Moved moved;
  moved.status = JudgeUserRisk(occasion, facts, *woken, phase, &user, decision);
  if (user.risk.level != risk_before) {
    woken->Add(wakes.OfChange(SubjectKind::kUser, Change::kRisk));
  }
  const Contribution now =
      ContributionOf(user, *facts.truth, *facts.ladder, occasion.context.clock);
  moved.counters = Count(user.contribution, now, *facts.ladder, subjects.account);
  user.contribution = now;
  NoteContact(user, subjects.account);
  if (!IsRemoved(user)) {
    moved.status =
        JudgeUserRules(occasion, facts, *woken, &user, subjects.account, decision) || moved.status;
  }
  return moved;
}

// The event that the visit goes back to, whether or not it carries it.
const Event* CauseOf(const Context& context, const Event* event) {
  return event != nullptr ? event : context.cause;
}

// What a user is judged by at a visit. Its parts refer to each other.
struct Look {
  Look(const Definition& definition, const Context& context, const Visit& visit, const Event* event,
       const Subjects& subjects)
      : is_history_known(IsHistoryKnown(*subjects.user, *context.sources)),
        truth(TruthOf(definition, *subjects.user, *subjects.account, is_history_known,
                      context.quiet)),
        ladder(LadderOf(definition, *subjects.user, *subjects.account, truth)),
        occasion{.definition = definition,
                 .context = context,
                 .visit = visit,
                 .event = event,
                 .account = *subjects.account,
                 .decided_at = DecidedAt(context, visit, event, truth, *subjects.user)},
        facts{.definition = definition,
              .account = *subjects.account,
              .user = subjects.user,
              .truth = &truth,
              .ladder = &ladder,
              .is_history_known = is_history_known,
              .incomplete_since = IncompleteSince(context, *subjects.account),
              .evidence_until = IsJudgedByTime(visit, *subjects.user) ? *visit.due : Instant::max(),
              .clock = context.clock.value_or(kEpoch),
              .measured_at = MeasuredAt(context),
              .quiet = context.quiet,
              .anchors = &anchors} {}
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

  const bool is_history_known;
  const Truth truth;
  const Ladder ladder;
  const Occasion occasion;
  mutable AnchorMemo anchors;
  const Facts facts;
};

// Whether the visit may change what the status shows without announcing anything. A timer's does
// not but for a refresh, and for requests that expired meanwhile: no timer is theirs.
bool MayShow(const Look& look, bool matters) {
  const Visit& visit = look.occasion.visit;
  if (visit.kind != VisitKind::kTimer) {
    return matters;
  }
  return IsRefreshDue(visit, RefreshedSince(look.truth, look.ladder, look.is_history_known)) ||
         std::ranges::any_of(look.facts.user->care.rungs, [](const RungState& rung) {
           return rung.phase == RungState::Phase::kRequested;
         });
}

// All that a removed user still has to come: nothing is asked of them any more, and what was asked
// has its outcome. The rest of what is learned meanwhile is decided when the user is back.
void SettleRemoved(const Look& look, const Subjects& subjects, Decision* decision) {
  User& user = *subjects.user;
  CareScene scene = SceneOf(look.occasion, look.facts, &user.care, subjects.account, decision);
  WithdrawAll(&scene, CancelCause::kRemoved);
  SettleOutcomes(&scene);
  user.due = NextOutcome(user.care, look.facts.definition.playbook().attribution);
  user.is_due_for_refresh = false;
}

// Nothing is asked of the person any more, what was asked ends here, and nobody counts it. What is
// told of that repeats neither name nor address.
void EraseUser(const Look& look, const Subjects& subjects, Decision* decision) {
  User& user = *subjects.user;
  CareScene scene = SceneOf(look.occasion, look.facts, &user.care, subjects.account, decision);
  decision->touches_account = true;
  user.traits.clear();
  WithdrawAll(&scene, CancelCause::kErased);
  ConcludeAll(&scene);
  Count(user.contribution, Contribution{}, Ladder{}, subjects.account);
  ForgetUser(user.id, subjects.account);
  user.contribution = {};
  user.due.reset();
  decision->is_user_gone = true;
  decision->records.emplace_back(StatusTombstone{.tenant = user.tenant, .user = user.id});
}

// Looks at the user as a whole and says what is new. `event` is what set it off, if any; `matters`:
// what was learned may show in the status. Returns true if the account's counters moved.
bool Decide(const Definition& definition, const Context& context, const Visit& visit,
            const Event* event, const Subjects& subjects, bool matters, WakeSet woken,
            Decision* decision) {
  User& user = *subjects.user;
  decision->touches_account = true;
  const std::size_t records_before = decision->records.size();
  const std::optional<Instant> judged_to = user.absence_judged_until;
  JudgeAbsence(context, visit, &user);
  const Look look(definition, context, visit, event, subjects);
  if (!IsRemoved(user)) {
    AnnounceActivation(look.occasion, look.truth, &user, decision);
    const EmittedSteps steps_before = user.steps;
    AnnounceSteps(look.occasion, look.ladder, &user, decision);
    CountFlow(steps_before, user.steps, look.ladder, subjects.account);
  }
  const Moved moved = JudgeCare(look.occasion, look.facts, &woken, judged_to, subjects, decision);
  if (IsRemoved(user)) {
    SettleRemoved(look, subjects, decision);
  } else {
    const Due due = DueOf(context, visit, look.facts);
    user.due = due.at;
    user.is_due_for_refresh = due.is_for_refresh;
  }
  if (MayShow(look, matters) || moved.counters || moved.status ||
      decision->records.size() != records_before) {
    ShowStatus(look.occasion, look.truth, look.ladder, look.is_history_known, &user, decision);
  }
  return moved.counters;
}

// Whether a visit that taught nothing new still moves something: who was inactive is active again.
bool Stirs(const User& user, const Context& context) {
  return !user.contribution.is_active && user.last_seen.has_value() && !IsRemoved(user) &&
         (!context.clock.has_value() || *user.last_seen + kActiveSpan > *context.clock);
}

// A person known by a new address: the index points here, and whoever was kept under the address
// alone, or under the previous id, is this user.
void Identify(const std::string& email, const Event* event, const User& user, Decision* decision) {
  if (!email.empty()) {
    decision->email_owners.push_back({.tenant = user.tenant, .email = email, .user = user.id});
    const std::string nameless = EmailUserId(email);
    if (nameless != user.id) {
      decision->follow_ups.push_back(
          {.kind = VisitKind::kMerge,
           .target = {.tenant = user.tenant, .user = user.id, .email = {}},
           .merge_from = nameless,
           .due = {}});
    }
  }
  if (event != nullptr && !event->previous_user.empty() && event->previous_user != user.id &&
      event->user == user.id) {
    decision->follow_ups.push_back({.kind = VisitKind::kMerge,
                                    .target = {.tenant = user.tenant, .user = user.id, .email = {}},
                                    .merge_from = std::string(event->previous_user),
                                    .due = {}});
  }
}

bool AdvanceUser(const Definition& definition, const Context& context, const Visit& visit,
                 const Event* event, const Subjects& subjects, const AccountLearned& of_account,
                 Decision* decision) {
  User& user = *subjects.user;
  const bool is_fresh = IsFresh(user);
  const bool was_removed = IsRemoved(user);
  bool is_moved = false;  // By a merge: the account's counters.
  bool matters = of_account.moves_members;
  UserLearned learned;
  switch (visit.kind) {
    case VisitKind::kActor:
    case VisitKind::kInvitee:
    case VisitKind::kMember: {
      FOOTHOLD_CHECK(event != nullptr, "visits of an event carry it");
      learned = LearnUser(definition, *event, visit, &user);
      decision->is_repeat = learned.is_repeat;
      decision->is_conflict = learned.is_conflict;
      matters = matters || learned.matters || is_fresh;
      Identify(learned.email, visit.kind == VisitKind::kActor ? event : nullptr, user, decision);
      if (visit.kind == VisitKind::kInvitee && is_fresh && !visit.target.email.empty()) {
        decision->email_owners.push_back(
            {.tenant = user.tenant, .email = visit.target.email, .user = user.id});
      }
      break;
    }
    case VisitKind::kMerge: {
      FOOTHOLD_CHECK(subjects.merge_from != nullptr, "a merge has two users");
      decision->touches_account = true;
      Contribution nothing;
      is_moved = Count(subjects.merge_from->contribution, nothing, Ladder{}, subjects.account);
      MergeUser(definition, subjects.merge_from, &user);
      ForgetUser(visit.merge_from, subjects.account);
      decision->is_user_gone = true;
      decision->records.emplace_back(
          StatusTombstone{.tenant = user.tenant, .user = visit.merge_from});
      matters = true;
      break;
    }
    case VisitKind::kTimer:
    case VisitKind::kRecheck:
    case VisitKind::kFinal:
    case VisitKind::kRelease:
    case VisitKind::kApprove:
    case VisitKind::kSweep:
      matters = true;
      break;
    case VisitKind::kErase:
      EraseUser(Look(definition, context, visit, nullptr, subjects), subjects, decision);
      return true;
    case VisitKind::kAccount:
    case VisitKind::kMeasure:
      break;
  }
  const bool is_frozen = was_removed && IsRemoved(user) && user.status_hash != 0;
  if (is_frozen) {
    if (!user.care.rungs.empty()) {
      decision->touches_account = true;
      SettleRemoved(Look(definition, context, visit, CauseOf(context, event), subjects), subjects,
                    decision);
    }
    return is_moved;
  }
  const bool is_refresh = IsRefresh(visit, user);
  WakeSet woken =
      WokenBy(definition, SubjectKind::kUser, visit, learned, of_account, matters && !is_refresh);
  if (is_fresh) {
    woken.Add(definition.wakes().OfChange(SubjectKind::kUser, Change::kEverything));
  }
  if (!matters && woken.is_empty() &&
      (visit.kind == VisitKind::kMeasure || !Stirs(user, context))) {
    return false;
  }
  return Decide(definition, context, visit, CauseOf(context, event), subjects, matters || is_fresh,
                std::move(woken), decision) ||
         is_moved;
}

// What a visit of the account alone asks for whatever was learned.
bool IsOwnVisit(const Visit& visit) {
  switch (visit.kind) {
    case VisitKind::kTimer:
    case VisitKind::kRelease:
    case VisitKind::kApprove:
    case VisitKind::kSweep:
    case VisitKind::kFinal:
    case VisitKind::kMeasure:
      return visit.target.user.empty();
    case VisitKind::kActor:
    case VisitKind::kInvitee:
    case VisitKind::kMember:
    case VisitKind::kAccount:
    case VisitKind::kMerge:
    case VisitKind::kRecheck:
    case VisitKind::kErase:
      return false;
  }
  return false;
}

void ShowAccountStatus(const Occasion& occasion, Account* account, Decision* decision) {
  const bool is_refresh =
      occasion.visit.kind == VisitKind::kFinal && occasion.visit.target.user.empty();
  AccountStatus status = AccountStatusOf(occasion.definition, *account, occasion.decided_at,
                                         occasion.context.revision);
  status.measurement = MeasurementOf(occasion.context, *account, nullptr,
                                     IsHistoryKnown(*account, *occasion.context.sources));
  const StatusHashes hashes = HashesOf(status);
  if (hashes.lasting != account->status_hash ||
      (is_refresh && hashes.riding != account->volatile_hash)) {
    account->status_hash = hashes.lasting;
    account->volatile_hash = hashes.riding;
    decision->records.emplace_back(std::move(status));
  }
}

void AdvanceAccount(const Definition& definition, const Context& context, const Visit& visit,
                    const Event* event, const AccountLearned& learned, bool is_moved,
                    Account* account, Decision* decision) {
  const bool is_new = account->stage.empty() && account->status_hash == 0;
  WakeSet woken = WokenBy(definition, SubjectKind::kAccount, visit, {}, learned, is_moved);
  if (is_new) {
    woken.Add(definition.wakes().OfChange(SubjectKind::kAccount, Change::kEverything));
  }
  if (!is_moved && woken.is_empty() && !IsOwnVisit(visit)) {
    return;
  }
  decision->touches_account = true;
  const Event* cause = CauseOf(context, event);
  const Occasion occasion{
      .definition = definition,
      .context = context,
      .visit = visit,
      .event = cause,
      .account = *account,
      .decided_at = DecisionTime(context, visit, cause, account->first_seen.value_or(kEpoch))};
  AccountState state = AccountState::kNone;
  if (account->state == AccountState::kActivated || IsActivatedNow(definition, *account)) {
    state = AccountState::kActivated;
  } else if (std::ranges::any_of(account->roles,
                                 [](const RoleCount& count) { return count.all.reached > 0; })) {
    state = AccountState::kPartial;
  }
  const bool is_activated_now =
      state == AccountState::kActivated && account->state != AccountState::kActivated;
  const bool is_other_state = state != account->state;
  AnnounceAccount(occasion, state, account, decision);
  const std::string stage_before = account->stage;
  const bool has_changed = CareForAccount(occasion, woken, account, decision);
  if (is_new || is_moved || is_other_state || has_changed || IsOwnVisit(visit)) {
    ShowAccountStatus(occasion, account, decision);
  }
  const Wakes& wakes = definition.wakes();
  const bool is_of_interest = learned.concerns_users || learned.has_traits || is_activated_now ||
                              (is_moved && wakes.UsersRestOnMembers()) ||
                              (account->stage != stage_before && wakes.UsersRestOnStage());
  if (!is_of_interest || visit.kind == VisitKind::kRecheck) {
    return;
  }
  for (const std::string& watcher : account->watchers) {
    if (watcher != visit.target.user) {
      decision->follow_ups.push_back(
          {.kind = VisitKind::kRecheck,
           .target = {.tenant = account->tenant, .user = watcher, .email = {}},
           .merge_from = {},
           .due = {}});
    }
  }
  if (account->has_more_watchers) {
    decision->walks.push_back({.tenant = account->tenant});
    account->has_more_watchers = false;
  }
}

}  // namespace

Decision Advance(const Definition& definition, const Context& context, const Visit& visit,
                 const Event* event, const Subjects& subjects) {
  FOOTHOLD_CHECK(subjects.account != nullptr && context.sources != nullptr,
                 "a visit has an account and a clock");
  Decision decision;
  AccountLearned learned;
  if (visit.kind == VisitKind::kActor || visit.kind == VisitKind::kAccount) {
    FOOTHOLD_CHECK(event != nullptr, "visits of an event carry it");
    learned = LearnAccount(definition, *event, visit.canonical, subjects.account);
    decision.touches_account = learned.matters || learned.has_evidence || event->user.empty();
  }
  if (visit.dead_letter_at.has_value()) {
    NoteDeadLetter(*visit.dead_letter_at, subjects.account);
    decision.touches_account = true;
  }
  // What quiet events hold waits until all come again.
  const bool is_measured =
      !IncompleteSince(context, *subjects.account).has_value() && context.quiet == nullptr;
  if (visit.kind == VisitKind::kErase) {
    learned.has_traits = ForgetPerson(*subjects.user, subjects.account);
  }
  bool is_moved = learned.matters;
  if (subjects.user != nullptr) {
    is_moved =
        AdvanceUser(definition, context, visit, event, subjects, learned, &decision) || is_moved;
    decision.user_due = subjects.user->due;
    decision.user_waits = WaitsUntil(subjects.user->care, is_measured);
  } else {
    decision.is_repeat = learned.is_repeat;
  }
  AdvanceAccount(definition, context, visit, event, learned, is_moved, subjects.account, &decision);
  if (decision.touches_account) {
    decision.account_due = subjects.account->due;
    decision.account_waits = WaitsUntil(subjects.account->care, is_measured);
  }
  const bool is_whole_again = visit.kind == VisitKind::kTimer && subjects.user == nullptr &&
                              ForgetOldDeadLetters(context, subjects.account);
  // Who only signed up is no member yet, and has a window.
  if (learned.moves_members || is_whole_again) {
    decision.walks.push_back({.tenant = subjects.account->tenant});
  }
  return decision;
}

}  // namespace foothold::journey
