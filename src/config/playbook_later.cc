// The sections whose meaning comes with risk and interventions. Their shape is held here, so that a
// misspelt key is found today and not on the day when it begins to matter.

#include <initializer_list>

#include <fmt/format.h>

#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

// Complains about a map's keys that are neither required nor optional.
void CheckKeys(const YamlNode& node, const std::string& path,
               std::initializer_list<std::string_view> required,
               std::initializer_list<std::string_view> optional, Problems* problems) {
  MapReader reader(node, path, problems);
  for (const std::string_view key : required) {
    reader.Require(key);
  }
  for (const std::string_view key : optional) {
    reader.Take(key);
  }
  reader.Finish();
}

}  // namespace

void CheckStages(const YamlNode& stages, Problems* problems) {
  if (!stages.is_list()) {
    problems->Add(stages.place, "accounts.stages: expected a list of stages");
    return;
  }
  for (std::size_t i = 0; i < stages.children.size(); ++i) {
    CheckKeys(stages.children[i], fmt::format("accounts.stages[{}]", i), {"name", "when"},
              {"owner", "signal", "late_after", "next", "escalate"}, problems);
  }
}

void CheckRisk(const YamlNode& risk, Problems* problems) {
  MapReader reader(risk, "risk", problems);
  if (const YamlNode* levels = reader.Take("levels")) {
    CheckKeys(*levels, "risk.levels", {"medium", "high"}, {"hysteresis"}, problems);
  }
  if (const YamlNode* signals = reader.Take("signals")) {
    const MapReader shape(*signals, "risk.signals", problems);
    for (const YamlNode& signal : signals->children) {
      if (!signal.is_null()) {
        CheckKeys(signal, "risk.signals." + signal.key, {"weight", "when"}, {}, problems);
      }
    }
  }
  reader.Finish();
}

void CheckGate(const YamlNode& gate, Problems* problems) {
  MapReader reader(gate, "gate", problems);
  if (const YamlNode* user = reader.Take("user")) {
    CheckKeys(*user, "gate.user", {}, {"per_day", "per_week"}, problems);
  }
  if (const YamlNode* account = reader.Take("account")) {
    CheckKeys(*account, "gate.account", {}, {"per_day", "per_week", "cs_per_week"}, problems);
  }
  if (const YamlNode* quiet_hours = reader.Take("quiet_hours")) {
    CheckKeys(*quiet_hours, "gate.quiet_hours", {"from", "to"}, {"zone"}, problems);
  }
  if (const YamlNode* breaker = reader.Take("breaker")) {
    CheckKeys(*breaker, "gate.breaker", {"above"}, {"of", "at_least"}, problems);
  }
  reader.Take("holdout");
  reader.Finish();
}

void CheckRules(const YamlNode& rules, Problems* problems) {
  const MapReader shape(rules, "rules", problems);
  for (const YamlNode& rule : rules.children) {
    if (!rules.is_map() || rule.is_null()) {
      continue;
    }
    const std::string path = "rules." + rule.key;
    CheckKeys(rule, path, {"when", "rungs"},
              {"title", "for", "mode", "priority", "holdout", "approval"}, problems);
    const YamlNode* rungs = rule.is_map() ? rule.Find("rungs") : nullptr;
    if (rungs == nullptr || rungs->is_null()) {
      continue;
    }
    if (!rungs->is_list()) {
      problems->Add(rungs->place, path + ".rungs: expected a list of rungs");
      continue;
    }
    for (std::size_t i = 0; i < rungs->children.size(); ++i) {
      CheckKeys(rungs->children[i], fmt::format("{}.rungs[{}]", path, i), {"at", "channel"},
                {
                    "until",
                    "template",
                    "task",
                    "to",
                    "where",
                    "else",
                    "approval",
                    "priority",
                },
                problems);
    }
  }
}

}  // namespace foothold::config
