#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_conditions.h"
#include "src/journey/rules_check.h"

namespace foothold::config {
namespace {

using journey::Ask;
using journey::Channel;
using journey::Moment;
using journey::Priority;
using journey::Rule;
using journey::RuleMode;
using journey::Rung;
using journey::SubjectKind;
using journey::TaskText;

constexpr Range<milliseconds> kUntil{kMinute, 400 * kDay};
constexpr Range<milliseconds> kTaskDue{kMinute, 90 * kDay};
// Until when a rung is of use if its author does not say.
constexpr milliseconds kUsefulOfAnchor = 14 * kDay;
constexpr milliseconds kUsefulAfterDue = 7 * kDay;

constexpr auto kSubjects = std::to_array<std::pair<std::string_view, SubjectKind>>(
    {{"user", SubjectKind::kUser}, {"account", SubjectKind::kAccount}});
constexpr auto kModes = std::to_array<std::pair<std::string_view, RuleMode>>(
    {{"live", RuleMode::kLive}, {"shadow", RuleMode::kShadow}, {"off", RuleMode::kOff}});
constexpr auto kPriorities = std::to_array<std::pair<std::string_view, Priority>>(
    {{"low", Priority::kLow}, {"normal", Priority::kNormal}, {"high", Priority::kHigh}});
constexpr auto kChannels = std::to_array<std::pair<std::string_view, Channel>>(
    {{"email", Channel::kEmail}, {"in_app", Channel::kInApp}, {"cs", Channel::kCs}});
constexpr auto kApprovals =
    std::to_array<std::pair<std::string_view, bool>>({{"required", true}, {"none", false}});
constexpr auto kTaskTypes = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"call", "call"}, {"todo", "todo"}, {"email", "email"}, {"review", "review"}});
// Who can be asked beside the roles: people the account's facts name, and the queue that the
// account's stage escalates to.
constexpr auto kPeople = std::to_array<std::string_view>({"decision_maker", "owner", "escalation"});

// What stands in braces in a text: a parameter that receivers and authors know.
bool IsParameter(std::string_view name) {
  constexpr auto kGroups =
      std::to_array<std::string_view>({"account.", "user.", "trait.", "user_trait."});
  constexpr auto kSingle =
      std::to_array<std::string_view>({"next_step", "role", "risk_reasons", "stage", "blockers"});
  return std::ranges::find(kSingle, name) != kSingle.end() ||
         std::ranges::any_of(kGroups, [&](std::string_view group) {
           return name.starts_with(group) && name.size() > group.size();
         });
}

void WarnOfParameters(const YamlNode& node, const std::string& path, Problems* problems) {
  std::string_view rest = node.text;
  for (std::size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    rest.remove_prefix(open + 1);
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos || !IsParameter(rest.substr(0, close))) {
      problems->Warn(node.place,
                     fmt::format("{}: '{{{}}}' is no parameter and stands as nothing (there is: "
                                 "account.name, user.name, role, next_step, stage, risk_reasons, "
                                 "blockers, trait.<name> and the like)",
                                 path, rest.substr(0, close)));
    }
  }
}

// A text with parameters.
void ReadTemplateText(MapReader* reader, std::string_view key, std::string* text) {
  if (const YamlNode* node = reader->Take(key)) {
    reader->ReadText(key, text);
    WarnOfParameters(*node, reader->PathOf(key), reader->problems());
  }
}

TaskText CompileTask(const YamlNode& node, const std::string& path, Draft* draft) {
  TaskText task;
  MapReader reader(node, path, draft->problems);
  std::string_view type = "todo";
  reader.ReadChoice("type", kTaskTypes, &type);
  task.type = type;
  if (reader.Require("subject") != nullptr) {
    ReadTemplateText(&reader, "subject", &task.subject);
  }
  ReadTemplateText(&reader, "body", &task.body);
  if (const YamlNode* due = reader.Take("due")) {
    task.due = ReadDurationValue(*due, reader.PathOf("due"), kTaskDue, draft->problems);
  }
  reader.Finish();
  return task;
}

