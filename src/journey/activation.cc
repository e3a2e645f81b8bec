#include "src/journey/activation.h"

#include <algorithm>
#include <utility>

#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

constexpr milliseconds kHistoryUnknownSpan = 30 * kDay;

std::optional<Instant> Earlier(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a.has_value() || !b.has_value()) {
    return a.has_value() ? a : b;
  }
  return std::min(*a, *b);
}

std::string_view ProductModel(const Account& account, std::string* storage) {
  *storage = TraitText(account.traits, "productmodel").value_or("");
  return *storage;
}

std::optional<Instant> EntryTime(const Playbook& playbook, const AnchorEntry& entry,
                                 const User& user, const Account& account) {
  switch (entry.kind) {
    case AnchorEntry::Kind::kTracker: {
      const Tracker& tracker = playbook.trackers[static_cast<std::size_t>(entry.tracker)];
      return TimeOf(IsOfAccount(tracker.kind) ? account.trackers : user.trackers, tracker, 1);
    }
    case AnchorEntry::Kind::kUserTrait:
      return TraitTime(user.traits, entry.trait);
    case AnchorEntry::Kind::kAccountTrait:
      return TraitTime(account.traits, entry.trait);
    case AnchorEntry::Kind::kStepEntered:
    case AnchorEntry::Kind::kStep:
    case AnchorEntry::Kind::kLastSeen:
    case AnchorEntry::Kind::kActivated:
    case AnchorEntry::Kind::kStageEntered:
      return std::nullopt;  // Of what is true now: no window opens at them.
  }
  return std::nullopt;
}

// What a user did for one milestone in one role span.
struct Attempt {
  std::vector<CriterionProgress> progress;
  std::vector<const Occurrence*> evidence;
  std::optional<Instant> met_at;  // When the last criterion was met; nullopt while one is not.
  bool has_begun = false;
};

const std::vector<TrackerState>& StatesOf(const Tracker& tracker, const User& user,
                                          const Account& account) {
  return IsOfAccount(tracker.kind) ? account.trackers : user.trackers;
}

Attempt AttemptOf(const Definition& definition, const Milestone& milestone, const User& user,
                  const Account& account) {
  Attempt attempt;
  attempt.progress.reserve(milestone.all.size());
  bool is_met = true;
  for (const Criterion& criterion : milestone.all) {
    const Tracker& tracker =
        definition.playbook().trackers[static_cast<std::size_t>(criterion.tracker)];
    const TrackerState* state = Find(StatesOf(tracker, user, account), tracker.key);
    CriterionProgress progress{.criterion = criterion.label,
                               .have = 0,
                               .need = criterion.at_least,
                               .met_at = std::nullopt};
    if (state != nullptr) {
      const auto need = static_cast<std::size_t>(criterion.at_least);
      const std::size_t have = std::min(state->kept.size(), need);
      progress.have = static_cast<std::int32_t>(have);
      for (std::size_t i = 0; i < have; ++i) {
        attempt.evidence.push_back(&state->kept[i]);
      }
      if (have == need) {
        progress.met_at = state->kept[need - 1].at;
        attempt.met_at = std::max(attempt.met_at.value_or(*progress.met_at), *progress.met_at);
      }
    }
    attempt.has_begun = attempt.has_begun || progress.have > 0;
    is_met = is_met && progress.met_at.has_value();
    attempt.progress.push_back(std::move(progress));
  }
  if (!is_met) {
    attempt.met_at.reset();
  }
  return attempt;
}

// The window as it lies for this span: it opens at the anchor, or at the take-over if that is
// later.
std::optional<OpenWindow> Lay(const Definition& definition, const Window& window,
                              const RoleSpan& span, const User& user, const Account& account) {
  const std::optional<Instant> anchor = AnchorTime(definition, window.anchor, user, account);
  if (!anchor.has_value()) {
    return std::nullopt;
  }
  Instant opens_at = *anchor;
  if (span.is_taken_over && span.begin.has_value()) {
    opens_at = std::max(opens_at, *span.begin);
  }
  const auto index = static_cast<std::size_t>(window.anchor);
  return OpenWindow{.anchor = definition.playbook().anchors[index].name,
                    .opens_at = opens_at,
                    .closes_at = opens_at + window.length};
}

