#include "src/app/control_desk.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "src/app/kafka_client.h"
#include "src/app/settings.h"
#include "src/app/stage_options.h"
#include "src/app/topic_reader.h"

namespace foothold::app {
namespace {

constexpr auto kWords = std::to_array<std::pair<std::string_view, codec::RuleWord::Word>>(
    {{"pause", codec::RuleWord::Word::kPause},
     {"resume", codec::RuleWord::Word::kResume},
     {"kill", codec::RuleWord::Word::kKill},
     {"live", codec::RuleWord::Word::kLive},
     {"shadow", codec::RuleWord::Word::kShadow},
     {"off", codec::RuleWord::Word::kOff}});

std::string_view WordOf(codec::RuleWord::Word word) {
  return std::ranges::find(kWords, word, &decltype(kWords)::value_type::second)->first;
}

std::string Describe(const codec::ControlAction& action) {
  if (const auto* publish = std::get_if<codec::PublishPlaybook>(&action)) {
    return fmt::format("playbook {}@{} published", publish->playbook.name,
                       publish->playbook.version);
  }
  if (const auto* prepare = std::get_if<codec::PreparePlaybook>(&action)) {
    return fmt::format("playbook {}@{} prepared", prepare->playbook.name,
                       prepare->playbook.version);
  }
  if (const auto* rule = std::get_if<codec::RuleWord>(&action)) {
    return fmt::format("rule {}: {}", rule->rule, WordOf(rule->word));
  }
  if (const auto* erase = std::get_if<codec::EraseWord>(&action)) {
    return fmt::format("a person of {} erased", erase->tenant);
  }
  const auto& approval = std::get<codec::ApprovalWord>(action);
  const std::string rung =
      approval.rung == 0 ? std::string("all rungs") : fmt::format("rung {}", approval.rung);
  return fmt::format("{} of rule {} for {}{}{}: {}", rung, approval.rule, approval.tenant,
                     approval.user.empty() ? "" : "|", approval.user,
                     approval.is_granted ? "approved" : "rejected");
}

}  // namespace

std::optional<codec::RuleWord::Word> RuleWordOf(std::string_view word) {
  const auto known = std::ranges::find(kWords, word, &decltype(kWords)::value_type::first);
  return known == kWords.end() ? std::nullopt : std::optional(known->second);
}

ControlDesk::ControlDesk(config::Config config, std::unique_ptr<log::Log> log)
    : config_(std::move(config)),
      log_(std::move(log)),
      writer_(log_.get(), ControlOptionsOf(config_, TopicNamesOf(config_))) {}

Result<std::unique_ptr<ControlDesk>> ControlDesk::Open(const std::string& config_path,
                                                       const Logger* logger) {
  if (config_path.empty()) {
    return Error(Code::kInvalid, "--config FILE says which system is meant");
  }
  FOOTHOLD_ASSIGN(config::Config config, LoadConfig(config_path));
  config.instance = fmt::format("command-{}", getpid());
  FOOTHOLD_ASSIGN(std::unique_ptr<log::Log> log, OpenKafka(config, logger));
  return std::unique_ptr<ControlDesk>(new ControlDesk(std::move(config), std::move(log)));
}

// Asked for by name what is not there looks like brokers that do not answer, for long.
Status ControlDesk::CheckLedgerIsThere() {
  return StatusOf(StretchesOf(log_.get(), TopicNamesOf(config_).control));
}

Result<stream::ControlWriter::Ledger> ControlDesk::Read() {
  FOOTHOLD_TRY(CheckLedgerIsThere());
  return writer_.ReadLedger();
}

Result<stream::ControlWriter::Ledger> ControlDesk::Say(const codec::ControlAction& action,
                                                       std::optional<std::int32_t> expects) {
  FOOTHOLD_TRY(CheckLedgerIsThere());
  return writer_.Say(action, expects);
}

std::string Describe(const stream::ControlWriter::Said& said) {
  return fmt::format("{} #{} {}", FormatRfc3339(said.at), said.control.number,
                     Describe(said.control.action));
}

Status CheckApproval(const journey::Playbook& playbook, const codec::ApprovalWord& word) {
  const auto rule = std::ranges::find(playbook.rules, word.rule, &journey::Rule::name);
  if (rule == playbook.rules.end()) {
    return Status();
  }
  if (rule->subject == journey::SubjectKind::kUser && word.user.empty()) {
    return Error(Code::kInvalid, fmt::format("rule {} asks for users: whose request? '{}|USER'",
                                             word.rule, word.tenant));
  }
  if (rule->subject == journey::SubjectKind::kAccount && !word.user.empty()) {
    return Error(Code::kInvalid, fmt::format("rule {} asks for accounts: '{}', without a user",
                                             word.rule, word.tenant));
  }
  if (word.rung > static_cast<std::int32_t>(rule->rungs.size())) {
    return Error(Code::kInvalid,
                 fmt::format("rule {} has {} rung{}, and no rung {}", word.rule, rule->rungs.size(),
                             rule->rungs.size() == 1 ? "" : "s", word.rung));
  }
  return Status();
}

int Refuse(std::string_view command, const Status& status, const Surroundings& surroundings) {
  surroundings.error << command << ": " << status.message() << '\n';
  return status.code() == Code::kInvalid ? kExitConfig : kExitFailure;
}

}  // namespace foothold::app
