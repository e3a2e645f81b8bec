#include "src/journey/interventions.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/journey/care_records.h"
#include "src/journey/gate.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

using Phase = RungState::Phase;

EpisodeState& EpisodeFor(std::uint64_t rule, CareState* care) {
  auto place = std::ranges::lower_bound(care->episodes, rule, {}, &EpisodeState::rule);
  if (place == care->episodes.end() || place->rule != rule) {
    place = care->episodes.insert(place, EpisodeState{});
    place->rule = rule;
  }
  return *place;
}

const EpisodeState* FindEpisode(std::uint64_t rule, const CareState& care) {
  const auto place = std::ranges::lower_bound(care.episodes, rule, {}, &EpisodeState::rule);
  return place == care.episodes.end() || place->rule != rule ? nullptr : &*place;
}

bool IsOpen(const RungState& state, Instant at) {
  return state.phase == Phase::kRequested && !state.is_cancelled && at < state.expires;
}

// A rung came due: from now on it waits for a release, unless nothing may be concluded at all.
void Fire(CareScene* scene, const Rule& rule, std::size_t index, Instant due,
          Instant triggered_at) {
  const Rung& rung = rule.rungs[index];
  scene->facts.trigger = triggered_at;
  RungState state{.rule = Hash64(rule.name),
                  .rung = static_cast<std::int32_t>(index),
                  .phase = Phase::kWaiting,
                  .is_approved = false,
                  .is_cancelled = false,
                  .is_otherwise = false,
                  .channel = rung.ask.channel,
                  .triggered_at = triggered_at,
                  .due = due,
                  .expires = MomentTime(scene->facts, *rung.until).value_or(due),
                  .not_before = std::nullopt,
                  .held_by = std::nullopt,
                  .released_at = std::nullopt,
                  .ce_id = {},
                  .label = RuleLabel(scene->occasion.definition, rule),
                  .trigger_event = {}};
  const bool is_by_event = rung.at.anchor == Moment::kTrigger && scene->is_first_hand &&
                           scene->occasion.event != nullptr;
  if (is_by_event) {
    state.trigger_event = std::string(scene->occasion.event->id);
  }
  if (rung.where.has_value() && !Judge(*rung.where, scene->facts).holds) {
    if (!rung.otherwise.has_value()) {
      return;
    }
    state.is_otherwise = true;
    state.channel = rung.otherwise->channel;
  }
  EpisodeFor(state.rule, scene->care).rungs |= 1U << index;
  if (!scene->facts.is_history_known) {
    EmitSuppressed(scene, rule, state, Suppressor::kHistoryUnknown, {});
    return;
  }
  if (scene->care->rungs.size() >= kRungStatesMax) {
    EmitSuppressed(scene, rule, state,
                   scene->facts.user == nullptr ? Suppressor::kCapAccount : Suppressor::kCapUser,
                   {});
    return;
  }
  scene->care->rungs.push_back(std::move(state));
}

// Whether the event gives the rule an occurrence of what it is triggered by.
bool IsTriggeredBy(const CareScene& scene, const std::vector<std::int32_t>& triggers) {
  const Occasion& occasion = scene.occasion;
  if (!scene.is_first_hand || occasion.event == nullptr) {
    return false;
  }
  const std::vector<std::int32_t>& of_event =
      occasion.definition.TrackersOf(occasion.visit.canonical);
  return std::ranges::any_of(triggers, [&](std::int32_t index) {
    const Tracker& tracker =
        occasion.definition.playbook().trackers[static_cast<std::size_t>(index)];
    return std::ranges::find(of_event, index) != of_event.end() &&
           Satisfies(tracker, occasion.event->properties);
  });
}

// A new passage through the rule: its rungs may come due again.
void BeginEpisode(std::uint64_t episode, EpisodeState* state) {
  state->episode = episode;
  state->rungs = 0;
}

