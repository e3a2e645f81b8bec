#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "src/app/company.h"
#include "src/base/status.h"
#include "src/log/memory_log.h"

namespace foothold::app {

// Lays the simulated company's records into a topic of a log in memory, keyed by user as a pipeline
// would, in the order in which they reach it.
//
// Not thread-safe.
class CompanyFeed {
 public:
  // Makes the topic. `log` outlives the feed.
  static Result<std::unique_ptr<CompanyFeed>> Open(const CompanyOptions& options,
                                                   const std::string& topic,
                                                   std::int32_t partitions, log::MemoryLog* log);

  // Lays in what reached the pipeline before `until`, but no more than `count_max` records. True if
  // that was all of it.
  Result<bool> LayIn(Instant until, std::size_t count_max);

  // Of those laid in.
  std::int64_t record_count() const { return record_count_; }
  // Everything that came before has been laid in.
  Instant reached() const { return reached_; }

 private:
  CompanyFeed(const CompanyOptions& options, std::string topic, std::int32_t partitions,
              log::MemoryLog* log)
      : company_(options),
        topic_(std::move(topic)),
        partitions_(partitions),
        log_(log),
        reached_(options.start),
        next_(company_.Next()) {}

  Company company_;
  std::string topic_;
  std::int32_t partitions_;
  log::MemoryLog* log_;
  Instant reached_;
  std::optional<CompanyRecord> next_;
  std::int64_t record_count_ = 0;
};

}  // namespace foothold::app
