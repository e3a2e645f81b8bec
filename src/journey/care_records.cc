#include "src/journey/care_records.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/journey/asks.h"

namespace foothold::journey {
namespace {

std::string_view UserOf(const CareScene& scene) {
  return scene.facts.user == nullptr ? std::string_view() : std::string_view(scene.facts.user->id);
}

std::int64_t& SequenceOf(Channel channel, CareState* care) {
  switch (channel) {
    case Channel::kEmail:
      return care->email_sequence;
    case Channel::kInApp:
      return care->in_app_sequence;
    case Channel::kCs:
      break;
  }
  return care->cs_sequence;
}

// The evidence for a rung: what made it due, then what its condition rests on.
void AddRungEvidence(const CareScene& scene, const Rule& rule, const RungState& state,
                     LogCommon* common) {
  std::vector<const Occurrence*> evidence;
  const Rung& rung = rule.rungs[static_cast<std::size_t>(state.rung)];
  if (const Occurrence* anchor = EvidenceOfAnchor(scene.facts, rung.at.anchor)) {
    evidence.push_back(anchor);
  }
  for (const Occurrence* occurrence : EvidenceFor(rule.when, scene.facts, kEvidenceMax)) {
    const bool is_known = std::ranges::any_of(evidence, [&](const Occurrence* known) {
      return known->event_id == occurrence->event_id &&
             known->fingerprint == occurrence->fingerprint;
    });
    if (!is_known) {
      evidence.push_back(occurrence);
    }
  }
  if (evidence.empty()) {
    const std::vector<TrackerState>& known =
        scene.facts.user == nullptr || scene.facts.user->trackers.empty()
            ? scene.account->trackers
            : scene.facts.user->trackers;
    if (!known.empty() && !known.front().kept.empty()) {
      evidence.push_back(&known.front().kept.front());
    }
  }
  std::ranges::sort(evidence,
                    [](const Occurrence* a, const Occurrence* b) { return IsEarlier(*a, *b); });
  AddEvidence(evidence, common);
}

LogCommon CareCommon(const CareScene& scene, const Rule& rule, const RungState& state,
                     std::string_view kind, std::int64_t sequence) {
  const Occasion& occasion = scene.occasion;
  LogCommon common = CommonOf(occasion,
                              {.user = UserOf(scene),
                               .kind = kind,
                               .episode = EpisodeOf(rule, state),
                               .sequence = sequence,
                               .rule = RuleLabel(occasion.definition, rule)},
                              ModeOf(occasion, Correcting::kNo));
  if (scene.facts.truth != nullptr && !scene.facts.truth->current.role.empty()) {
    common.role = scene.facts.truth->current.role;
  }
  common.causation = state.trigger_event.empty()
                         ? fmt::format("timer:{}@{}", rule.name, FormatRfc3339(state.due))
                         : state.trigger_event;
  common.occurred_at = state.due;
  AddRungEvidence(scene, rule, state, &common);
  return common;
}

std::string TitleOf(const Rule& rule) { return rule.title.empty() ? rule.name : rule.title; }

std::string RequestSentence(const Rule& rule, const RungState& state) {
  return fmt::format("{}: {}; due {}, rung {} of {}.", TitleOf(rule), rule.when.label,
                     DateOf(state.due), state.rung + 1, rule.rungs.size());
}

}  // namespace

std::string RuleLabel(const Definition& definition, const Rule& rule) {
  return fmt::format("{}@{}", rule.name, definition.playbook().version);
}

void EmitSuppressed(CareScene* scene, const Rule& rule, const RungState& state, Suppressor by,
                    GateBlock said) {
  InterventionSuppressed record;
  record.common = CareCommon(*scene, rule, state, "suppressed", ++scene->care->log_sequence);
  record.ask = AskBlockOf(scene->occasion, scene->facts, rule, state, "");
  record.ask.gate = std::move(said);
  record.by = by;
  record.common.reason =
      fmt::format("Did not go out ({}): {}", SuppressorName(by), RequestSentence(rule, state));
  record.common.expires_at = state.expires;
  scene->decision->records.emplace_back(std::move(record));
}

void EmitShadow(CareScene* scene, const Rule& rule, const RungState& state,
                std::optional<Suppressor> by, GateBlock said) {
  InterventionShadow record;
  record.common = CareCommon(*scene, rule, state, "shadow", ++scene->care->log_sequence);
  record.ask = AskBlockOf(scene->occasion, scene->facts, rule, state, "");
  record.ask.gate = std::move(said);
  record.by = by;
  record.common.reason = fmt::format(
      "In shadow, it would have been {}: {}",
      by.has_value() ? fmt::format("suppressed ({})", SuppressorName(*by)) : "requested",
      RequestSentence(rule, state));
  record.common.expires_at = state.expires;
  scene->decision->records.emplace_back(std::move(record));
}

void EmitRequested(CareScene* scene, const Rule& rule, GateBlock said, RungState* state) {
  InterventionRequested record;
  record.common =
      CareCommon(*scene, rule, *state, "requested", ++SequenceOf(state->channel, scene->care));
  state->ce_id = record.common.ce_id;
  record.ask = AskBlockOf(scene->occasion, scene->facts, rule, *state, state->ce_id);
  record.ask.gate = std::move(said);
  record.common.reason = RequestSentence(rule, *state);
  record.common.expires_at = state->expires;
  scene->decision->records.emplace_back(std::move(record));
}

void EmitCancelled(CareScene* scene, const Rule& rule, CancelCause cause, std::string_view why,
                   RungState* state) {
  InterventionCancelled record;
  record.common =
      CareCommon(*scene, rule, *state, "cancelled", ++SequenceOf(state->channel, scene->care));
  record.common.causation = CausationOf(scene->occasion, rule.name);
  record.common.evidence.clear();
  record.common.evidence_count = 0;
  AddEventAsEvidence(scene->occasion, &record.common);
  record.common.occurred_at = scene->occasion.decided_at;
  record.channel = state->channel;
  record.intervention_id = state->ce_id;
  record.cause = cause;
  record.common.reason = fmt::format("{}: {}", TitleOf(rule), why);
  record.common.expires_at = state->expires;
  scene->decision->records.emplace_back(std::move(record));
  state->is_cancelled = true;
}

void EmitOutcome(CareScene* scene, const Rule& rule, const RungState& state, Outcome outcome,
                 Instant at) {
  InterventionOutcome record;
  record.common = CareCommon(*scene, rule, state, "outcome", ++scene->care->log_sequence);
  record.common.occurred_at = at;
  record.intervention_id = state.ce_id;
  record.outcome = outcome;
  record.at = at;
  record.is_holdout = state.phase == RungState::Phase::kHeldOut;
  record.ladder = rule.name;
  record.rung = state.rung + 1;
  const std::string_view what =
      outcome == Outcome::kConverted
          ? "was followed by the milestone"
          : (outcome == Outcome::kChurned ? "was followed by churn" : "was not followed by it");
  record.common.reason =
      fmt::format("{}: what was {} on {} {}.", TitleOf(rule),
                  record.is_holdout ? "held back" : "asked", DateOf(*state.released_at), what);
  scene->decision->records.emplace_back(std::move(record));
}

}  // namespace foothold::journey
