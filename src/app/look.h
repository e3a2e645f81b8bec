#pragma once

// What the commands share that run events again in order to look at what comes of it.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/app/command.h"
#include "src/app/explanation.h"
#include "src/app/rerun.h"
#include "src/journey/account.h"
#include "src/journey/user.h"

namespace foothold::app {

// AddRerunFlags() and --playbook. Without files it is the journal of the system of --config.
void AddLookFlags(Flags* flags, RerunFlags* given);

// A run that is over.
struct Look {
  std::unique_ptr<Rerun> rerun;  // Owns what the stores of `partitions` lie in.
  std::vector<FinalPartition> partitions;
};

// Runs what was given, as JSON and with everything that describes a person, whatever the
// configuration says of outputs, with a bar of its progress on a terminal. kExitOk, or the exit
// code after the one line that says what is wrong.
int TakeLook(const std::string& command, const RerunFlags& given, const Surroundings& surroundings,
             const Rerun::Take& take, Look* look);

// What a journal or files need as configuration for it. kInvalid as RerunConfigOf().
Result<config::Config> LookConfigOf(const std::string& command, RerunFlags* given);

// Topic, type and id of an output record; `value` is left out.
ToldRecord ToldOf(const log::RecordView& record);

Result<std::optional<journey::User>> ReadUser(const FinalPartition& partition,
                                              const std::string& tenant, const std::string& user);
Result<std::optional<journey::Account>> ReadAccount(const FinalPartition& partition,
                                                    const std::string& tenant);
// In the order of their keys.
Status ForEachUser(const FinalPartition& partition, const std::string& tenant,
                   const std::function<void(const journey::User&)>& visit);
Status ForEachAccount(const FinalPartition& partition,
                      const std::function<void(const journey::Account&)>& visit);

}  // namespace foothold::app