std::vector<std::string> CompileTo(const YamlNode& node, const std::string& path, Draft* draft) {
  std::vector<std::string> to;
  std::vector<std::string> known = draft->RoleNames();
  for (const std::string_view person : kPeople) {
    if (std::ranges::find(known, person) == known.end()) {
      known.emplace_back(person);
    }
  }
  for (const PlacedText& word : ReadTextList(node, path, draft->problems)) {
    std::string name = CanonicalRoleName(word.text);
    if (std::ranges::find(known, name) == known.end()) {
      draft->problems->AddUnknown(word.place, path, "role or person", word.text, known);
    }
    to.push_back(std::move(name));
  }
  return to;
}

// Who is asked on which channel for what; of a rung or of its `else`.
Ask CompileAsk(MapReader* reader, Draft* draft) {
  Ask ask;
  if (reader->Require("channel") != nullptr) {
    reader->ReadChoice("channel", kChannels, &ask.channel);
  }
  const bool is_cs = ask.channel == Channel::kCs;
  const YamlNode* const task = is_cs ? reader->Require("task") : reader->Take("task");
  const YamlNode* const name = is_cs ? reader->Take("template") : reader->Require("template");
  const YamlNode* const wrong = is_cs ? name : task;
  if (wrong != nullptr) {
    draft->problems->Add(wrong->key_place,
                         reader->PathOf(wrong->key) + (is_cs ? ": channel cs has a task"
                                                             : ": a task goes with channel: cs"));
  }
  if (is_cs && task != nullptr) {
    ask.task = CompileTask(*task, reader->PathOf("task"), draft);
  } else if (name != nullptr) {
    ReadTemplateText(reader, "template", &ask.template_name);
  }
  if (const YamlNode* to = reader->Take("to")) {
    ask.to = CompileTo(*to, reader->PathOf("to"), draft);
  }
  return ask;
}

Moment DefaultEnd(const Moment& at) {
  if (at.offset < milliseconds(0)) {
    return {.anchor = at.anchor, .offset = milliseconds(0)};
  }
  const milliseconds least = at.anchor == Moment::kTrigger ? kUsefulAfterDue : kUsefulOfAnchor;
  return {.anchor = at.anchor, .offset = std::max(least, at.offset + kUsefulAfterDue)};
}

// "14d" counts from where `at` does.
std::optional<Moment> CompileUntil(const YamlNode& node, const std::string& path, const Moment& at,
                                   const ConditionScope& scope, Draft* draft) {
  if (!node.is_scalar() || !ParseDuration(node.text).has_value()) {
    return CompileMoment(node, path, scope, draft);
  }
  if (at.offset < milliseconds(0)) {
    draft->problems->Add(node.place,
                         path + ": before or after? say '1d before trialEndsAt', or the date");
    return std::nullopt;
  }
  const std::optional<milliseconds> end = ReadDurationValue(node, path, kUntil, draft->problems);
  return end.has_value() ? std::optional(Moment{.anchor = at.anchor, .offset = *end})
                         : std::nullopt;
}

void ReadApproval(MapReader* reader, bool* needs_approval) {
  reader->ReadChoice("approval", kApprovals, needs_approval);
}

Rung CompileRung(const YamlNode& node, const std::string& path, const ConditionScope& scope,
                 Draft* draft) {
  Rung rung;
  MapReader reader(node, path, draft->problems);
  std::optional<Moment> at;
  if (const YamlNode* due = reader.Require("at")) {
    at = CompileMoment(*due, reader.PathOf("at"), scope, draft);
  }
  rung.at = at.value_or(Moment());
  rung.until = DefaultEnd(rung.at);
  if (const YamlNode* until = reader.Take("until"); until != nullptr && at.has_value()) {
    const std::optional<Moment> end =
        CompileUntil(*until, reader.PathOf("until"), rung.at, scope, draft);
    if (end.has_value() && end->anchor == rung.at.anchor && end->offset <= rung.at.offset) {
      draft->problems->Add(until->place, reader.PathOf("until") +
                                             ": the rung would end before it is due, or at once");
    }
    rung.until = end.value_or(*rung.until);
  }
  if (const YamlNode* where = reader.Take("where")) {
    rung.where = CompileCondition(*where, reader.PathOf("where"), scope, draft);
  }
  rung.ask = CompileAsk(&reader, draft);
  if (const YamlNode* otherwise = reader.Take("else")) {
    MapReader other(*otherwise, reader.PathOf("else"), draft->problems);
    rung.otherwise = CompileAsk(&other, draft);
    other.Finish();
    if (node.Find("where") == nullptr) {
      draft->problems->Add(otherwise->key_place, reader.PathOf("else") + ": there is no where");
    }
  }
  ReadApproval(&reader, &rung.needs_approval);
  reader.Finish();
  return rung;
}