void JudgeTriggered(CareScene* scene, const Rule& rule, const std::vector<std::int32_t>& triggers) {
  const std::uint64_t key = Hash64(rule.name);
  Instant trigger;
  bool begins = false;
  if (!triggers.empty()) {
    if (!IsTriggeredBy(*scene, triggers)) {
      return;
    }
    trigger = scene->occasion.event->occurred_at;
    scene->facts.trigger = trigger;
    begins = Judge(rule.when, scene->facts).holds;
  } else {
    scene->facts.trigger.reset();
    const Verdict verdict = Judge(rule.when, scene->facts);
    const EpisodeState* known = FindEpisode(key, *scene->care);
    const bool did_hold = known != nullptr && known->is_holding;
    if (verdict.is_open || verdict.holds == did_hold) {
      return;
    }
    trigger = verdict.since.value_or(scene->occasion.decided_at);
    EpisodeState& episode = EpisodeFor(key, scene->care);
    episode.is_holding = verdict.holds;
    episode.since = trigger;
    begins = verdict.holds;
  }
  const bool is_under_way = std::ranges::any_of(scene->care->rungs, [&](const RungState& state) {
    return state.rule == key &&
           (state.phase == Phase::kWaiting || IsOpen(state, scene->occasion.decided_at));
  });
  if (!begins || is_under_way) {
    return;
  }
  BeginEpisode(static_cast<std::uint64_t>(ToMs(trigger)), &EpisodeFor(key, scene->care));
  for (std::size_t i = 0; i < rule.rungs.size(); ++i) {
    if (rule.rungs[i].at.anchor == Moment::kTrigger) {
      Fire(scene, rule, i, trigger + rule.rungs[i].at.offset, trigger);
    }
  }
}

bool HangsOnStep(const Definition& definition, const Rung& rung) {
  if (rung.at.anchor == Moment::kTrigger) {
    return false;
  }
  const Anchor& anchor = definition.playbook().anchors[static_cast<std::size_t>(rung.at.anchor)];
  return std::ranges::any_of(anchor.entries, [](const std::vector<AnchorEntry>& group) {
    return std::ranges::any_of(group, [](const AnchorEntry& entry) {
      return entry.kind == AnchorEntry::Kind::kStep ||
             entry.kind == AnchorEntry::Kind::kStepEntered;
    });
  });
}

// Rungs at moments of anchors. One whose moment has passed already comes due late, as long as it is
// of use; of several late ones only the last.
void JudgeAnchored(CareScene* scene, const Rule& rule) {
  const std::uint64_t key = Hash64(rule.name);
  const bool is_by_step = std::ranges::any_of(
      rule.rungs, [&](const Rung& rung) { return HangsOnStep(scene->facts.definition, rung); });
  if (is_by_step && scene->facts.ladder != nullptr) {
    const EpisodeState* known = FindEpisode(key, *scene->care);
    if (known != nullptr && known->episode != scene->facts.ladder->met) {
      BeginEpisode(scene->facts.ladder->met, &EpisodeFor(key, scene->care));
    } else if (known == nullptr) {
      // Noted with the first rung.
    }
  }
  const EpisodeState* episode = FindEpisode(key, *scene->care);
  const std::uint32_t done = episode == nullptr ? 0 : episode->rungs;
  std::optional<Instant> last;
  for (std::size_t i = 0; i < rule.rungs.size(); ++i) {
    const Rung& rung = rule.rungs[i];
    if (rung.at.anchor == Moment::kTrigger || (done >> i & 1U) != 0) {
      continue;
    }
    const std::optional<Instant> due = MomentTime(scene->facts, rung.at);
    const std::optional<Instant> until = MomentTime(scene->facts, *rung.until);
    if (due.has_value() && *due <= scene->facts.clock && until.has_value() &&
        scene->facts.clock < *until) {
      last = std::max(last.value_or(*due), *due);
    }
  }
  if (!last.has_value()) {
    return;
  }
  scene->facts.trigger.reset();
  if (!Judge(rule.when, scene->facts).holds) {
    return;
  }
  for (std::size_t i = 0; i < rule.rungs.size(); ++i) {
    const Rung& rung = rule.rungs[i];
    if (rung.at.anchor == Moment::kTrigger || (done >> i & 1U) != 0) {
      continue;
    }
    const std::optional<Instant> due = MomentTime(scene->facts, rung.at);
    if (!due.has_value() || *due > *last) {
      continue;
    }
    if (*due < *last) {  // Overtaken by the later rung.
      EpisodeFor(key, scene->care).rungs |= 1U << i;
      continue;
    }
    Fire(scene, rule, i, *due, *due - rung.at.offset);
    if (is_by_step && scene->facts.ladder != nullptr) {
      EpisodeFor(key, scene->care).episode = scene->facts.ladder->met;
    }
  }
}

