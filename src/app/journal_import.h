#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "src/app/stage_options.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/codec/journal.h"
#include "src/config/config.h"
#include "src/journey/event.h"
#include "src/log/log.h"
#include "src/stream/control_writer.h"

namespace foothold::app {

// Writes events of the past into the journal of a running system, each under the source
// journey::kImportSource. The history of that source begins with `begin`: who is seen for the first
// time soon after it, and was not seen to come, was there before.
//
// An event that is in the journal already changes nothing when it comes again, so that an import
// which broke off may simply be run again. Not thread-safe.
class JournalImport {
 public:
  // `log` outlives it. `name` stands for the topic in evidence.
  static Result<std::unique_ptr<JournalImport>> Open(log::Log* log, const config::Config& config,
                                                     std::string name, Instant begin);

  // Takes one event more; it may be written later. Its `number` is its offset in evidence.
  Status Add(const journey::Event& event, std::int64_t number);
  // Writes and commits what is left.
  Status Finish();

  std::int64_t batches() const { return batches_; }

 private:
  struct Partition {
    codec::JournalBatchWriter writer;
    bool has_begun = false;
  };

  JournalImport(const config::Config& config, std::string name, Instant begin);

  Status Write(std::int32_t number, Partition* partition);
  Status Commit();

  stream::RetryPolicy retry_;
  std::string journal_;
  std::int32_t partition_count_;
  std::string name_;
  Instant begin_;
  std::unique_ptr<log::TransactionalProducer> producer_;
  std::map<std::int32_t, Partition> partitions_;
  std::int64_t batches_ = 0;
  std::int64_t uncommitted_bytes_ = 0;
  bool is_open_ = false;  // A transaction is.
};

}  // namespace foothold::app
