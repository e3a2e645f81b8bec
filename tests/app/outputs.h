#pragma once

// What `run` wrote and what `replay` printed, in one form that can be compared.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/log/log.h"
#include "tests/app/running.h"

namespace foothold::app {

// "name" -> its value as JSON.
using Fields = std::map<std::string, std::string>;

struct Outputs {
  // Of each "topic key" its log records (activation.changed, onboarding.progress) in their order:
  // key, headers and value to the byte.
  std::map<std::string, std::vector<std::string>> decisions;
  std::size_t decision_count() const;
  // Of each key its last user status, without what ComparableStatus() leaves out.
  std::map<std::string, Fields> user_statuses;
  // Reason, detail and value of each, sorted. Where they lay is not part of it: a file has no
  // partitions.
  std::vector<std::string> dead_letters;
};

// Takes lines as `replay` prints them, one by one.
class OutputCollector {
 public:
  explicit OutputCollector(const RunSetup& setup);

  void Add(std::string_view line);
  Outputs Finish();

 private:
  std::string activation_;
  std::string progress_;
  std::string user_status_;
  std::string dead_letter_;
  std::map<std::string, std::string> statuses_;
  Outputs outputs_;
};

// All committed records of the outputs of `setup`'s app.
Outputs OutputsOfRun(log::Log* log, const RunSetup& setup);
// Of the lines that `replay` printed with the configuration of `setup`.
Outputs OutputsOfReplay(const RunSetup& setup, std::string_view out);

// The fields of a status's value and its headers, as far as two runs over the same events must
// agree on them; nullopt of a tombstone. The list of what they need not agree on stands there, and
// nowhere else.
std::optional<Fields> ComparableStatus(std::string_view line);

// How the records of a subject are numbered (ce_fhseq) on each log topic: "" if from 1 without a
// hole or a repeat, else the first place that is not.
std::string FindSequenceFault(const Outputs& outputs);
// Where two maps differ first, for a message that can be read; "" if they do not.
std::string FirstDifference(const std::map<std::string, std::vector<std::string>>& a,
                            const std::map<std::string, std::vector<std::string>>& b);
std::string FirstDifference(const std::map<std::string, Fields>& a,
                            const std::map<std::string, Fields>& b);

}  // namespace foothold::app
