#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/kafka/client.h"
#include "src/kafka/group_watch.h"
#include "src/kafka/handles.h"
#include "src/kafka/kafka_log.h"
#include "src/log/log.h"

namespace foothold::kafka {

// log::Consumer on librdkafka. Rebalances: the callback only notes the change; Poll() hands it out,
// and the assignment moves when the worker accepts it. Until then librdkafka holds the group back.
class KafkaConsumer final : public log::Consumer {
 public:
  // `observer` outlives the consumer and reads uncommitted.
  static Result<std::unique_ptr<log::Consumer>> Open(const KafkaOptions& kafka,
                                                     const log::ConsumerOptions& options,
                                                     rd_kafka_t* observer);
  ~KafkaConsumer() override;
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  Status Subscribe(std::span<const std::string> topics) override;
  Status Assign(std::span<const log::Position> positions) override;
  Result<log::Batch> Poll(milliseconds timeout) override;
  Status AcceptAssigned(std::span<const log::Position> starts) override;
  Status AcceptRevoked(std::span<const log::TopicPartition> partitions) override;
  bool IsAssignmentLost() override;
  Result<std::vector<std::optional<NextOffset>>> Committed(
      std::span<const log::TopicPartition> partitions, milliseconds timeout) override;
  Result<std::vector<std::string>> CommittedNotes(std::span<const log::TopicPartition> partitions,
                                                  milliseconds timeout) override;
  Status Seek(std::span<const log::Position> positions) override;
  Status Pause(std::span<const log::TopicPartition> partitions) override;
  Status Resume(std::span<const log::TopicPartition> partitions) override;
  Result<log::Watermarks> QueryWatermarks(const log::TopicPartition& source,
                                          milliseconds timeout) override;
  Result<NextOffset> OffsetForTime(const log::TopicPartition& source, Instant at,
                                   milliseconds timeout) override;
  std::optional<NextOffset> PositionOf(const log::TopicPartition& source) override;
  log::GroupToken group() override;
  void Close() override;

 private:
  // Where a partition of the assignment stands.
  struct Reading {
    NextOffset next;
    bool is_paused = false;
    // What came while it was paused, in order, and whether librdkafka knows of the pause by now.
    std::deque<MessageHandle> held = {};
    std::size_t held_bytes = 0;
    bool is_stopped = false;
  };
  using SteadyTime = std::chrono::steady_clock::time_point;

  KafkaConsumer(const KafkaOptions& kafka, const log::ConsumerOptions& options,
                rd_kafka_t* observer);

  // The partitions with what the group has committed for them.
  Result<PartitionListHandle> QueryCommitted(std::span<const log::TopicPartition> partitions,
                                             milliseconds timeout);
  // The first offset with a timestamp at or after `time`, -1 if there is none; or an end of the
  // partition, RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END. Waits up to `timeout`.
  Result<NextOffset> QueryOffset(const log::TopicPartition& source, std::int64_t time,
                                 milliseconds timeout);
  // The same, asked once.
  Result<NextOffset> AskOffset(const log::TopicPartition& source, std::int64_t time,
                               milliseconds timeout);
  void NoteRebalance(rd_kafka_resp_err_t error, const rd_kafka_topic_partition_list_t& partitions);
  Result<std::vector<log::RecordView>> TakeNextRecords(milliseconds timeout);
  void Fetch(milliseconds timeout);
  // Fills fetched_ up to `count_max`, or as far as it comes in time.
  void Take(rd_kafka_queue_t* queue, milliseconds timeout, std::size_t count_max);
  Result<std::vector<log::RecordView>> TakeRecords();
  static bool IsToBeHeld(const rd_kafka_message_t& message, const Reading& reading);
  void Hold(MessageHandle message, Reading* reading);
  // Fills fetched_ with what is held of partitions that are not paused any more.
  void TakeHeld();
  static void DropHeld(Reading* reading);
  Status TakeMessage(const rd_kafka_message_t& message, Reading* reading,
                     std::vector<log::RecordView>* records);
  Status Admit(const rd_kafka_message_t& message, Reading* reading) const;
  void AppendRecord(const rd_kafka_message_t& message, std::vector<log::RecordView>* records);
  Reading* FindReading(const rd_kafka_message_t& message);
  Status Unassign(const rd_kafka_topic_partition_list_t* partitions);
  void RefuseAssigned();
  // A member that was fenced before it answered its assignment, of an old librdkafka.
  bool NeverEnds() const;
  // A member that has joined and got no answer about partitions yet, of an old librdkafka.
  bool MayNotBeDestroyed() const;
  void NoteError(const rd_kafka_message_t& message);
  Status OutOfRange(const rd_kafka_message_t& message);
  void AskForLeaders(const std::string& topic);
  Status CheckTopics();
  bool IsCooperative() const;
  Status Join();
  // Makes the group settle anew if partitions of it belong to nobody: see GroupWatch.
  Status SettleGroup();
  void DropMessages();

  const log::ConsumerOptions options_;
  const milliseconds unknown_topic_grace_;
  rd_kafka_t* const observer_;
  std::unique_ptr<Client> client_;
  QueueHandle queue_;

  std::vector<std::string> topics_;
  std::optional<GroupWatch> watch_;          // Of a group's member.
  std::optional<SteadyTime> leaving_since_;  // To join again.
  std::map<log::TopicPartition, Reading> readings_;
  std::deque<log::AssignmentChange> changes_;     // Noted, not yet handed out.
  std::optional<log::AssignmentChange> offered_;  // Handed out, not yet accepted.
  Status failure_;                                // To be told by the next Poll without records.
  std::optional<SteadyTime> topics_suspect_since_;
  bool was_assigned_ = false;  // Ever, be it nothing.
  bool is_closing_ = false;

  std::vector<rd_kafka_message_t*> fetched_;  // The first fetched_count_ are ours to destroy.
  std::size_t fetched_count_ = 0;
  std::vector<log::Header> headers_;
};

}  // namespace foothold::kafka