// The window that decides: the milestone's, and of the criteria's own ones those that were not
// kept. If all were kept, the one that closed last. `*is_late`: one was missed by what was met.
std::optional<OpenWindow> DecidingWindow(const Definition& definition, const Milestone& milestone,
                                         const RoleSpan& span, const User& user,
                                         const Account& account, const Attempt& attempt,
                                         std::optional<Instant> activated_at, bool* is_late) {
  *is_late = false;
  std::optional<OpenWindow> missed;
  std::optional<OpenWindow> kept;
  const auto weigh = [&](const std::optional<OpenWindow>& window, std::optional<Instant> met_at) {
    if (!window.has_value()) {
      return;
    }
    const bool is_kept = met_at.has_value() && *met_at < window->closes_at;
    *is_late = *is_late || (met_at.has_value() && !is_kept);
    std::optional<OpenWindow>& slot = is_kept ? kept : missed;
    const bool is_better = !slot.has_value() || (is_kept ? window->closes_at > slot->closes_at
                                                         : window->closes_at < slot->closes_at);
    if (is_better) {
      slot = window;
    }
  };
  if (milestone.within.has_value()) {
    weigh(Lay(definition, *milestone.within, span, user, account), activated_at);
  }
  for (std::size_t i = 0; i < milestone.all.size(); ++i) {
    if (milestone.all[i].within.has_value()) {
      std::optional<Instant> met_at = attempt.progress[i].met_at;
      if (met_at.has_value() && span.begin.has_value()) {
        met_at = std::max(*met_at, *span.begin);
      }
      weigh(Lay(definition, *milestone.all[i].within, span, user, account), met_at);
    }
  }
  return missed.has_value() ? missed : kept;
}

bool IsDoubtful(const Milestone& milestone, const Attempt& attempt, const QuietEvents& quiet) {
  for (std::size_t i = 0; i < milestone.all.size(); ++i) {
    if (!attempt.progress[i].met_at.has_value() && quiet.Concerns(milestone.all[i].tracker)) {
      return true;
    }
  }
  return false;
}

void Describe(Attempt attempt, Truth* truth) {
  truth->progress = std::move(attempt.progress);
  truth->evidence = std::move(attempt.evidence);
  std::ranges::sort(truth->evidence,
                    [](const Occurrence* a, const Occurrence* b) { return IsEarlier(*a, *b); });
}

std::optional<Instant> StepMetAt(const Definition& definition, const Step& step, const User& user,
                                 const Account& account,
                                 const std::optional<Instant>& milestone_at) {
  if (step.is_milestone) {
    return milestone_at;
  }
  const Tracker& tracker =
      definition.playbook().trackers[static_cast<std::size_t>(step.criterion->tracker)];
  return TimeOf(StatesOf(tracker, user, account), tracker, step.criterion->at_least);
}

}  // namespace

std::optional<Instant> AnchorTime(const Definition& definition, std::int32_t anchor,
                                  const User& user, const Account& account) {
  const Playbook& playbook = definition.playbook();
  for (const auto& group : playbook.anchors[static_cast<std::size_t>(anchor)].entries) {
    std::optional<Instant> earliest;
    for (const AnchorEntry& entry : group) {
      earliest = Earlier(earliest, EntryTime(playbook, entry, user, account));
    }
    if (earliest.has_value()) {
      return earliest;
    }
  }
  return std::nullopt;
}

std::optional<Instant> AnchorTime(const Definition& definition, std::string_view anchor,
                                  const User& user, const Account& account) {
  const std::int32_t index = definition.AnchorIndex(anchor);
  return index < 0 ? std::nullopt : AnchorTime(definition, index, user, account);
}

namespace {

// Whether it came long enough after the beginning of our history to have begun there.
bool IsNewToSource(const std::optional<Instant>& first_seen, const std::string& source,
                   const Clock& sources) {
  const std::optional<Instant> begin = sources.HistoryBegin(source);
  return begin.has_value() && first_seen.has_value() && *first_seen >= *begin + kHistoryUnknownSpan;
}

}  // namespace

bool IsHistoryKnown(const User& user, const Clock& sources) {
  return user.has_birth_fact || user.was_invited || user.joined.has_value() ||
         IsNewToSource(user.first_seen, user.first_seen_source, sources);
}

