#include "src/journey/risk.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/journey/stages.h"
#include "src/journey/statuses.h"

namespace foothold::journey {
namespace {

constexpr std::int32_t kScoreMax = 100;
constexpr milliseconds kRiskExpiry = 7 * kDay;
constexpr std::size_t kReasonsInSentence = 3;

bool Counts(const Signal& signal, RiskPhase phase) {
  return phase == (signal.is_after_activation ? RiskPhase::kAdoption : RiskPhase::kOnboarding);
}

const Holding* FindSignal(const RiskState& risk, std::uint64_t key) {
  const auto place = std::ranges::lower_bound(risk.signals, key, {}, &Holding::key);
  return place == risk.signals.end() || place->key != key ? nullptr : &*place;
}

// True if anything changed.
bool SetSignal(std::uint64_t key, const Verdict& verdict, Instant decided_at, RiskState* risk) {
  const auto place = std::ranges::lower_bound(risk->signals, key, {}, &Holding::key);
  const bool is_known = place != risk->signals.end() && place->key == key;
  if (verdict.holds && !is_known) {
    risk->signals.insert(place, {.key = key, .since = verdict.since.value_or(decided_at)});
    return true;
  }
  if (verdict.holds) {
    // Evidence that came late may have moved it. What has no time of its own keeps that of notice.
    const Instant since = verdict.since.value_or(place->since);
    return std::exchange(place->since, since) != since;
  }
  if (is_known) {
    risk->signals.erase(place);
  }
  return is_known;
}

std::string SentenceOf(const DropoffRiskChanged& record) {
  std::string reasons;
  for (const RiskReason& reason : record.reasons) {
    if (reason.weight <= 0) {
      continue;
    }
    reasons += (reasons.empty() ? ": " : "; ") + reason.fact;
    if (std::ranges::count(reasons, ';') + 1 == kReasonsInSentence) {
      break;
    }
  }
  const bool is_up = record.to > record.from;
  return fmt::format("Risk {} from {} to {}, score {}{}.", is_up ? "rose" : "fell",
                     RiskLevelName(record.from), RiskLevelName(record.to), record.score, reasons);
}

void FillUser(const Occasion& occasion, const Facts& facts, DropoffRiskChanged* record) {
  const Ladder& ladder = *facts.ladder;
  if (ladder.current > 0) {
    const auto current = static_cast<std::size_t>(ladder.current) - 1;
    record->current_step = ladder.current;
    record->step_name = ladder.rungs[current].step->name;
    record->step_entered_at = ladder.entered_at;
    record->days_in_current_step = DaysSince(ladder.entered_at, occasion.decided_at);
    if (!ladder.is_complete && current + 1 < ladder.rungs.size()) {
      record->next_step = ladder.rungs[current + 1].step->name;
    }
  }
  record->days_since_signup =
      DaysSince(AnchorTime(occasion.definition, "signup", *facts.user, occasion.account),
                occasion.decided_at);
  record->person = PersonBlockOf(*facts.user);
}

}  // namespace

RiskLevel LevelOf(const RiskLevels& levels, std::int32_t score, RiskLevel before) {
  const auto reaches = [&](std::int32_t bound, RiskLevel level) {
    return score >= bound || (before >= level && score >= bound - levels.hysteresis);
  };
  if (reaches(levels.high, RiskLevel::kHigh)) {
    return RiskLevel::kHigh;
  }
  return reaches(levels.medium, RiskLevel::kMedium) ? RiskLevel::kMedium : RiskLevel::kLow;
}

bool JudgeRisk(const Facts& facts, const WakeSet& woken, RiskPhase phase, Instant decided_at,
               RiskState* risk) {
  const RiskLevel level_before = risk->level;
  const std::int32_t score_before = risk->score;
  if (phase == RiskPhase::kNone) {
    risk->signals.clear();
    risk->level = RiskLevel::kNone;
    risk->score = 0;
    risk->is_held = false;
    return level_before != RiskLevel::kNone;
  }
  const Playbook& playbook = facts.definition.playbook();
  const SubjectKind subject = facts.user == nullptr ? SubjectKind::kAccount : SubjectKind::kUser;
  bool is_changed = false;
  bool is_any_judged = false;
  const std::vector<Judged>& things = facts.definition.wakes().things(subject);
  for (std::optional<std::size_t> thing = woken.NextFrom(0); thing.has_value();
       thing = woken.NextFrom(*thing + 1)) {
    if (things[*thing].kind != Judged::Kind::kSignal) {
      continue;
    }
    const Signal& signal = playbook.signals[static_cast<std::size_t>(things[*thing].index)];
    const Verdict verdict = Counts(signal, phase) ? Judge(signal.when, facts) : Verdict{};
    if (verdict.is_open) {
      continue;  // As it was.
    }
    is_changed = SetSignal(things[*thing].key, verdict, decided_at, risk) || is_changed;
    is_any_judged = true;
  }
  if (is_any_judged) {
    std::int32_t score = 0;
    for (const Judged& thing : things) {
      if (thing.kind != Judged::Kind::kSignal || FindSignal(*risk, thing.key) == nullptr) {
        continue;
      }
      const Signal& signal = playbook.signals[static_cast<std::size_t>(thing.index)];
      score += Counts(signal, phase) ? signal.weight : 0;
    }
    risk->score = std::clamp(score, 0, kScoreMax);
  }
  const RiskLevel level = LevelOf(playbook.risk_levels, risk->score, level_before);
  risk->is_held = facts.incomplete_since.has_value() && level < level_before;
  risk->level = risk->is_held ? level_before : level;
  return is_changed || risk->level != level_before || risk->score != score_before;
}

std::vector<RiskReason> ReasonsOf(const Definition& definition, const RiskState& risk) {
  std::vector<RiskReason> reasons;
  for (const Signal& signal : definition.playbook().signals) {
    if (const Holding* holding = FindSignal(risk, Hash64(signal.name)); holding != nullptr) {
      reasons.push_back({.signal = signal.name,
                         .weight = signal.weight,
                         .fact = signal.when.label,
                         .since = holding->since});
    }
  }
  std::ranges::stable_sort(reasons, [](const RiskReason& a, const RiskReason& b) {
    return std::abs(a.weight) > std::abs(b.weight);
  });
  return reasons;
}

void AnnounceRisk(const Occasion& occasion, const Facts& facts, RiskLevel before,
                  const MeasurementBlock& measurement, std::optional<Instant> next, RiskState* risk,
                  Decision* decision) {
  const auto shown = [](RiskLevel level) {
    return level == RiskLevel::kNone ? RiskLevel::kLow : level;
  };
  if (shown(before) == shown(risk->level)) {
    return;
  }
  const bool is_user = facts.user != nullptr;
  DropoffRiskChanged record;
  record.common = CommonOf(occasion,
                           {.user = is_user ? std::string_view(facts.user->id) : "",
                            .kind = "risk",
                            .episode = "risk",
                            .sequence = ++risk->sequence},
                           ModeOf(occasion, Correcting::kNo));
  record.common.causation = CausationOf(occasion, "risk");
  record.common.occurred_at =
      occasion.event != nullptr ? occasion.event->occurred_at : occasion.decided_at;
  record.common.expires_at = occasion.decided_at + kRiskExpiry;
  record.scope = is_user ? Scope::kUser : Scope::kAccount;
  record.from = shown(before);
  record.to = shown(risk->level);
  record.score = risk->score;
  record.reasons = ReasonsOf(facts.definition, *risk);
  record.blockers = BlockersOf(facts.definition, occasion.account);
  record.measurement = measurement;
  record.is_held = risk->is_held;
  record.next_evaluation_at = next;
  record.account = AccountBlockOf(facts.definition, occasion.account);
  if (is_user) {
    if (!facts.truth->current.role.empty()) {
      record.common.role = facts.truth->current.role;
    }
    FillUser(occasion, facts, &record);
  } else {
    const auto created = AnchorTime(occasion.definition, "created", User{}, occasion.account);
    record.days_since_signup = DaysSince(created, occasion.decided_at);
  }
  std::vector<const Occurrence*> evidence;
  for (const Signal& signal : facts.definition.playbook().signals) {
    if (FindSignal(*risk, Hash64(signal.name)) == nullptr) {
      continue;
    }
    for (const Occurrence* occurrence : EvidenceFor(signal.when, facts, kEvidenceMax)) {
      if (std::ranges::find(evidence, occurrence) == evidence.end()) {
        evidence.push_back(occurrence);
      }
    }
  }
  AddEvidence(evidence, &record.common);
  if (evidence.empty()) {
    AddEventAsEvidence(occasion, &record.common);
  }
  record.common.reason = SentenceOf(record);
  risk->ce_id = record.common.ce_id;
  decision->records.emplace_back(std::move(record));
}

}  // namespace foothold::journey
