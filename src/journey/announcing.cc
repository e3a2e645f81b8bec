#include "src/journey/announcing.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/journey/members.h"
#include "src/journey/statuses.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

constexpr milliseconds kActivationExpiry = 7 * kDay;

bool IsActivated(UserState state) {
  return state == UserState::kActivated || state == UserState::kActivatedLate;
}

std::string ProgressSentence(const std::vector<CriterionProgress>& progress) {
  std::string text;
  for (const CriterionProgress& criterion : progress) {
    if (!text.empty()) {
      text += "; ";
    }
    text += fmt::format("{} ({} of {})", criterion.criterion, criterion.have, criterion.need);
  }
  return text.empty() ? "nothing to do" : text;
}

std::string ActivationReason(const Truth& truth, const std::optional<std::string>& supersedes) {
  const std::string role = truth.span.role.empty() ? "no known role" : "role " + truth.span.role;
  const std::string progress = ProgressSentence(truth.progress);
  const std::string closes = truth.window.has_value() ? DateOf(truth.window->closes_at) : "";
  std::string sentence;
  switch (truth.state) {
    case UserState::kNotStarted:
      sentence = fmt::format("Nothing that counts for {} has happened", role);
      break;
    case UserState::kInProgress:
      sentence = fmt::format("On the way in {}: {}", role, progress);
      break;
    case UserState::kActivated:
      sentence = fmt::format(
          "The milestone of {} was reached on {}{}: {}", role, DateOf(*truth.activated_at),
          closes.empty() ? "" : ", before its window closed on " + closes, progress);
      break;
    case UserState::kWindowExpired:
      sentence = fmt::format("The window of {} closed on {} with {}", role, closes, progress);
      break;
    case UserState::kActivatedLate:
      sentence =
          fmt::format("The milestone of {} was reached on {}, after its window closed on {}: {}",
                      role, DateOf(*truth.activated_at), closes, progress);
      break;
  }
  return sentence + (supersedes.has_value() ? "; this corrects an earlier record." : ".");
}

std::string AccountReason(AccountState state, const MemberTotals& totals) {
  std::string_view verdict;
  switch (state) {
    case AccountState::kNone:
      verdict = "the account is back at the beginning";
      break;
    case AccountState::kPartial:
      verdict = "the account is on its way";
      break;
    case AccountState::kActivated:
      verdict = "the account is activated";
      break;
  }
  return fmt::format("{} of {} eligible members have reached their milestone; {}.", totals.reached,
                     totals.eligible, verdict);
}

// The requests to the user that were released in [since, until) and hold.
std::vector<std::string> AssistanceFor(const User& user, Instant since, Instant until) {
  std::vector<std::string> requests;
  for (const RungState& rung : user.care.rungs) {
    const bool counts = rung.phase == RungState::Phase::kRequested && !rung.is_cancelled &&
                        rung.channel != Channel::kCs && *rung.released_at >= since &&
                        *rung.released_at < until;
    if (counts) {
      requests.push_back(rung.ce_id);
    }
  }
  return requests;
}

// The class, fixed when the activation was first decided.
std::optional<ActivationClass> ClassOf(const Occasion& occasion, const Truth& truth,
                                       const User& user) {
  if (truth.state == UserState::kActivatedLate) {
    return ActivationClass::kLate;
  }
  if (truth.state != UserState::kActivated) {
    return std::nullopt;
  }
  const std::optional<ActivationClass>& before = user.truth.activation_class;
  if (before.has_value() && *before != ActivationClass::kLate) {
    return before;
  }
  const Instant at = *truth.activated_at;
  const Instant since = at - occasion.definition.playbook().attribution;
  const bool is_assisted =
      std::ranges::any_of(user.outreach,
                          [&](Instant outreach) { return outreach >= since && outreach < at; }) ||
      !AssistanceFor(user, since, at).empty();
  return is_assisted ? ActivationClass::kAssisted : ActivationClass::kOrganic;
}

// Whether the new truth shows that the one emitted was wrong, rather than that time went on.
bool IsCorrection(const EmittedTruth& before, const Truth& truth) {
  if (before.ce_id.empty()) {
    return false;
  }
  if (IsActivated(before.state)) {
    return true;
  }
  if (before.state != UserState::kWindowExpired || truth.state == UserState::kActivatedLate) {
    return false;
  }
  // A role taken over since then begins a window of its own: the old one did expire.
  const bool is_new_role = truth.span.is_taken_over && truth.span.begin.has_value() &&
                           *truth.span.begin >= before.decided_at;
  return !is_new_role;
}

