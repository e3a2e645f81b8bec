#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/log/memory_log.h"

namespace foothold::sim {

// A committed record, with its own bytes.
struct Kept {
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Follows every partition of some topics as a read_committed reader does, so that what it has seen
// stays known when the log forgets it.
class Collector {
 public:
  struct Topic {
    std::string name;
    std::int32_t partitions = 1;
  };
  Collector(log::MemoryLog* log, const std::vector<Topic>& topics);

  // Takes what can be read now.
  void Collect();
  const std::vector<Kept>& of(const std::string& topic, std::int32_t partition) const;
  // The first partition that cannot be read to its end, because a transaction is open; "" if none.
  std::string OpenPartition();

 private:
  std::unique_ptr<log::Consumer> reader_;
  std::map<log::TopicPartition, std::vector<Kept>> kept_;
};

}  // namespace foothold::sim
