#include "src/journey/announcing.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/base/ulid.h"
#include "src/journey/members.h"
#include "src/journey/statuses.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

constexpr milliseconds kBackfillAge = 24 * kHour;
constexpr milliseconds kActivationExpiry = 7 * kDay;

bool IsActivated(UserState state) {
  return state == UserState::kActivated || state == UserState::kActivatedLate;
}

Mode ModeOf(const Occasion& occasion, bool is_correction) {
  if (is_correction) {
    return Mode::kCorrection;
  }
  const std::optional<Instant>& wall = occasion.context.wall;
  const bool is_old = wall.has_value() && occasion.decided_at < *wall - kBackfillAge;
  return is_old ? Mode::kBackfill : Mode::kLive;
}

std::string CausationOf(const Occasion& occasion, std::string_view timer) {
  if (occasion.event != nullptr) {
    return std::string(occasion.event->id);
  }
  return fmt::format("timer:{}@{}", timer,
                     FormatRfc3339(occasion.visit.due.value_or(occasion.decided_at)));
}

// The id of a decision: nothing in it depends on where the journal lies (PRODUCT.md section 8).
std::string IdOf(const Occasion& occasion, std::string_view subject, std::string_view kind,
                 std::string_view episode, std::int64_t sequence) {
  std::string text;
  for (const std::string_view part : {std::string_view(occasion.account.tenant), subject, kind,
                                      std::string_view(occasion.definition.label()), episode}) {
    text.append(fmt::format("{}:", part.size())).append(part);
  }
  text.append(fmt::format("#{}", sequence));
  return MakeUlid(occasion.decided_at, HashWide(text));
}

LogCommon CommonOf(const Occasion& occasion, std::string_view user, std::string_view kind,
                   std::string episode, std::int64_t sequence, Mode mode) {
  LogCommon common;
  common.tenant = occasion.account.tenant;
  common.decided_at = occasion.decided_at;
  common.definition = occasion.definition.label();
  common.sequence = sequence;
  common.mode = mode;
  common.ce_id = IdOf(occasion, user, kind, episode, sequence);
  common.correlation = std::move(episode);
  common.revision = occasion.context.revision;
  return common;
}

void AddEvidence(const std::vector<const Occurrence*>& occurrences, LogCommon* common) {
  common->evidence_count = static_cast<std::int64_t>(occurrences.size());
  for (const Occurrence* occurrence : occurrences) {
    if (common->evidence.size() == kEvidenceMax) {
      return;
    }
    common->evidence.push_back(EvidenceOf(*occurrence));
  }
}

// What stands for the name of a call that has none.
std::string_view NameOfCall(CallKind kind) {
  switch (kind) {
    case CallKind::kTrack:
      return "track";
    case CallKind::kIdentify:
      return "identify";
    case CallKind::kGroup:
      return "group";
    case CallKind::kPage:
      return "page";
    case CallKind::kScreen:
      return "screen";
    case CallKind::kAlias:
      return "alias";
  }
  return "";
}

void AddEventAsEvidence(const Occasion& occasion, LogCommon* common) {
  if (occasion.event == nullptr) {
    return;
  }
  const Event& event = *occasion.event;
  common->evidence_count = 1;
  common->evidence.push_back({.event_id = std::string(event.id),
                              .event = event.name.empty()
                                           ? std::string(NameOfCall(event.kind))
                                           : occasion.definition.DisplayNameOf(event.name),
                              .occurred_at = event.occurred_at,
                              .source = std::string(event.position.source),
                              .topic = std::string(event.position.topic),
                              .partition = event.position.partition.value,
                              .offset = event.position.offset});
}

// "2026-03-01 09:00 UTC".
std::string DateOf(Instant at) {
  const std::string text = FormatRfc3339(at);
  return text.substr(0, 10) + ' ' + text.substr(11, 5) + " UTC";
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
  const bool is_assisted = std::ranges::any_of(
      user.outreach, [&](Instant outreach) { return outreach >= since && outreach < at; });
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
  record.common =
      CommonOf(occasion, user->id, "progress", "ladder:" + ladder.role, ++user->progress_sequence,
               ModeOf(occasion, change == StepChange::kReverted));
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
  const AccountBlock account = AccountBlockOf(occasion.definition, occasion.account);
  const std::optional<Instant> signup =
      AnchorTime(occasion.definition, "signup", *user, occasion.account);
  record.signup_week =
      signup.has_value() ? std::optional<std::string>(WeekOf(*signup)) : std::nullopt;
  record.segment = account.segment;
  record.channel = account.channel;
  decision->records.emplace_back(std::move(record));
}

}  // namespace

Instant DecisionTime(const Context& context, const Visit& visit, const Event* event,
                     Instant fallback) {
  if (visit.due.has_value()) {
    return *visit.due;
  }
  if (event != nullptr) {
    return std::max(event->occurred_at, context.clock.value_or(event->occurred_at));
  }
  return std::max(fallback, context.clock.value_or(fallback));
}

bool AnnounceActivation(const Occasion& occasion, const Truth& truth, User* user,
                        Decision* decision) {
  const EmittedTruth& before = user->truth;
  const bool is_same_role = !IsActivated(truth.state) || truth.span.role == before.role;
  if (truth.state == before.state && truth.activated_at == before.activated_at && is_same_role) {
    return false;
  }
  const bool is_correction = IsCorrection(before, truth);
  std::string episode = EpisodeOf(truth);
  ActivationChanged record;
  record.common = CommonOf(occasion, user->id, "activation", episode, ++user->activation_sequence,
                           ModeOf(occasion, is_correction));
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
  record.common = CommonOf(occasion, "", "activation", "activation:account",
                           ++account->activation_sequence, ModeOf(occasion, false));
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
