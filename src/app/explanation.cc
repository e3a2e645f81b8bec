#include "src/app/explanation.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/journey/asks.h"
#include "src/journey/caring.h"
#include "src/journey/interventions.h"
#include "src/journey/measurement.h"
#include "src/journey/occasion.h"
#include "src/journey/statuses.h"

namespace foothold::app {
namespace {

using journey::CareState;
using journey::ConditionKind;
using journey::Facts;
using journey::Finding;
using journey::Moment;
using journey::RiskState;
using journey::Rule;
using journey::RuleMode;
using journey::Rung;
using journey::RungState;
using journey::Signal;
using journey::SubjectKind;

constexpr std::size_t kNextMax = 8;

std::string WhatIsAsked(const journey::Ask& ask, const journey::AskParameters& parameters) {
  if (ask.channel != journey::Channel::kCs) {
    return fmt::format("{} {}", ChannelName(ask.channel),
                       journey::FillIn(ask.template_name, parameters));
  }
  return ask.task.has_value() ? fmt::format("CS {} '{}'", ask.task->type,
                                            journey::FillIn(ask.task->subject, parameters))
                              : "CS";
}

// What people and the playbook say of the rule.
std::string ModeOf(const Rule& rule, const journey::RuleControls& controls) {
  const auto said = controls.find(rule.name);
  const journey::RuleControl control =
      said == controls.end() ? journey::RuleControl{} : said->second;
  if (control.is_killed) {
    return "killed";
  }
  if (control.is_paused) {
    return "paused";
  }
  switch (control.mode.value_or(rule.mode)) {
    case RuleMode::kLive:
      return "live";
    case RuleMode::kShadow:
      return "shadow";
    case RuleMode::kOff:
      return "off";
  }
  return "";
}

std::string HeldText(const RungState& state) {
  if (!state.held_by.has_value()) {
    return "due, waits for the next release";
  }
  std::string by(SuppressorName(*state.held_by));
  std::ranges::replace(by, '_', ' ');
  if (state.held_by == journey::Suppressor::kApprovalExpired) {
    return fmt::format("waits for approval until {}", journey::DateOf(state.expires));
  }
  return state.not_before.has_value()
             ? fmt::format("deferred to {} ({})", journey::DateOf(*state.not_before), by)
             : fmt::format("held: {}", by);
}

std::string PhaseText(const RungState& state, Instant now) {
  switch (state.phase) {
    case RungState::Phase::kWaiting:
      return HeldText(state);
    case RungState::Phase::kHeldOut:
      return fmt::format("kept back for comparison on {} (holdout)",
                         journey::DateOf(*state.released_at));
    case RungState::Phase::kRequested:
      break;
  }
  const std::string at = journey::DateOf(*state.released_at);
  if (state.is_cancelled) {
    return fmt::format("asked on {} and cancelled since", at);
  }
  return now < state.expires
             ? fmt::format("asked on {}, open until {}", at, journey::DateOf(state.expires))
             : fmt::format("asked on {}, its outcome is still to come", at);
}

// Everything about one subject while its explanation is made.
class Explainer {
 public:
  Explainer(const FinalPartition& partition, const Facts& facts, const CareState& care,
            const RiskState& risk, Explanation* explanation)
      : partition_(partition),
        facts_(facts),
        care_(care),
        risk_(risk),
        out_(*explanation),
        parameters_(ParametersOf(facts, explanation->as_of)) {}

  void Run(bool counts_adoption) {
    const journey::Playbook& playbook = facts_.definition.playbook();
    const SubjectKind subject = facts_.user == nullptr ? SubjectKind::kAccount : SubjectKind::kUser;
    for (const Signal& signal : playbook.signals) {
      if (signal.subject == subject && signal.is_after_activation == counts_adoption &&
          risk_.level != journey::RiskLevel::kNone) {
        AddSignal(signal);
      }
    }
    std::ranges::stable_sort(out_.signals, [](const auto& a, const auto& b) {
      return a.since.has_value() && !b.since.has_value();
    });
    for (const Rule& rule : playbook.rules) {
      if (rule.subject == subject) {
        AddRule(rule);
      }
    }
    std::ranges::stable_sort(out_.rules, {}, &ExplainedRule::standing);
    FinishNext();
  }

