#include "src/journey/engine.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "src/base/names.h"
#include "src/journey/activation.h"
#include "src/journey/announcing.h"
#include "src/journey/learning.h"
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

// While a drain goes on a refresh lies this far ahead: it counts only if the drain is broken off.
constexpr milliseconds kDrainRefresh = 30 * kDay;

// Since when the status is refreshed every 24 h: onboarding is in progress; nullopt: it is not.
std::optional<Instant> RefreshedSince(const Truth& truth, const Ladder& ladder,
                                      bool is_history_known) {
  const bool is_open = truth.state == UserState::kInProgress ||
                       (truth.state == UserState::kNotStarted && truth.window.has_value());
  if (!is_open || !is_history_known || ladder.rungs.empty() || ladder.is_complete) {
    return std::nullopt;
  }
  return ladder.entered_at;
}

// The next k x 24 h after the current step was entered. Of days that have passed already, by the
// clock or by the wall that the clock is still to reach, the last one only.
std::optional<Instant> NextRefresh(const Context& context, const Visit& visit,
                                   std::optional<Instant> since) {
  if (!since.has_value()) {
    return std::nullopt;
  }
  const auto last_until = [&](std::optional<Instant> at) {
    return *since + kDay * ((std::max(*since, at.value_or(*since)) - *since) / kDay);
  };
  const Instant done = last_until(context.clock);
  if (context.is_draining && visit.kind != VisitKind::kFinal) {
    return done + kDrainRefresh;
  }
  const Instant last = std::max(last_until(context.sources->now()), last_until(context.wall));
  return last > done ? last : done + kDay;
}

// Whether the timer is that of a refresh, alone or with others.
bool IsRefreshDue(const Visit& visit, std::optional<Instant> since) {
  return visit.due.has_value() && since.has_value() && *visit.due > *since &&
         (*visit.due - *since) % kDay == milliseconds(0);
}

std::optional<Instant> DueOf(const Context& context, const Visit& visit, const User& user,
                             const Truth& truth, const Ladder& ladder, bool is_history_known) {
  if (IsRemoved(user)) {
    return std::nullopt;
  }
  std::optional<Instant> due =
      NextRefresh(context, visit, RefreshedSince(truth, ladder, is_history_known));
  const auto consider = [&](Instant at) { due = std::min(due.value_or(at), at); };
  const bool is_undecided = !truth.activated_at.has_value() && truth.window.has_value() &&
                            is_history_known &&
                            (!user.absence_judged_until.has_value() ||
                             truth.window->closes_at > *user.absence_judged_until);
  if (is_undecided) {
    consider(truth.window->closes_at);
  }
  if (user.contribution.is_active && user.last_seen.has_value()) {
    consider(*user.last_seen + kActiveSpan);
  }
  return due;
}

