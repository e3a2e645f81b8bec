#include "src/journey/stages.h"

#include <algorithm>
#include <utility>

#include "src/base/hash.h"

namespace foothold::journey {
namespace {

// The last stage whose condition holds, and since when as far as that can be told. While nothing
// can be said of it, the present one stays.
std::pair<const Stage*, std::optional<Instant>> LastStage(const Facts& facts) {
  const std::vector<Stage>& stages = facts.definition.playbook().stages;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    const Verdict verdict = Judge(stage->when, facts);
    if (verdict.holds) {
      return {&*stage, verdict.since};
    }
    if (verdict.is_open && stage->name == facts.account.stage) {
      return {&*stage, facts.account.stage_entered_at};
    }
  }
  return {nullptr, std::nullopt};
}

bool JudgeStage(const Facts& facts, Instant decided_at, Account* account) {
  const auto [stage, since] = LastStage(facts);
  const std::string name = stage == nullptr ? std::string() : stage->name;
  const bool is_other = name != account->stage;
  if (is_other) {
    // What made it hold may lie back; never before the stage the account comes from.
    Instant entered = account->stage.empty() ? account->first_seen.value_or(decided_at)
                                             : since.value_or(decided_at);
    entered = std::max(entered, account->stage_entered_at.value_or(entered));
    account->stage = name;
    account->stage_entered_at = entered;
  }
  bool is_late = false;
  if (stage != nullptr && stage->late_after.has_value()) {
    Facts of_stage = facts;
    of_stage.trigger = account->stage_entered_at;
    const std::optional<Instant> late_at = MomentTime(of_stage, *stage->late_after);
    is_late = late_at.has_value() && facts.clock >= *late_at;
  }
  const bool has_changed = is_other || is_late != account->is_stage_late;
  account->is_stage_late = is_late;
  return has_changed;
}

bool JudgeBlocker(const Facts& facts, const BlockerKind& kind, Instant decided_at,
                  Account* account) {
  const std::uint64_t key = Hash64(kind.name);
  const auto place = std::ranges::lower_bound(account->blockers, key, {}, &BlockerState::key);
  const bool is_raised = place != account->blockers.end() && place->key == key;
  const Verdict verdict = Judge(kind.when, facts);
  if (verdict.is_open || verdict.holds == is_raised) {
    return false;
  }
  if (is_raised) {
    account->blockers.erase(place);
  } else {
    account->blockers.insert(place, {.key = key, .since = verdict.since.value_or(decided_at)});
  }
  return true;
}

}  // namespace

bool JudgeStanding(const Facts& facts, const WakeSet& woken, Instant decided_at, Account* account,
                   bool* has_changed) {
  const Definition& definition = facts.definition;
  const std::vector<Judged>& things = definition.wakes().things(SubjectKind::kAccount);
  bool is_stage_changed = false;
  WakeSet all = woken;
  for (std::optional<std::size_t> thing = all.NextFrom(0); thing.has_value();
       thing = all.NextFrom(*thing + 1)) {
    const Judged& judged = things[*thing];
    if (judged.kind == Judged::Kind::kStages) {
      is_stage_changed = JudgeStage(facts, decided_at, account);
      if (is_stage_changed) {  // Stages are the first thing: what rests on them comes behind.
        all.Add(definition.wakes().OfChange(SubjectKind::kAccount, Change::kStage));
      }
    } else if (judged.kind == Judged::Kind::kBlocker) {
      const auto index = static_cast<std::size_t>(judged.index);
      *has_changed =
          JudgeBlocker(facts, definition.playbook().blockers[index], decided_at, account) ||
          *has_changed;
    }
  }
  *has_changed = *has_changed || is_stage_changed;
  return is_stage_changed;
}

const Stage* StageOf(const Definition& definition, const Account& account) {
  const std::vector<Stage>& stages = definition.playbook().stages;
  const auto stage = std::ranges::find(stages, account.stage, &Stage::name);
  return stage == stages.end() ? nullptr : &*stage;
}

std::vector<Blocker> BlockersOf(const Definition& definition, const Account& account) {
  std::vector<Blocker> blockers;
  for (const BlockerKind& kind : definition.playbook().blockers) {
    const std::uint64_t key = Hash64(kind.name);
    const auto place = std::ranges::lower_bound(account.blockers, key, {}, &BlockerState::key);
    if (place != account.blockers.end() && place->key == key) {
      blockers.push_back({.name = kind.name, .since = place->since, .detail = kind.detail});
    }
  }
  return blockers;
}

}  // namespace foothold::journey
