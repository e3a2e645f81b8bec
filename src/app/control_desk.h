#pragma once

// The ledger of a running system, for the commands that read it or say something to it.

#include <memory>
#include <optional>
#include <string>

#include "src/app/command.h"
#include "src/base/logging.h"
#include "src/config/config.h"
#include "src/log/log.h"
#include "src/stream/control_writer.h"

namespace foothold::app {

// Not thread-safe.
class ControlDesk {
 public:
  // Reads foothold.yaml and connects. kInvalid: what is configured is wrong.
  static Result<std::unique_ptr<ControlDesk>> Open(const std::string& config_path,
                                                   const Logger* logger);

  const config::Config& config() const { return config_; }
  log::Log* log() { return log_.get(); }
  // kInvalid, as of Say(): no such system ever ran on these brokers.
  Result<stream::ControlWriter::Ledger> Read();
  Result<stream::ControlWriter::Ledger> Say(const codec::ControlAction& action,
                                            std::optional<std::int32_t> expects);

 private:
  Status CheckLedgerIsThere();
  ControlDesk(config::Config config, std::unique_ptr<log::Log> log);

  config::Config config_;
  std::unique_ptr<log::Log> log_;
  stream::ControlWriter writer_;
};

// "pause", "resume", "kill", "live", "shadow", "off"; nullopt for any other word.
std::optional<codec::RuleWord::Word> RuleWordOf(std::string_view word);

// Whether what is approved, or rejected, can wait at all: a rule asks for users or for accounts,
// and has so many rungs. kInvalid says what would be right. A rule that the playbook does not have
// is for ControlWriter::Check().
Status CheckApproval(const journey::Playbook& playbook, const codec::ApprovalWord& word);

// One word of the ledger as a person reads it: "2026-03-01 09:00 #7 rule trial_ending: pause".
std::string Describe(const stream::ControlWriter::Said& said);
// Says what failed, once, with the command's name; returns the exit code that goes with it.
int Refuse(std::string_view command, const Status& status, const Surroundings& surroundings);

}  // namespace foothold::app
