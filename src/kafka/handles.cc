#include "src/kafka/handles.h"

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
    rd_kafka_topic_partition_list_add(list.get(), position.source.topic.c_str(),
                                      position.source.partition.value)
        ->offset = position.next.value;
  }
  return list;
}

log::TopicPartition PartitionOf(const rd_kafka_topic_partition_t& element) {
  return {.topic = element.topic, .partition = PartitionId{element.partition}};
}

}  // namespace foothold::kafka