Instant OccurredAt(const Occasion& occasion, const Truth& truth) {
  if (truth.activated_at.has_value()) {
    return *truth.activated_at;
  }
  if (truth.state == UserState::kWindowExpired) {
    return truth.window->closes_at;
  }
  return occasion.event != nullptr ? occasion.event->occurred_at : occasion.decided_at;
}

std::string EpisodeOf(const Truth& truth) {
  return fmt::format(
      "activation:{}@{}", truth.span.role,
      truth.window.has_value() ? FormatRfc3339(truth.window->opens_at) : std::string("-"));
}

void FillUserFields(const Occasion& occasion, const Truth& truth, const User& user,
                    ActivationChanged* record) {
  const Definition& definition = occasion.definition;
  if (truth.window.has_value()) {
    record->window = WindowBlock{.anchor = truth.window->anchor,
                                 .opens_at = truth.window->opens_at,
                                 .closes_at = truth.window->closes_at};
  }
  record->progress = truth.progress;
  record->activated_at = truth.activated_at;
  const std::optional<Instant> signup = AnchorTime(definition, "signup", user, occasion.account);
  record->days_since_signup = DaysSince(signup, occasion.decided_at);
  record->time_to_value_from_signup_s = TimeToValueS(signup, truth.activated_at);
  record->time_to_value_from_first_access_s = TimeToValueS(
      AnchorTime(definition, "first_access", user, occasion.account), truth.activated_at);
  record->account = AccountBlockOf(definition, occasion.account);
  record->person = PersonBlockOf(user);
}

void AnnounceStep(const Occasion& occasion, const Ladder& ladder, std::size_t rung,
                  StepChange change, User* user, Decision* decision) {
  const Step& step = *ladder.rungs[rung].step;
  const Instant at = change == StepChange::kEntered
                         ? ladder.entered_at.value_or(occasion.decided_at)
                         : ladder.rungs[rung].met_at.value_or(occasion.decided_at);
  OnboardingProgress record;
  record.common = CommonOf(
      occasion,
      {.user = user->id,
       .kind = "progress",
       .episode = "ladder:" + ladder.role,
       .sequence = ++user->progress_sequence},
      ModeOf(occasion, change == StepChange::kReverted ? Correcting::kYes : Correcting::kNo));
  record.common.user = user->id;
  record.common.role = ladder.role;
  record.common.occurred_at = at;
  record.common.causation = CausationOf(occasion, "step");
  AddEventAsEvidence(occasion, &record.common);
  record.step = static_cast<std::int32_t>(rung) + 1;
  record.step_name = step.name;
  record.step_class = std::string(StepClassName(step.step_class));
  record.change = change;
  record.at = at;
  const char* verb = change == StepChange::kEntered
                         ? "was entered"
                         : (change == StepChange::kCompleted ? "was completed" : "is open again");
  record.common.reason = fmt::format("Step {} of {} ({}) {} on {}.", record.step,
                                     ladder.rungs.size(), step.name, verb, DateOf(at));
  const std::optional<Instant> signup =
      AnchorTime(occasion.definition, "signup", *user, occasion.account);
  record.signup_week =
      signup.has_value() ? std::optional<std::string>(IsoWeekOf(*signup)) : std::nullopt;
  record.segment = TraitText(occasion.account.traits, "segment");
  record.channel = TraitText(occasion.account.traits, "channel");
  decision->records.emplace_back(std::move(record));
}

}  // namespace