  void AddNext(Instant at, std::string what) {
    if (at > out_.as_of) {
      out_.next.push_back({.at = at, .what = std::move(what)});
    }
  }

 private:
  void AddSignal(const Signal& signal) {
    const journey::Findings found = FindingsOf(signal.when, facts_);
    ExplainedSignal explained{.name = signal.name,
                              .weight = signal.weight,
                              .asks = signal.when.label,
                              .since = std::nullopt,
                              .reasons = found.reasons};
    const std::uint64_t key = Hash64(signal.name);
    const auto holding = std::ranges::find(risk_.signals, key, &journey::Holding::key);
    if (holding != risk_.signals.end()) {
      explained.since = holding->since;
    } else if (!found.holds) {
      AddChanges(found, fmt::format("signal {} ({:+})", signal.name, signal.weight));
    }
    out_.signals.push_back(std::move(explained));
  }

  // Where time alone is missing.
  void AddChanges(const journey::Findings& found, const std::string& what) {
    const bool is_time_alone =
        !found.reasons.empty() && std::ranges::all_of(found.reasons, [](const Finding& finding) {
          return finding.changes_at.has_value();
        });
    if (!is_time_alone) {
      return;
    }
    Instant at = *found.reasons.front().changes_at;
    for (const Finding& finding : found.reasons) {
      at = std::max(at, *finding.changes_at);
    }
    AddNext(at, what + " begins to count, if nothing changes");
  }

  void AddRule(const Rule& rule) {
    Facts facts = facts_;
    const std::uint64_t key = Hash64(rule.name);
    const auto last = std::ranges::find(care_.rungs, key, &RungState::rule);
    if (last != care_.rungs.end()) {
      facts.trigger = last->triggered_at;
    }
    journey::Findings found = FindingsOf(rule.when, facts);
    ExplainedRule explained{.standing = ExplainedRule::Standing::kWaits,
                            .name = rule.name,
                            .title = rule.title,
                            .mode = ModeOf(rule, partition_.controls),
                            .asks = rule.when.label,
                            .reasons = found.reasons,
                            .rungs = {}};
    const bool is_stopped = explained.mode != "live" && explained.mode != "shadow";
    bool is_under_way = false;
    for (std::size_t i = 0; i < rule.rungs.size(); ++i) {
      explained.rungs.push_back(RungOf(rule, i, found.holds, !is_stopped, &is_under_way));
    }
    explained.standing = StandingOf(found, is_stopped, is_under_way);
    if (!found.holds && !is_stopped && last == care_.rungs.end() && IsAtTrigger(rule)) {
      AddChanges(found, fmt::format("rule {}", rule.name));
    }
    out_.rules.push_back(std::move(explained));
  }

  static bool IsAtTrigger(const Rule& rule) {
    return rule.rungs.front().at.anchor == Moment::kTrigger;
  }

  static ExplainedRule::Standing StandingOf(const journey::Findings& found, bool is_stopped,
                                            bool is_under_way) {
    using enum ExplainedRule::Standing;
    if (is_stopped) {
      return kOff;
    }
    if (is_under_way) {
      return kUnderWay;
    }
    if (found.holds) {
      return kHolds;
    }
    const bool is_of_other_role = std::ranges::any_of(found.reasons, [](const Finding& finding) {
      return finding.kind == ConditionKind::kRole && !finding.holds && !finding.is_choice;
    });
    return is_of_other_role ? kElsewhere : kWaits;
  }

  ExplainedRung RungOf(const Rule& rule, std::size_t index, bool holds, bool may_go_out,
                       bool* is_under_way) {
    const Rung& rung = rule.rungs[index];
    ExplainedRung explained{.number = static_cast<std::int32_t>(index) + 1,
                            .what = WhatIsAsked(rung.ask, parameters_),
                            .said = {},
                            .at = std::nullopt};
    const std::uint64_t key = Hash64(rule.name);
    const std::string name = fmt::format("rule {}#{}", rule.name, index + 1);
    const RungState* state = nullptr;
    for (const RungState& known : care_.rungs) {
      if (known.rule == key && known.rung == static_cast<std::int32_t>(index)) {
        state = &known;
      }
    }
    if (state != nullptr) {
      *is_under_way = true;
      explained.said = PhaseText(*state, out_.as_of);
      if (state->is_otherwise && rung.otherwise.has_value()) {
        explained.what = WhatIsAsked(*rung.otherwise, parameters_);
      }
      if (state->phase == RungState::Phase::kWaiting && state->not_before.has_value()) {
        explained.at = state->not_before;
        AddNext(*state->not_before, name + ": the gate looks at it again");
      } else if (state->phase != RungState::Phase::kWaiting) {
        AddNext(*state->released_at + facts_.definition.playbook().attribution,
                name + ": its outcome is decided");
      }
      return explained;
    }
    const auto episode = std::ranges::find(care_.episodes, key, &journey::EpisodeState::rule);
    if (episode != care_.episodes.end() && (episode->rungs >> index & 1U) != 0) {
      *is_under_way = true;
      explained.said = WhatBecameOf(rule, explained.number);
      return explained;
    }
    SayWhen(rung, name, holds && may_go_out, &explained);
    return explained;
  }