// What absence is judged by, from now on, for this user.
void JudgeAbsence(const Context& context, const Visit& visit, User* user) {
  std::optional<Instant> until;
  if (visit.kind == VisitKind::kTimer) {
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

// Looks at the user as a whole and says what is new. `event` is what set it off, if any. Returns
// true if the account's counters moved.
bool Decide(const Definition& definition, const Context& context, const Visit& visit,
            const Event* event, const Subjects& subjects, Decision* decision) {
  User& user = *subjects.user;
  JudgeAbsence(context, visit, &user);
  const bool is_history_known = IsHistoryKnown(user, *context.sources);
  const Truth truth = TruthOf(definition, user, *subjects.account, is_history_known);
  const Ladder ladder = LadderOf(definition, user, *subjects.account, truth);
  const Occasion occasion{.definition = definition,
                          .context = context,
                          .visit = visit,
                          .event = event,
                          .account = *subjects.account,
                          .decided_at = DecidedAt(context, visit, event, truth, user)};
  const bool is_removed = IsRemoved(user);
  if (!is_removed) {
    AnnounceActivation(occasion, truth, &user, decision);
    AnnounceSteps(occasion, ladder, &user, decision);
  }
  const Contribution now = ContributionOf(user, truth, ladder, context.clock);
  const bool is_moved = Count(user.contribution, now, ladder, subjects.account);
  user.contribution = now;
  user.due = DueOf(context, visit, user, truth, ladder, is_history_known);
  ShowStatus(occasion, truth, ladder, is_history_known, &user, decision);
  return is_moved;
}

// The event that the visit goes back to, whether or not it carries it.
const Event* CauseOf(const Context& context, const Event* event) {
  return event != nullptr ? event : context.cause;
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
                 const Event* event, const Subjects& subjects, bool account_matters,
                 Decision* decision) {
  User& user = *subjects.user;
  const bool is_fresh = IsFresh(user);
  const bool was_removed = IsRemoved(user);
  bool is_moved = false;  // By a merge: the account's counters.
  bool matters = account_matters;
  switch (visit.kind) {
    case VisitKind::kActor:
    case VisitKind::kInvitee:
    case VisitKind::kMember: {
      FOOTHOLD_CHECK(event != nullptr, "visits of an event carry it");
      const UserLearned learned = LearnUser(definition, *event, visit, &user);
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
      Contribution nothing;
      is_moved = Count(subjects.merge_from->contribution, nothing, Ladder{}, subjects.account);
      MergeUser(definition, subjects.merge_from, &user);
      decision->is_user_gone = true;
      decision->records.emplace_back(
          StatusTombstone{.tenant = user.tenant, .user = visit.merge_from});
      matters = true;
      break;
    }
    case VisitKind::kTimer:
    case VisitKind::kRecheck:
    case VisitKind::kFinal:
      matters = true;
      break;
    case VisitKind::kAccount:
      break;
  }
  const bool is_frozen = was_removed && IsRemoved(user) && user.status_hash != 0;
  if (is_frozen) {  // What was learned meanwhile is decided when the user is back.
    return is_moved;
  }
  if (!matters && !Stirs(user, context)) {
    return false;
  }
  return Decide(definition, context, visit, CauseOf(context, event), subjects, decision) ||
         is_moved;
}

void AdvanceAccount(const Definition& definition, const Context& context, const Visit& visit,
                    const Event* event, bool is_moved, Account* account, Decision* decision) {
  const bool is_refresh = visit.kind == VisitKind::kFinal && visit.target.user.empty();
  if (!is_moved && !is_refresh) {
    return;
  }
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
  AnnounceAccount(occasion, state, account, decision);
  AccountStatus status =
      AccountStatusOf(definition, *account, occasion.decided_at, context.revision);
  const StatusHashes hashes = HashesOf(status);
  if (hashes.lasting != account->status_hash ||
      (is_refresh && hashes.riding != account->volatile_hash)) {
    account->status_hash = hashes.lasting;
    account->volatile_hash = hashes.riding;
    decision->records.emplace_back(std::move(status));
  }
}

}  // namespace

std::vector<Visit> VisitsOf(const Definition& definition, const Event& event) {
  const std::string tenant(event.tenant);
  std::string canonical = event.name.empty() ? std::string() : definition.Canonical(event.name);
  std::vector<Visit> visits;
  visits.push_back({.kind = event.user.empty() ? VisitKind::kAccount : VisitKind::kActor,
                    .target = {.tenant = tenant, .user = std::string(event.user), .email = {}},
                    .merge_from = {},
                    .due = {},
                    .canonical = canonical});
  if (event.user.empty() || event.kind != CallKind::kTrack) {
    return visits;
  }
  VisitTarget other{.tenant = tenant, .user = {}, .email = {}};
  VisitKind kind = VisitKind::kInvitee;
  if (canonical == kUserInvited) {
    Invitee invitee = InviteeOf(event);
    other.user = std::move(invitee.id);
    other.email = std::move(invitee.email);
  } else if (canonical == kUserJoined || canonical == kUserRemoved ||
             canonical == kUserRoleChanged) {
    kind = VisitKind::kMember;
    other.user = MemberOf(event).value_or("");
  }
  if ((!other.user.empty() || !other.email.empty()) && other.user != event.user) {
    visits.push_back({.kind = kind,
                      .target = std::move(other),
                      .merge_from = {},
                      .due = {},
                      .canonical = std::move(canonical)});
  }
  return visits;
}

Decision Advance(const Definition& definition, const Context& context, const Visit& visit,
                 const Event* event, const Subjects& subjects) {
  FOOTHOLD_CHECK(subjects.account != nullptr && context.sources != nullptr,
                 "a visit has an account and a clock");
  Decision decision;
  AccountLearned learned;
  if (visit.kind == VisitKind::kActor || visit.kind == VisitKind::kAccount) {
    FOOTHOLD_CHECK(event != nullptr, "visits of an event carry it");
    learned = LearnAccount(definition, *event, visit.canonical, subjects.account);
  }
  bool is_moved = learned.matters;
  if (subjects.user != nullptr) {
    is_moved = AdvanceUser(definition, context, visit, event, subjects, learned.moves_members,
                           &decision) ||
               is_moved;
    decision.user_due = subjects.user->due;
  } else {
    decision.is_repeat = learned.is_repeat;
  }
  AdvanceAccount(definition, context, visit, event, is_moved, subjects.account, &decision);
  if (learned.moves_members) {  // Who only signed up is no member yet, and has a window.
    decision.walks.push_back({.tenant = subjects.account->tenant});
  }
  return decision;
}

}  // namespace foothold::journey
