#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/ids.h"
#include "src/base/status.h"
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

// A changed key of a changelog: views that live until what was collected is committed or dropped.
struct StagedChange {
  PartitionId partition;
  std::string_view key;
  std::optional<std::string_view> value;  // nullopt: a tombstone.
};

// What one commit writes to the log, in the order in which it is written.
struct StagedWrites {
  using Send = std::function<Status(const log::OutgoingRecord&)>;

  std::vector<StagedRecord> outputs;
  // Sends further outputs, each made only then; the first failure ends it. Null: there are none.
  std::function<Status(const Send&)> send_outputs;
  std::string changelog_topic;
  std::vector<StagedChange> changelog;
  std::vector<log::Position> positions;

  bool is_empty() const {
    return outputs.empty() && send_outputs == nullptr && changelog.empty() && positions.empty();
  }
};

}  // namespace foothold::stream
