#pragma once

// Making a running system know what a playbook asks of the past, before the playbook is published.

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "src/app/control_desk.h"
#include "src/app/rerun.h"
#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/journey/playbook.h"

namespace foothold::app {

// What is read for it.
struct PreparationCost {
  std::int32_t partitions = 0;
  std::int64_t records = 0;  // Of the journal.
};
// kInvalid: the journal no longer begins where the system did.
Result<PreparationCost> CostOfPreparation(ControlDesk* desk);

// Runs the journal under `next`, beside the service, and writes into it what each subject would
// have kept for `next` and `current` does not keep: codec::Recollection. Whatever of it is there
// already changes nothing, so that one which broke off is begun anew.
//
// A subject that becomes another one's while this is written is not there when its entry comes: so
// the journal is read on until all that were written last were still there. Each time that is less.
//
// REQUIRES: the journal has the word codec::PreparePlaybook of `next`: from there on the service
// keeps all that comes, so that nothing is missed between the two.
//
// Not thread-safe. Blocks.
class Preparation {
 public:
  // `desk` and `logger` outlive it.
  static Result<std::unique_ptr<Preparation>> Open(const std::string& config_path,
                                                   ControlDesk* desk,
                                                   const journey::Playbook& current,
                                                   const journey::Playbook& next,
                                                   const Logger* logger);
  ~Preparation();

  // Runs the journal up to where it ends now.
  Status Read(const Rerun::Progress& progress);
  // Behind a Read(). True: all is there. False: something was written; read on.
  Result<bool> Write();

  // Of how many users and accounts something was written.
  std::int64_t subjects() const;

 private:
  class Writer;

  Preparation() = default;

  std::unique_ptr<Rerun> rerun_;
  std::unique_ptr<Writer> writer_;
  std::set<std::uint64_t> keys_;  // Of the trackers.
  bool has_run_ = false;
};

}  // namespace foothold::app