// Whether the event at hand lies before the rung was due: then the cause never was.
bool IsCorrectedBy(const CareScene& scene, const RungState& state) {
  return scene.occasion.event != nullptr && scene.occasion.event->occurred_at <= state.due;
}

void CancelCleared(CareScene* scene, const Rule& rule) {
  const std::uint64_t key = Hash64(rule.name);
  const RuleControl* control = ControlOf(*scene, rule);
  for (RungState& state : scene->care->rungs) {
    if (state.rule != key || !IsOpen(state, scene->occasion.decided_at)) {
      continue;
    }
    if (control != nullptr && control->is_killed) {
      EmitCancelled(scene, rule, CancelCause::kKilled, "the rule was killed.", &state);
      continue;
    }
    scene->facts.trigger = state.triggered_at;
    const Verdict verdict = Judge(rule.when, scene->facts);
    if (verdict.holds || verdict.is_open) {
      continue;
    }
    if (IsCorrectedBy(*scene, state)) {
      EmitCancelled(scene, rule, CancelCause::kCorrection,
                    "a late record shows that it never was so.", &state);
    } else {
      EmitCancelled(scene, rule, CancelCause::kConditionCleared, "it is no longer so.", &state);
    }
  }
}

// The outcome that is decided by now, and when it was.
std::optional<std::pair<Outcome, Instant>> OutcomeOf(const CareScene& scene,
                                                     const RungState& state) {
  const Instant begin = *state.released_at;
  const Instant end = begin + scene.facts.definition.playbook().attribution;
  const auto lies_within = [&](std::optional<Instant> at) {
    return at.has_value() && *at >= begin && *at < end;
  };
  if (lies_within(scene.account->churned_at)) {
    return std::pair(Outcome::kChurned, *scene.account->churned_at);
  }
  const std::optional<Instant> activated_at =
      scene.facts.truth == nullptr ? scene.account->activated_at : scene.facts.truth->activated_at;
  if (lies_within(activated_at)) {
    return std::pair(Outcome::kConverted, *activated_at);
  }
  const bool was_activated = activated_at.has_value() && *activated_at < begin;
  if (was_activated && scene.facts.user != nullptr && lies_within(scene.facts.user->last_seen)) {
    return std::pair(Outcome::kConverted, *scene.facts.user->last_seen);
  }
  if (scene.facts.clock >= end) {
    return std::pair(Outcome::kNotConverted, end);
  }
  return std::nullopt;
}

}  // namespace

const RuleControl* ControlOf(const CareScene& scene, const Rule& rule) {
  const RuleControls* controls = scene.occasion.context.controls;
  if (controls == nullptr) {
    return nullptr;
  }
  const auto found = controls->find(rule.name);
  return found == controls->end() ? nullptr : &found->second;
}

void JudgeRules(CareScene* scene, const WakeSet& woken) {
  const Definition& definition = scene->facts.definition;
  const SubjectKind subject =
      scene->facts.user == nullptr ? SubjectKind::kAccount : SubjectKind::kUser;
  const std::vector<Judged>& things = definition.wakes().things(subject);
  for (std::optional<std::size_t> thing = woken.NextFrom(0); thing.has_value();
       thing = woken.NextFrom(*thing + 1)) {
    if (things[*thing].kind != Judged::Kind::kRule) {
      continue;
    }
    const auto index = static_cast<std::size_t>(things[*thing].index);
    const Rule& rule = definition.playbook().rules[index];
    CancelCleared(scene, rule);
    const bool has_triggered = std::ranges::any_of(
        rule.rungs, [](const Rung& rung) { return rung.at.anchor == Moment::kTrigger; });
    if (has_triggered) {
      JudgeTriggered(scene, rule, definition.wakes().TriggersOf(index));
    }
    JudgeAnchored(scene, rule);
  }
}

void SettleOutcomes(CareScene* scene) {
  std::erase_if(scene->care->rungs, [&](const RungState& state) {
    if (state.phase == Phase::kWaiting) {
      return false;
    }
    const Rule* rule = scene->facts.definition.RuleOf(state.rule);
    const auto outcome = OutcomeOf(*scene, state);
    if (!outcome.has_value()) {
      return false;
    }
    if (rule != nullptr) {
      EmitOutcome(scene, *rule, state, outcome->first, outcome->second);
    }
    return true;
  });
}

