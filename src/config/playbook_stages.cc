#include <fmt/format.h>

#include "src/config/playbook_conditions.h"

namespace foothold::config {
namespace {

using journey::BlockerKind;
using journey::Moment;
using journey::Stage;
using journey::SubjectKind;

constexpr Range<milliseconds> kLateAfter{kMinute, 400 * kDay};

// "24h" counts from entering the stage, "24h of contract" from the anchor.
std::optional<Moment> CompileLateAfter(const YamlNode& node, const std::string& path,
                                       const ConditionScope& scope, Draft* draft) {
  if (!node.is_scalar() || !ParseDuration(node.text).has_value()) {
    return CompileMoment(node, path, scope, draft);
  }
  const std::optional<milliseconds> span =
      ReadDurationValue(node, path, kLateAfter, draft->problems);
  return span.has_value() ? std::optional(Moment{.anchor = Moment::kTrigger, .offset = *span})
                          : std::nullopt;
}

void CompileStage(const YamlNode& node, const std::string& path, Draft* draft) {
  MapReader reader(node, path, draft->problems);
  Stage stage;
  if (reader.Require("name") != nullptr) {
    reader.ReadText("name", &stage.name);
  }
  for (const Stage& other : draft->playbook.stages) {
    if (other.name == stage.name && !stage.name.empty()) {
      draft->problems->Add(node.place, fmt::format("{}: a second stage '{}'", path, stage.name));
    }
  }
  const ConditionScope scope{
      .subject = SubjectKind::kAccount, .has_trigger = false, .may_ask_stage = false};
  if (const YamlNode* when = reader.Require("when")) {
    stage.when =
        CompileCondition(*when, reader.PathOf("when"), scope, draft).value_or(journey::Condition());
  }
  reader.ReadText("owner", &stage.owner);
  reader.ReadText("signal", &stage.signal);
  reader.ReadText("next", &stage.next);
  reader.ReadText("escalate", &stage.escalate);
  if (const YamlNode* late_after = reader.Take("late_after")) {
    stage.late_after = CompileLateAfter(*late_after, reader.PathOf("late_after"), scope, draft);
  }
  reader.Finish();
  draft->playbook.stages.push_back(std::move(stage));
}

}  // namespace

void CompileStages(const YamlNode& stages, Draft* draft) {
  if (!stages.is_list()) {
    draft->problems->Add(stages.place, "accounts.stages: expected a list of stages");
    return;
  }
  for (std::size_t i = 0; i < stages.children.size(); ++i) {
    CompileStage(stages.children[i], fmt::format("accounts.stages[{}]", i), draft);
  }
  if (stages.children.empty()) {
    return;
  }
  const YamlNode& first = stages.children.front();
  const YamlNode* const when = first.Find("when");
  if (when != nullptr && !when->is_null() && when->text != "always") {
    draft->problems->Add(when->place,
                         "accounts.stages[0].when: an account is in the first stage always, until "
                         "it is in another",
                         "always");
  }
}

void CompileBlockers(const YamlNode& blockers, Draft* draft) {
  if (!blockers.is_map()) {
    draft->problems->Add(blockers.place, "blockers: expected a map of a name to its condition");
    return;
  }
  for (const YamlNode& node : blockers.children) {
    if (node.is_null()) {
      continue;
    }
    BlockerKind blocker{.name = node.key, .detail = {}, .when = {}};
    MapReader reader(node, "blockers." + node.key, draft->problems);
    if (const YamlNode* when = reader.Require("when")) {
      std::optional<journey::Condition> condition =
          CompileCondition(*when, reader.PathOf("when"), {.subject = SubjectKind::kAccount}, draft);
      blocker.when = condition.value_or(journey::Condition());
    }
    blocker.detail = blocker.when.label;
    reader.ReadText("detail", &blocker.detail);
    reader.Finish();
    draft->playbook.blockers.push_back(std::move(blocker));
  }
}

}  // namespace foothold::config