void CompileRungs(const YamlNode& node, const std::string& path, const ConditionScope& scope,
                  Draft* draft, Rule* rule) {
  if (!node.is_list()) {
    draft->problems->Add(node.place, path + ": expected a list of rungs");
    return;
  }
  if (node.children.empty() || node.children.size() > journey::kRungsMax) {
    draft->problems->Add(node.place, fmt::format("{}: a ladder has 1 to {} rungs, not {}", path,
                                                 journey::kRungsMax, node.children.size()));
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    rule->rungs.push_back(
        CompileRung(node.children[i], fmt::format("{}[{}]", path, i), scope, draft));
  }
}

// Whom a rule is about that does not say so: a user if anything in it is of one.
SubjectKind SubjectOfRule(const journey::Playbook& playbook, const Rule& rule) {
  const bool is_of_user =
      SubjectOf(playbook, rule.when) == SubjectKind::kUser ||
      std::ranges::any_of(rule.rungs, [&](const Rung& rung) {
        return IsOfUser(playbook, rung.at) || IsOfUser(playbook, *rung.until) ||
               (rung.where.has_value() && SubjectOf(playbook, *rung.where) == SubjectKind::kUser);
      });
  return is_of_user ? SubjectKind::kUser : SubjectKind::kAccount;
}

bool IsRuleName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void CompileRule(const YamlNode& node, Draft* draft) {
  Rule rule;
  rule.name = node.key;
  rule.title = node.key;
  const std::string path = "rules." + node.key;
  if (!IsRuleName(node.key)) {
    draft->problems->Add(node.key_place, path + ": a name is of a-z, 0-9, '_', '-'");
  }
  MapReader reader(node, path, draft->problems);
  reader.ReadText("title", &rule.title);
  ConditionScope scope{.subject = std::nullopt, .has_trigger = true};
  reader.ReadChoice("for", kSubjects, &rule.subject);
  const bool says_subject = node.is_map() && node.Find("for") != nullptr;
  if (says_subject) {
    scope.subject = rule.subject;
  }
  if (const YamlNode* when = reader.Require("when")) {
    rule.when =
        CompileCondition(*when, reader.PathOf("when"), scope, draft).value_or(journey::Condition());
  }
  reader.ReadChoice("mode", kModes, &rule.mode);
  reader.ReadChoice("priority", kPriorities, &rule.priority);
  if (const YamlNode* holdout = reader.Take("holdout")) {
    rule.holdout =
        ReadNumberValue(*holdout, reader.PathOf("holdout"), Range<double>{0, 1}, draft->problems);
  }
  bool needs_approval = false;
  ReadApproval(&reader, &needs_approval);
  if (const YamlNode* rungs = reader.Require("rungs")) {
    CompileRungs(*rungs, reader.PathOf("rungs"), scope, draft, &rule);
  }
  for (Rung& rung : rule.rungs) {
    rung.needs_approval = rung.needs_approval || needs_approval;
  }
  reader.Finish();
  if (!says_subject) {
    rule.subject = SubjectOfRule(draft->playbook, rule);
  }
  draft->playbook.rules.push_back(std::move(rule));
}

}  // namespace

void CompileRules(const YamlNode& rules, Draft* draft) {
  if (!rules.is_map()) {
    draft->problems->Add(rules.place, "rules: expected a map of a rule's name to what it says");
    return;
  }
  for (const YamlNode& rule : rules.children) {
    if (!rule.is_null()) {
      CompileRule(rule, draft);
    }
  }
}

}  // namespace foothold::config