void ConcludeAll(CareScene* scene) {
  SettleOutcomes(scene);
  for (const RungState& state : scene->care->rungs) {
    const Rule* rule = scene->facts.definition.RuleOf(state.rule);
    if (rule != nullptr && state.phase != Phase::kWaiting) {
      EmitOutcome(scene, *rule, state, Outcome::kNotConverted, scene->occasion.decided_at);
    }
  }
  scene->care->rungs.clear();
}

void WithdrawAll(CareScene* scene, CancelCause cause) {
  const std::string_view why =
      cause == CancelCause::kErased ? "the person was erased." : "the person is no longer there.";
  for (RungState& state : scene->care->rungs) {
    const Rule* rule = scene->facts.definition.RuleOf(state.rule);
    if (rule != nullptr && IsOpen(state, scene->occasion.decided_at)) {
      EmitCancelled(scene, *rule, cause, why, &state);
    } else if (rule != nullptr && state.phase == Phase::kWaiting) {
      EmitSuppressed(scene, *rule, state, Suppressor::kCauseGone, {});
    }
  }
  std::erase_if(scene->care->rungs,
                [](const RungState& state) { return state.phase == Phase::kWaiting; });
}

void Approve(CareScene* scene, const Approval& approval) {
  for (RungState& state : scene->care->rungs) {
    if (state.phase != Phase::kWaiting || state.rule != Hash64(approval.rule) ||
        (approval.rung > 0 && state.rung != approval.rung - 1)) {
      continue;
    }
    state.not_before.reset();
    if (approval.is_granted) {
      state.is_approved = true;
    } else {
      state.expires = std::min(state.expires, state.due);  // Suppressed at the next release.
      state.held_by = Suppressor::kApprovalExpired;
    }
  }
}

std::optional<Instant> NextOutcome(const CareState& care, milliseconds attribution) {
  std::optional<Instant> next;
  for (const RungState& state : care.rungs) {
    if (state.phase != Phase::kWaiting) {
      const Instant end = *state.released_at + attribution;
      next = std::min(next.value_or(end), end);
    }
  }
  return next;
}

std::optional<Instant> WaitsUntil(const CareState& care, bool is_measured) {
  std::optional<Instant> next;
  for (const RungState& state : care.rungs) {
    if (state.phase == Phase::kWaiting) {
      // What an incomplete measurement held may be looked at as soon as it is complete.
      const bool is_let_go = is_measured && state.held_by == Suppressor::kMeasurement;
      const Instant at =
          is_let_go ? state.due : std::max(state.due, state.not_before.value_or(state.due));
      next = std::min(next.value_or(at), at);
    }
  }
  return next;
}

std::vector<std::string> OpenInterventions(const Definition& definition, const CareState& care,
                                           Instant at) {
  std::vector<std::string> open;
  for (const RungState& state : care.rungs) {
    const Rule* rule = definition.RuleOf(state.rule);
    const bool is_open = state.phase == Phase::kWaiting || IsOpen(state, at);
    if (rule == nullptr || !is_open) {
      continue;
    }
    std::string line = fmt::format("{}#{}", rule->name, state.rung + 1);
    if (state.phase == Phase::kRequested) {
      line += " requested " + state.ce_id;
    } else if (state.held_by == Suppressor::kApprovalExpired) {
      line += " waits for approval";
    } else if (state.held_by.has_value()) {
      line += fmt::format(" waits: {}", SuppressorName(*state.held_by));
    } else {
      line += " is due";
    }
    open.push_back(std::move(line));
  }
  return open;
}

void MergeCare(const CareState& from, CareState* into) {
  for (const RungState& state : from.rungs) {
    if (into->rungs.size() < kRungStatesMax) {
      into->rungs.push_back(state);
    }
  }
  std::ranges::stable_sort(into->rungs, {}, &RungState::due);
  for (const EpisodeState& episode : from.episodes) {
    EpisodeState& known = EpisodeFor(episode.rule, into);
    known.rungs |= episode.rungs;
    known.is_holding = known.is_holding || episode.is_holding;
    known.episode = std::max(known.episode, episode.episode);
  }
  for (const Sent& sent : from.sent) {
    NoteSent(sent.at, sent.channel, into);
  }
  // What was said under the other name has numbers of its own: ours go on.
}

}  // namespace foothold::journey