  // Of a rung that came due in this episode and is done with.
  std::string WhatBecameOf(const Rule& rule, std::int32_t number) const {
    std::string said = "was overtaken by the next one";
    for (const ToldRecord& record : out_.told) {
      const bool is_suppressed = record.type == "intervention.suppressed";
      const intake::JsonTree& ask = record.value[is_suppressed ? "request" : "ladder"];
      const bool is_of_rung =
          is_suppressed ? ask["ladder"]["name"].text == rule.name &&
                              ask["ladder"]["rung"].text == std::to_string(number)
                        : record.type == "intervention.outcome" && ask.text == rule.name &&
                              record.value["rung"].text == std::to_string(number);
      if (!is_of_rung) {
        continue;
      }
      const auto at = ParseRfc3339(record.value["decidedAt"].text);
      std::string what = record.value[is_suppressed ? "suppressedBy" : "outcome"].text;
      std::ranges::replace(what, '_', ' ');
      said = fmt::format("{}{} on {}", is_suppressed ? "did not go out: " : "", what,
                         at.has_value() ? journey::DateOf(at->instant) : "");
    }
    return said;
  }

  // Of a rung that has not come due.
  void SayWhen(const Rung& rung, const std::string& name, bool may_come, ExplainedRung* explained) {
    const std::string words = WordsOf(facts_.definition.playbook(), rung.at);
    if (rung.at.anchor == Moment::kTrigger) {
      explained->said = rung.at.offset == milliseconds(0) ? "as soon as it begins" : words;
      return;
    }
    explained->at = MomentTime(facts_, rung.at);
    const std::optional<Instant> until = MomentTime(facts_, *rung.until);
    if (!explained->at.has_value()) {
      explained->said = fmt::format("{}, which is not known", words);
    } else if (*explained->at > out_.as_of) {
      explained->said = fmt::format("due on {} ({})", journey::DateOf(*explained->at), words);
      if (may_come) {
        AddNext(*explained->at, name + " is due, if it is still so: " + explained->what);
      }
    } else if (until.has_value() && out_.as_of >= *until) {
      explained->said = fmt::format("its time was {} to {}", journey::DateOf(*explained->at),
                                    journey::DateOf(*until));
    } else {
      explained->said = fmt::format(
          "of use since {} ({}){}", journey::DateOf(*explained->at), words,
          until.has_value() ? fmt::format(" and until {}", journey::DateOf(*until)) : "");
    }
  }

  void FinishNext() {
    std::ranges::stable_sort(out_.next, {}, &ExplainedMoment::at);
    out_.next.resize(std::min(out_.next.size(), kNextMax));
  }

