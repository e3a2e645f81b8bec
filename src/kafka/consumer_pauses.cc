// The consumer's pauses. librdkafka throws away what it has fetched of a partition that is paused,
// and fetches and decompresses it again afterwards. So a pause only keeps what comes of its
// partition, up to a bound, and librdkafka hears of it beyond that.

#include <algorithm>
#include <utility>

#include "src/kafka/consumer.h"
#include "src/kafka/errors.h"

namespace foothold::kafka {
namespace {

// Some fetches of a partition.
constexpr std::size_t kHeldBytesMax = std::size_t{1} << 20;
// Of a message in librdkafka, beside its key and value.
constexpr std::size_t kMessageBytes = 200;

}  // namespace

Status KafkaConsumer::Pause(std::span<const log::TopicPartition> partitions) {
  for (const log::TopicPartition& partition : partitions) {
    readings_.at(partition).is_paused = true;
  }
  return Status();
}

Status KafkaConsumer::Resume(std::span<const log::TopicPartition> partitions) {
  std::vector<log::TopicPartition> stopped;
  for (const log::TopicPartition& partition : partitions) {
    if (readings_.at(partition).is_stopped) {
      stopped.push_back(partition);
    }
  }
  if (!stopped.empty()) {
    const PartitionListHandle list = ListOf(stopped);
    FOOTHOLD_TRY(StatusFrom("resuming", rd_kafka_resume_partitions(client_->handle(), list.get())));
    if (Status status = StatusFrom("resuming", *list); !status.ok()) {
      // Of a client that was fenced each partition is unknown: tried again that would stay so.
      FOOTHOLD_TRY(client_->CheckAlive());
      return status;
    }
  }
  for (const log::TopicPartition& partition : partitions) {
    Reading& reading = readings_.at(partition);
    reading.is_paused = false;
    reading.is_stopped = false;
  }
  return Status();
}

// What came was consumed, as librdkafka has it: it must be kept, whatever becomes of the rest. So a
// client that cannot be told is told with the next message.
void KafkaConsumer::Hold(MessageHandle message, Reading* reading) {
  const log::TopicPartition source{.topic = rd_kafka_topic_name(message->rkt),
                                   .partition = PartitionId{message->partition}};
  reading->held_bytes += kMessageBytes + message->key_len + message->len;
  reading->held.push_back(std::move(message));
  if (reading->held_bytes > kHeldBytesMax && !reading->is_stopped) {
    const PartitionListHandle list = ListOf(std::span(&source, 1));
    reading->is_stopped =
        rd_kafka_pause_partitions(client_->handle(), list.get()) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        list->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  }
}

void KafkaConsumer::TakeHeld() {
  for (auto& [source, reading] : readings_) {
    if (reading.is_paused) {
      continue;
    }
    while (!reading.held.empty() && fetched_count_ < fetched_.size()) {
      MessageHandle& message = reading.held.front();
      reading.held_bytes -= kMessageBytes + message->key_len + message->len;
      fetched_[fetched_count_++] = message.release();
      reading.held.pop_front();
    }
  }
}

void KafkaConsumer::DropHeld(Reading* reading) {
  reading->held.clear();
  reading->held_bytes = 0;
}

}  // namespace foothold::kafka