bool AnnounceActivation(const Occasion& occasion, const Truth& truth, User* user,
                        Decision* decision) {
  const EmittedTruth& before = user->truth;
  const bool is_same_role = !IsActivated(truth.state) || truth.span.role == before.role;
  if (truth.state == before.state && truth.activated_at == before.activated_at && is_same_role) {
    return false;
  }
  const bool is_correction = IsCorrection(before, truth);
  ActivationChanged record;
  record.common = CommonOf(occasion,
                           {.user = user->id,
                            .kind = "activation",
                            .episode = EpisodeOf(truth),
                            .sequence = ++user->activation_sequence},
                           ModeOf(occasion, is_correction ? Correcting::kYes : Correcting::kNo));
  record.common.user = user->id;
  if (!truth.span.role.empty()) {
    record.common.role = truth.span.role;
  }
  record.common.occurred_at = OccurredAt(occasion, truth);
  record.common.causation = CausationOf(occasion, "window");
  record.common.expires_at = occasion.decided_at + kActivationExpiry;
  AddEvidence(truth.evidence, &record.common);
  record.scope = Scope::kUser;
  record.from = std::string(UserStateName(before.state));
  record.to = std::string(UserStateName(truth.state));
  record.activation_class = ClassOf(occasion, truth, *user);
  if (record.activation_class == ActivationClass::kAssisted) {
    record.assisted_by =
        AssistanceFor(*user, *truth.activated_at - occasion.definition.playbook().attribution,
                      *truth.activated_at);
  }
  if (is_correction) {
    record.supersedes = before.ce_id;
  }
  record.common.reason = ActivationReason(truth, record.supersedes);
  FillUserFields(occasion, truth, *user, &record);
  user->truth = {.state = truth.state,
                 .activated_at = truth.activated_at,
                 .role = truth.span.role,
                 .activation_class = record.activation_class,
                 .ce_id = record.common.ce_id,
                 .decided_at = occasion.decided_at};
  decision->records.emplace_back(std::move(record));
  return true;
}

void AnnounceSteps(const Occasion& occasion, const Ladder& ladder, User* user, Decision* decision) {
  EmittedSteps before = user->steps;
  if (before.role != ladder.role) {
    before = {.role = ladder.role, .met = 0, .current = 0};
  }
  const std::int32_t current = ladder.is_complete ? 0 : ladder.current;
  if (before.met == ladder.met && before.current == current) {
    user->steps = before;
    return;
  }
  for (std::size_t i = 0; i < ladder.rungs.size(); ++i) {
    const bool was_met = (before.met >> i & 1U) != 0;
    const bool is_met = (ladder.met >> i & 1U) != 0;
    if (is_met != was_met) {
      AnnounceStep(occasion, ladder, i, is_met ? StepChange::kCompleted : StepChange::kReverted,
                   user, decision);
    }
  }
  if (current != 0 && current != before.current) {
    AnnounceStep(occasion, ladder, static_cast<std::size_t>(current) - 1, StepChange::kEntered,
                 user, decision);
  }
  user->steps = {.role = ladder.role, .met = ladder.met, .current = current};
}

void AnnounceAccount(const Occasion& occasion, AccountState state, Account* account,
                     Decision* decision) {
  if (state == account->state) {
    return;
  }
  const Instant at = occasion.event != nullptr ? occasion.event->occurred_at : occasion.decided_at;
  if (state == AccountState::kActivated) {
    account->activated_at = at;
  }
  ActivationChanged record;
  record.common = CommonOf(occasion,
                           {.user = "",
                            .kind = "activation",
                            .episode = "activation:account",
                            .sequence = ++account->activation_sequence},
                           ModeOf(occasion, Correcting::kNo));
  record.common.occurred_at = at;
  record.common.causation = CausationOf(occasion, "window");
  record.common.expires_at = occasion.decided_at + kActivationExpiry;
  AddEventAsEvidence(occasion, &record.common);
  record.scope = Scope::kAccount;
  record.from = std::string(AccountStateName(account->state));
  record.to = std::string(AccountStateName(state));
  record.activated_at = account->activated_at;
  const MemberTotals totals = TotalsOf(*account);
  record.eligible = totals.eligible;
  record.reached = totals.reached;
  record.composition = CompositionOf(*account);
  record.account = AccountBlockOf(occasion.definition, *account);
  const std::optional<Instant> created =
      AnchorTime(occasion.definition, "created", User{}, *account);
  record.days_since_signup = DaysSince(created, occasion.decided_at);
  record.time_to_value_from_signup_s = TimeToValueS(created, account->activated_at);
  record.common.reason = AccountReason(state, totals);
  account->state = state;
  account->activation_ce_id = record.common.ce_id;
  decision->records.emplace_back(std::move(record));
}

}  // namespace foothold::journey