bool IsHistoryKnown(const Account& account, const Clock& sources) {
  const bool was_born_here = account.born_at.has_value() && account.first_seen.has_value() &&
                             *account.born_at <= *account.first_seen;
  return was_born_here || TraitText(account.traits, "createdat").has_value() ||
         IsNewToSource(account.first_seen, account.first_seen_source, sources);
}

Truth TruthOf(const Definition& definition, const User& user, const Account& account,
              bool is_history_known, const QuietEvents* quiet) {
  std::string storage;
  const std::string_view model = ProductModel(account, &storage);
  std::vector<RoleSpan> spans = RoleSpans(definition, user.role_facts);
  Truth truth;
  truth.current = spans.back();
  for (RoleSpan& span : spans) {
    const Milestone* milestone = definition.MilestoneOf(span.index, model);
    if (milestone == nullptr) {
      continue;
    }
    Attempt attempt = AttemptOf(definition, *milestone, user, account);
    if (!attempt.met_at.has_value()) {
      continue;
    }
    const Instant at =
        span.begin.has_value() ? std::max(*attempt.met_at, *span.begin) : *attempt.met_at;
    if (span.end.has_value() && at >= *span.end) {
      continue;
    }
    bool is_late = false;
    truth.window =
        DecidingWindow(definition, *milestone, span, user, account, attempt, at, &is_late);
    truth.state = is_late ? UserState::kActivatedLate : UserState::kActivated;
    truth.activated_at = at;
    truth.span = std::move(span);
    Describe(std::move(attempt), &truth);
    return truth;
  }
  truth.span = truth.current;
  const Milestone* milestone = definition.MilestoneOf(truth.span.index, model);
  if (milestone == nullptr) {
    return truth;
  }
  Attempt attempt = AttemptOf(definition, *milestone, user, account);
  bool is_late = false;
  truth.window = DecidingWindow(definition, *milestone, truth.span, user, account, attempt,
                                std::nullopt, &is_late);
  truth.state = attempt.has_begun ? UserState::kInProgress : UserState::kNotStarted;
  truth.is_doubtful = quiet != nullptr && IsDoubtful(*milestone, attempt, *quiet);
  const bool may_expire = !truth.is_doubtful || user.truth.state == UserState::kWindowExpired;
  if (may_expire && is_history_known && truth.window.has_value() &&
      user.absence_judged_until.has_value() &&
      truth.window->closes_at <= *user.absence_judged_until) {
    truth.state = UserState::kWindowExpired;
  }
  Describe(std::move(attempt), &truth);
  return truth;
}

Ladder LadderOf(const Definition& definition, const User& user, const Account& account,
                const Truth& truth) {
  Ladder ladder;
  ladder.role = truth.current.role;
  if (truth.current.index < 0) {
    return ladder;
  }
  // Whoever is not activated has not met the milestone of the current role either: its span has no
  // end.
  const std::optional<Instant> milestone_at = truth.activated_at;
  const auto role = static_cast<std::size_t>(truth.current.index);
  std::optional<Instant> entered = truth.current.is_taken_over ? truth.current.begin : std::nullopt;
  const auto consider = [&](std::optional<Instant> at) {
    if (at.has_value()) {
      entered = std::max(entered.value_or(*at), *at);
    }
  };
  std::optional<Instant> birth;
  for (const std::string_view name : {"signup", "invite", "first_access"}) {
    birth = Earlier(birth, AnchorTime(definition, name, user, account));
  }
  consider(birth);
  const std::vector<Step>& steps = definition.playbook().roles[role].steps;
  ladder.rungs.reserve(steps.size());
  for (const Step& step : steps) {
    ladder.rungs.push_back(
        {.step = &step, .met_at = StepMetAt(definition, step, user, account, milestone_at)});
    const std::size_t i = ladder.rungs.size() - 1;
    if (ladder.rungs.back().met_at.has_value()) {
      ladder.met |= 1U << i;
    } else if (ladder.current == 0) {
      ladder.current = static_cast<std::int32_t>(i) + 1;
    }
  }
  ladder.is_complete = !ladder.rungs.empty() && ladder.current == 0;
  if (ladder.is_complete) {
    ladder.current = static_cast<std::int32_t>(ladder.rungs.size());
  }
  for (std::int32_t i = 0; i + 1 < ladder.current; ++i) {
    consider(ladder.rungs[static_cast<std::size_t>(i)].met_at);
  }
  ladder.entered_at = entered;
  return ladder;
}

}  // namespace foothold::journey
