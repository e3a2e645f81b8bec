#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/app/journal_edit.h"
#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/config/config.h"
#include "src/log/log.h"
#include "src/log/memory_log.h"

namespace foothold::app {

// Copies the journal of a running system, as far as it was written when the copy began, into a log
// in memory: the same partitions, the same offsets.
//
// Not thread-safe.
class JournalFeed {
 public:
  // `into` and `logger` outlive the feed. kFatal: the journal's topic does not exist, or begins
  // later than the system did.
  static Result<std::unique_ptr<JournalFeed>> Open(const config::Config& config,
                                                   const std::string& journal, log::MemoryLog* into,
                                                   const Logger* logger);

  // From now on what is copied is rewritten so; null: it stays as it is. It outlives the feed.
  void SetEdit(JournalEdit* edit) { edit_ = edit; }

  // The copy goes on to where the journal ends now.
  Status Extend();
  // How much of it is copied, from 0 to 1.
  double share_read() const;
  // Copies some more. True once all is copied.
  Result<bool> Copy();

 private:
  std::string journal_;
  log::MemoryLog* into_ = nullptr;
  JournalEdit* edit_ = nullptr;
  std::unique_ptr<log::Log> kafka_;
  std::unique_ptr<log::Consumer> reader_;
  std::unique_ptr<log::Consumer> asker_;  // For the ends, open transactions included.
  std::vector<std::int64_t> ends_;        // Of each partition, one past its last record then.
  Instant moved_at_;                      // Wall time of the last progress.
};

}  // namespace foothold::app