  const FinalPartition& partition_;
  const Facts& facts_;
  const CareState& care_;
  const RiskState& risk_;
  Explanation& out_;
  const journey::AskParameters parameters_;
};

journey::Context ContextOf(const FinalPartition& partition) {
  journey::Context context;
  context.clock = partition.clock.now();
  context.wall = partition.clock.wall();
  context.sources = &partition.clock;
  context.controls = &partition.controls;
  context.quiet = partition.quiet.get();
  return context;
}

// What the last record of the account's activation rests on.
void AddEvidenceOfRecords(bool is_file, Explanation* explanation) {
  for (const ToldRecord& record : explanation->told) {
    if (record.type != "activation.changed") {
      continue;
    }
    explanation->evidence.clear();
    for (const intake::JsonTree& item : record.value["evidence"].items) {
      const auto at = ParseRfc3339(item["occurredAt"].text);
      explanation->evidence.push_back(
          {.event = item["event"].text,
           .at = at.has_value() ? at->instant : kEpoch,
           .id = item["eventId"].text,
           .place = PlaceOf(item["topic"].text, std::atoi(item["partition"].text.c_str()),
                            std::atoll(item["offset"].text.c_str()), is_file)});
    }
  }
}

void AddEvidence(const journey::Evidence& from, bool is_file, Explanation* explanation) {
  explanation->evidence.push_back(
      {.event = from.event,
       .at = from.occurred_at,
       .id = from.event_id,
       .place = PlaceOf(from.topic, from.partition, from.offset, is_file)});
}

}  // namespace

std::string PlaceOf(const std::string& topic, std::int32_t partition, std::int64_t offset,
                    bool is_file) {
  return is_file ? fmt::format("{}:{}", topic, offset + 1)
                 : fmt::format("{}[{}]@{}", topic, partition, offset);
}

Explanation ExplainUser(const FinalPartition& partition, const journey::User& user,
                        const journey::Account& account, std::vector<ToldRecord> told) {
  const journey::Definition& definition = *partition.definition;
  const bool is_history_known = IsHistoryKnown(user, partition.clock);
  const journey::Context context = ContextOf(partition);
  const journey::Truth truth = TruthOf(definition, user, account, is_history_known, context.quiet);
  const journey::Ladder ladder = LadderOf(definition, user, account, truth);
  Explanation explanation;
  explanation.as_of = partition.clock.now().value_or(kEpoch);
  explanation.playbook = definition.label();
  explanation.user = UserStatusOf(definition, user, account, truth, ladder, is_history_known,
                                  explanation.as_of, 0);
  explanation.user->measurement = MeasurementOf(context, account, &user, is_history_known);
  explanation.criteria = truth.progress;
  for (const journey::Occurrence* occurrence : truth.evidence) {
    AddEvidence(EvidenceOf(*occurrence), partition.is_of_files, &explanation);
  }
  explanation.told = std::move(told);
  const Facts facts{.definition = definition,
                    .account = account,
                    .user = &user,
                    .truth = &truth,
                    .ladder = &ladder,
                    .is_history_known = is_history_known,
                    .incomplete_since = IncompleteSince(context, account),
                    .trigger = {},
                    .evidence_until = Instant::max(),
                    .clock = explanation.as_of,
                    .measured_at = MeasuredAt(context),
                    .quiet = context.quiet};
  Explainer explainer(partition, facts, user.care, user.risk, &explanation);
  if (!truth.activated_at.has_value() && truth.window.has_value() && is_history_known) {
    explainer.AddNext(truth.window->closes_at, "the window of the milestone closes");
  }
  explainer.Run(truth.activated_at.has_value());
  return explanation;
}

Explanation ExplainAccount(const FinalPartition& partition, const journey::Account& account,
                           std::vector<ToldRecord> told) {
  const journey::Definition& definition = *partition.definition;
  const journey::Context context = ContextOf(partition);
  Explanation explanation;
  explanation.as_of = partition.clock.now().value_or(kEpoch);
  explanation.playbook = definition.label();
  explanation.account = AccountStatusOf(definition, account, explanation.as_of, 0);
  explanation.account->measurement = MeasurementOf(context, account, nullptr, true);
  explanation.told = std::move(told);
  AddEvidenceOfRecords(partition.is_of_files, &explanation);
  const Facts facts{.definition = definition,
                    .account = account,
                    .user = nullptr,
                    .truth = nullptr,
                    .ladder = nullptr,
                    .is_history_known = true,
                    .incomplete_since = IncompleteSince(context, account),
                    .trigger = {},
                    .evidence_until = Instant::max(),
                    .clock = explanation.as_of,
                    .measured_at = MeasuredAt(context),
                    .quiet = context.quiet};
  for (const journey::MemberCondition& demand : definition.playbook().account_activated) {
    explanation.demands.push_back(
        FindingOf({.kind = ConditionKind::kMembers, .members = demand}, facts));
  }
  Explainer explainer(partition, facts, account.care, account.risk, &explanation);
  explainer.Run(account.state == journey::AccountState::kActivated);
  return explanation;
}

}  // namespace foothold::app
