#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/metrics/registry.h"

namespace foothold::metrics {

// What intake has read, and what became of it. One for all intake workers of a process.
//
// A source is named by its index in the list given: counting a record is an atomic addition.
// Reasons and remarks are words of a closed set, never text from a record. Thread-safe.
class IntakeMetrics {
 public:
  // `registry` outlives this.
  IntakeMetrics(Registry* registry, const std::vector<std::string>& sources);
  ~IntakeMetrics();

  void RecordRead(std::size_t source, std::size_t bytes);
  // To the dead letter: `reason` as in its header dlq_reason.
  void RecordRejected(std::size_t source, std::string_view reason);
  // Dropped knowingly: "anonymous", ...
  void RecordSkipped(std::size_t source, std::string_view why);
  // Names a user and no account: to the people stage.
  void RecordPassedOn(std::size_t source);
  // Accepted with a remark: "no_zone", "future_time", ...
  void RecordRemarked(std::size_t source, std::string_view remark);
  // One record of the journal.
  void JournalWritten(std::size_t entries, std::size_t bytes);
  // A dead letter that had to be cut to fit.
  void DeadLetterCut(std::size_t source);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace foothold::metrics
