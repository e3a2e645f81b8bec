#include "src/log/log.h"

#include <fmt/format.h>

namespace foothold::log {

std::string ToString(const TopicPartition& source) {
  return fmt::format("{}[{}]", source.topic, source.partition.value);
}

}  // namespace foothold::log
