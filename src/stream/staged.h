#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/ids.h"
#include "src/base/time.h"
#include "src/log/log.h"

namespace foothold::stream {

// A record that waits for its transaction, with its own bytes.
struct StagedRecord {
  std::string topic;
  PartitionId partition;
  std::optional<std::string> key;
  std::optional<std::string> value;  // nullopt: a tombstone.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

// What one commit writes to the log, in the order in which it is written.
struct StagedWrites {
  std::vector<StagedRecord> outputs;
  std::vector<StagedRecord> changelog;
  std::vector<log::Position> positions;

  bool is_empty() const { return outputs.empty() && changelog.empty() && positions.empty(); }
};

}  // namespace foothold::stream
