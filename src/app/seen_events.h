#pragma once

// Which events occur in files, held against those a playbook names.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/app/rerun.h"
#include "src/base/status.h"
#include "src/config/playbook_file.h"
#include "src/config/problems.h"
#include "src/journey/definition.h"

namespace foothold::app {

struct SeenEvents {
  std::vector<std::string> files;
  std::int64_t records = 0;
  std::int64_t rejected = 0;  // Could not be read as events.
  std::map<std::string, std::int64_t>
      counts;  // By name as it came; calls without one are not there.
};

// Reads all of the files as the mapping says. kInvalid names a file or an option that is wrong.
Result<SeenEvents> CountEvents(const RerunFlags& given);

struct UnseenEvents {
  std::vector<config::Problem> problems;  // Of the author's file, by line; one an event.
  std::vector<std::string> inherited;     // Of the playbook it extends, by name.
};
// `path` is the author's file.
UnseenEvents FindUnseen(const std::string& path, const std::vector<config::EventMention>& mentions,
                        const journey::Definition& definition, const SeenEvents& seen);

// What was seen, in a few lines: how much, what of the inherited is missing, what the playbook does
// not name.
std::string DescribeSeen(const journey::Definition& definition,
                         const std::vector<config::EventMention>& mentions, const SeenEvents& seen,
                         const UnseenEvents& unseen);

}  // namespace foothold::app
