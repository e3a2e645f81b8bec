#pragma once

// Conditions and moments, which signals, stages, blockers and rules are made of. Part of the
// playbook's compiler; see playbook_compiler.h.
//
//   condition := always | activated | account_activated
//              | {all: [condition...]} | {any: [condition...]} | {not: condition}
//              | {<question>: <value>, <its own keys>}
//   beside any of them: for: moment (holds from then on only), until: moment (until then only)
//   moment    := [duration of] anchor | duration before anchor | [duration of] trigger

#include <optional>
#include <string>

#include "src/config/playbook_compiler.h"
#include "src/journey/rules.h"

namespace foothold::config {

// What a condition or a moment may ask, by where it stands.
struct ConditionScope {
  std::optional<journey::SubjectKind> subject;  // Whom it is about; nullopt: what it asks decides.
  bool has_trigger = false;
  bool may_ask_risk = true;   // Not where risk is made of it.
  bool may_ask_stage = true;  // Not where stages are.
};

// nullopt, with everything that is wrong added to the draft's problems, if it is no condition.
std::optional<journey::Condition> CompileCondition(const YamlNode& node, const std::string& path,
                                                   const ConditionScope& scope, Draft* draft);

// Likewise. An anchor that is not the playbook's own is added to it: what moves on (step,
// step_entered, last_seen, activated, stage_entered), dates of the account (trialEndsAt,
// contractAt, createdAt), "trait X" and "user trait X".
std::optional<journey::Moment> CompileMoment(const YamlNode& node, const std::string& path,
                                             const ConditionScope& scope, Draft* draft);

// Whom a condition is about if nobody says: the account unless it asks what only a user has.
journey::SubjectKind SubjectOf(const journey::Playbook& playbook,
                               const journey::Condition& condition);
bool IsOfUser(const journey::Playbook& playbook, const journey::Moment& moment);

// The question of one condition that is no list of others: what `question` (playbook_questions.cc)
// stands for. Its nodes in postfix order, and how it reads.
struct Question {
  std::vector<journey::ConditionNode> nodes;
  std::string label;
};
std::optional<Question> CompileQuestion(MapReader* reader, const ConditionScope& scope,
                                        Draft* draft);

}  // namespace foothold::config
