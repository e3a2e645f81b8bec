#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/log/log.h"
#include "src/log/partition_log.h"

namespace foothold::log {

struct Topic {
  std::string name;
  std::map<std::string, std::string> configs;  // With the broker's defaults.
  std::vector<PartitionLog> partitions{};      // Never resized: pointers into it stay valid.
  std::int64_t message_bytes_max = 0;
  bool is_compacted = false;
  bool stamps_append_time = false;
};

// The topics of a log in memory and the writing of single records. Topics are never deleted.
// Not thread-safe: guarded by the log that owns it.
class TopicTable {
 public:
  // kFatal, as a broker refuses it: a bad name, no partitions, an unknown setting or value.
  // REQUIRES: no topic of that name exists.
  Status Create(const TopicSpec& spec);
  // Likewise, under any name.
  Status CreateNamedFreely(const TopicSpec& spec);
  // Null if there is none.
  Topic* Find(std::string_view name);
  const std::map<std::string, Topic, std::less<>>& topics() const { return topics_; }

  // kFatal names what does not exist.
  Result<Topic*> TopicOf(std::string_view name);
  Result<PartitionLog*> PartitionOf(std::string_view topic, PartitionId partition);

  // Copies the record to the end of its partition, or to `offset` if one is given, and returns its
  // offset. kInvalid: the topic can never take it, or `offset` is taken.
  Result<std::int64_t> Append(const OutgoingRecord& record, TransactionNumber transaction,
                              Instant now, std::optional<NextOffset> offset = std::nullopt);

 private:
  std::map<std::string, Topic, std::less<>> topics_;
  std::int64_t last_sequence_ = 0;
};

}  // namespace foothold::log
