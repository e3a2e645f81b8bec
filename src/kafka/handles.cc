#include "src/kafka/handles.h"

#include <cstring>

namespace foothold::kafka {

PartitionListHandle ListOf(std::span<const log::TopicPartition> partitions) {
  PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const log::TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(),
                                      partition.partition.value);
  }
  return list;
}

PartitionListHandle ListOf(std::span<const log::Position> positions) {
  PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const log::Position& position : positions) {
    rd_kafka_topic_partition_t* const element = rd_kafka_topic_partition_list_add(
        list.get(), position.source.topic.c_str(), position.source.partition.value);
    element->offset = position.next.value;
    if (!position.note.empty()) {
      element->metadata = rd_kafka_mem_malloc(nullptr, position.note.size());  // The list's now.
      std::memcpy(element->metadata, position.note.data(), position.note.size());
      element->metadata_size = position.note.size();
    }
  }
  return list;
}

log::TopicPartition PartitionOf(const rd_kafka_topic_partition_t& element) {
  return {.topic = element.topic, .partition = PartitionId{element.partition}};
}

}  // namespace foothold::kafka
