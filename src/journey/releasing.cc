#include <algorithm>
#include <utility>
#include <variant>

#include "src/journey/asks.h"
#include "src/journey/care_records.h"
#include "src/journey/gate.h"
#include "src/journey/interventions.h"

namespace foothold::journey {
namespace {

using Phase = RungState::Phase;

// What the gate is asked for one rung.
GateVerdict AskGate(CareScene* scene, const Rule& rule, const RungState& state) {
  const Definition& definition = scene->occasion.definition;
  const Context& context = scene->occasion.context;
  const Rung& rung = rule.rungs[static_cast<std::size_t>(state.rung)];
  const Ask& ask = state.is_otherwise ? *rung.otherwise : rung.ask;
  const Instant now = *scene->occasion.visit.due;
  const GatePolicy& policy = definition.playbook().gate;
  scene->facts.trigger = state.triggered_at;
  const bool is_about_measurement = std::ranges::any_of(
      rule.when.nodes,
      [](const ConditionNode& node) { return node.kind == ConditionKind::kMeasurement; });
  const Verdict verdict = Judge(rule.when, scene->facts);
  const bool is_complete = !scene->facts.incomplete_since.has_value() || is_about_measurement;
  return JudgeGate({.rule = rule,
                    .rung = rung,
                    .state = state,
                    .channel = state.channel,
                    .control = ControlOf(*scene, rule),
                    .policy = policy,
                    .now = now,
                    .has_cause = verdict.holds || verdict.is_open,
                    .is_measured = is_complete && !verdict.is_open,
                    .is_refused = IsRefused(scene->facts, ask),
                    .is_held_out = IsHeldOut(rule, policy, scene->account->tenant),
                    .breaker_open_until = context.counts == nullptr
                                              ? std::nullopt
                                              : context.counts->OverUntil(
                                                    policy, context.partitions, state.rule, now),
                    .zone = ZoneOf(scene->facts, ask),
                    .user = scene->facts.user == nullptr ? nullptr : scene->care,
                    .account = &scene->account->care});
}

bool IsShadow(const CareScene& scene, const Rule& rule) {
  const RuleControl* control = ControlOf(scene, rule);
  const RuleMode mode =
      control != nullptr && control->mode.has_value() ? *control->mode : rule.mode;
  return mode == RuleMode::kShadow;
}

// Acts on the gate's verdict. True if the rung is done with and leaves the list.
bool Conclude(CareScene* scene, const Rule& rule, GateVerdict verdict, RungState* state) {
  using Kind = GateVerdict::Kind;
  if (verdict.kind == Kind::kWait) {
    state->held_by = verdict.by;
    state->not_before = verdict.until;
    if (verdict.by.has_value()) {
      scene->decision->held.push_back({.rule = rule.name, .by = *verdict.by});
    }
    return false;
  }
  if (IsShadow(*scene, rule)) {
    EmitShadow(scene, rule, *state, verdict.by, std::move(verdict.said));
    return true;
  }
  const Instant now = *scene->occasion.visit.due;
  switch (verdict.kind) {
    case Kind::kSuppress:
      EmitSuppressed(scene, rule, *state, *verdict.by, std::move(verdict.said));
      return true;
    case Kind::kHoldOut: {
      EmitSuppressed(scene, rule, *state, Suppressor::kHoldout, std::move(verdict.said));
      const auto& record = std::get<InterventionSuppressed>(scene->decision->records.back());
      state->ce_id = record.common.ce_id;
      state->phase = Phase::kHeldOut;
      state->released_at = now;
      return false;
    }
    case Kind::kGo:
      state->phase = Phase::kRequested;
      state->released_at = now;
      EmitRequested(scene, rule, std::move(verdict.said), state);
      NoteSent(now, state->channel, scene->care);
      if (scene->care != &scene->account->care) {
        NoteSent(now, state->channel, &scene->account->care);
      }
      scene->decision->released.push_back(state->rule);
      return false;
    case Kind::kWait:
      break;
  }
  return false;
}

}  // namespace

void Release(CareScene* scene) {
  const Instant now = *scene->occasion.visit.due;
  std::vector<RungState> kept;
  std::vector<RungState> rungs = std::exchange(scene->care->rungs, {});
  for (RungState& state : rungs) {
    // What people or the measurement hold may be let go before its time to look again.
    const bool is_held = state.held_by == Suppressor::kPaused ||
                         state.held_by == Suppressor::kApprovalExpired ||
                         state.held_by == Suppressor::kMeasurement;
    const bool is_looked_at =
        state.phase == Phase::kWaiting && state.due <= now &&
        (is_held || !state.not_before.has_value() || *state.not_before <= now);
    const Rule* rule = is_looked_at ? scene->facts.definition.RuleOf(state.rule) : nullptr;
    if (rule == nullptr || static_cast<std::size_t>(state.rung) >= rule->rungs.size()) {
      // A rule that the playbook no longer has asks nothing any more.
      if (!is_looked_at) {
        kept.push_back(std::move(state));
      }
      continue;
    }
    if (!Conclude(scene, *rule, AskGate(scene, *rule, state), &state)) {
      kept.push_back(std::move(state));
    }
  }
  scene->care->rungs = std::move(kept);
}

}  // namespace foothold::journey
