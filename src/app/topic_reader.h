#pragma once

// Reading what topics hold now, without a group: for the commands that look at a system from
// outside, whether its instances are up or down.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/log/log.h"

namespace foothold::app {

// A part of one partition: offsets in [from, until).
struct Stretch {
  log::TopicPartition source;
  std::int64_t from = 0;
  std::int64_t until = 0;
};

// All that the topic holds now, by partition. kInvalid: there is no such topic.
Result<std::vector<Stretch>> StretchesOf(log::Log* log, const std::string& topic);

// Gets each record; false ends the reading.
using TakeRecord = std::function<Result<bool>(const log::RecordView&)>;
// Reads the committed records of all stretches, in the order of each partition. kFatal: a
// transaction keeps one from being read to its end. Blocks.
Status ReadStretches(log::Log* log, const std::vector<Stretch>& stretches, const TakeRecord& take);

}  // namespace foothold::app
