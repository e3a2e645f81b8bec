#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_conditions.h"

namespace foothold::config {
namespace {

using journey::RiskLevels;
using journey::Signal;
using journey::SubjectKind;

constexpr Range<std::int32_t> kWeight{-100, 100};
constexpr Range<std::int32_t> kScore{1, 100};

enum class Phase { kOnboarding, kAdoption };
constexpr auto kPhases = std::to_array<std::pair<std::string_view, Phase>>(
    {{"onboarding", Phase::kOnboarding}, {"adoption", Phase::kAdoption}});
constexpr auto kSubjects = std::to_array<std::pair<std::string_view, SubjectKind>>(
    {{"user", SubjectKind::kUser}, {"account", SubjectKind::kAccount}});

void CompileLevels(const YamlNode& node, Draft* draft) {
  MapReader reader(node, "risk.levels", draft->problems);
  RiskLevels* const levels = &draft->playbook.risk_levels;
  reader.ReadInteger("medium", kScore, &levels->medium);
  reader.ReadInteger("high", kScore, &levels->high);
  reader.ReadInteger("hysteresis", Range<std::int32_t>{0, 99}, &levels->hysteresis);
  reader.Finish();
  if (levels->high <= levels->medium || levels->hysteresis >= levels->medium) {
    draft->problems->Add(node.key_place,
                         fmt::format("risk.levels: expected hysteresis < medium < high, found {}, "
                                     "{}, {}",
                                     levels->hysteresis, levels->medium, levels->high));
  }
}

void CompileSignal(const YamlNode& node, Draft* draft) {
  MapReader reader(node, "risk.signals." + node.key, draft->problems);
  Signal signal;
  signal.name = node.key;
  if (reader.Require("weight") != nullptr) {
    reader.ReadInteger("weight", kWeight, &signal.weight);
  }
  Phase phase = Phase::kOnboarding;
  reader.ReadChoice("phase", kPhases, &phase);
  signal.is_after_activation = phase == Phase::kAdoption;
  ConditionScope scope{.subject = std::nullopt, .may_ask_risk = false};
  SubjectKind subject = SubjectKind::kUser;
  reader.ReadChoice("for", kSubjects, &subject);
  if (node.is_map() && node.Find("for") != nullptr) {
    scope.subject = subject;
  }
  if (const YamlNode* when = reader.Require("when")) {
    if (std::optional<journey::Condition> condition =
            CompileCondition(*when, reader.PathOf("when"), scope, draft)) {
      signal.when = std::move(*condition);
      signal.subject = scope.subject.value_or(SubjectOf(draft->playbook, signal.when));
    }
  }
  reader.Finish();
  draft->playbook.signals.push_back(std::move(signal));
}

}  // namespace

void CompileRisk(const YamlNode& risk, Draft* draft) {
  MapReader reader(risk, "risk", draft->problems);
  if (const YamlNode* levels = reader.Take("levels")) {
    CompileLevels(*levels, draft);
  }
  if (const YamlNode* signals = reader.Take("signals")) {
    if (!signals->is_map()) {
      draft->problems->Add(signals->place, "risk.signals: expected a map of a name to its weight");
    }
    for (const YamlNode& signal : signals->children) {
      if (signals->is_map() && !signal.is_null()) {
        CompileSignal(signal, draft);
      }
    }
  }
  reader.Finish();
}

}  // namespace foothold::config
