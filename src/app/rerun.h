#pragma once

// Running the engine over what has happened: events of files, or the journal of a running system.
// What `replay` prints, and `explain`, `stuck` and `backtest` look at.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/app/file_feed.h"
#include "src/app/flags.h"
#include "src/app/journal_edit.h"
#include "src/app/journal_feed.h"
#include "src/app/service.h"
#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/config/config.h"
#include "src/journey/clock.h"
#include "src/journey/definition.h"
#include "src/journey/event.h"
#include "src/journey/gate.h"
#include "src/journey/volumes.h"
#include "src/log/memory_log.h"
#include "src/metrics/registry.h"
#include "src/stream/options.h"
#include "state/store.h"

namespace foothold::app {

// What the commands that run events again are told about them.
struct RerunFlags {
  std::string config;
  std::string playbook;
  std::string mapping;
  std::vector<std::string> overrides;
  std::string until;
  bool is_of_journal = false;
  // Of a journal: under the playbook that is handed in, not those that were published.
  bool has_own_playbook = false;
  std::int64_t commit_entries = 1'000;
  std::int64_t cache_bytes = 64LL << 20U;
  std::vector<std::string> files;
  LogOptions logging{.level = LogLevel::kWarning};
};

// --config, --mapping, --set, --until, --cache-bytes and those of logging.
void AddRerunFlags(Flags* flags, RerunFlags* given);

// Checks what was given as a whole and makes the configuration of it. kInvalid begins with the
// command's name where the mistake is in its options.
Result<config::Config> RerunConfigOf(const std::string& command, const RerunFlags& given);

// One partition of the state in the end.
struct FinalPartition {
  std::unique_ptr<state::Store> store;
  journey::Clock clock;
  std::unique_ptr<journey::Definition> definition;  // Null: no playbook was ever published there.
  journey::RuleControls controls;
  std::unique_ptr<const journey::QuietEvents> quiet;  // Null: none is.
  bool is_of_files = false;                           // Offsets are lines, from 0.
};

// Not thread-safe.
class Rerun {
 public:
  // Output records that were committed since the last call; they live as long as the call. A
  // record's offset is its place among the committed ones of its partition: where commits were cut
  // does not show.
  using Take = std::function<Status(std::span<const log::RecordView>)>;
  // Every event of the journal, in its order within a partition; it lives as long as the call.
  using TakeEvent = std::function<void(const journey::Event&)>;
  // How far it is, from 0 to 1; -1 where that cannot be told.
  using Progress = std::function<void(double share)>;

  // `playbook` is for files; a journal has its own, but for `has_own_playbook`. kInvalid names a
  // file that cannot be read.
  static Result<std::unique_ptr<Rerun>> Open(const RerunFlags& given, const config::Config& config,
                                             const journey::Playbook& playbook,
                                             const Logger* logger);
  ~Rerun();
  Rerun(const Rerun&) = delete;
  Rerun& operator=(const Rerun&) = delete;

  // Before Run(): also hands on the events.
  Status TakeEvents(TakeEvent take);

  // Once. All of it: to the end of the files and the clock to --until, or to where the journal
  // ended when this began.
  Status Run(const Take& take, const Progress& progress);
  // After Run() or itself, of a journal: what was written into it since.
  // REQUIRES: of what ReadState() gave nothing is left.
  Status RunOn(const Take& take, const Progress& progress);

  // After Run(). By partition.
  Result<std::vector<FinalPartition>> ReadState();
  stream::TopicNames topics() const;

 private:
  Rerun(const RerunFlags& given, const config::Config& config, const Logger* logger);

  Status RunFiles(const Take& take, const Progress& progress);
  Status RunJournal(const Take& take, const Progress& progress);
  // Turns the service until it has nothing to do, handing on what it emits.
  Status Drain(const Take& take);
  Status HandOn(const Take& take);
  Status HandOnEvents();
  // Frees what the stages have consumed, and what a changelog says anew.
  Status Trim();
  Status CompactIfGrown(const std::string& changelog);

  RerunFlags given_;
  config::Config config_;
  std::string journal_topic_;
  const Logger* logger_;
  SystemWallClock clock_;
  log::MemoryLog log_;
  metrics::Registry registry_;
  std::unique_ptr<FileFeed> files_;
  std::unique_ptr<JournalEdit> edit_;  // Null: the journal stays as it is.
  std::unique_ptr<JournalFeed> journal_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<log::CommittedReader> reader_;
  std::unique_ptr<log::CommittedReader> journal_reader_;  // Null: nobody asked for events.
  TakeEvent take_event_;
  std::map<log::TopicPartition, std::int64_t> next_offsets_;
  std::map<std::string, std::size_t> compacted_counts_;  // Records left, by changelog.
};

}  // namespace foothold::app
