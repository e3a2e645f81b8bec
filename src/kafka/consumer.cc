#include "src/kafka/consumer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/kafka/admin.h"
#include "src/kafka/errors.h"

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;

constexpr milliseconds kSeekMax{10'000};
constexpr milliseconds kSeekPause{10};
constexpr milliseconds kDiagnoseMax{5'000};
constexpr milliseconds kLeadersMax{1'000};
constexpr milliseconds kAskAgain{50};
constexpr int kLooksASession = 5;
// rd_kafka_seek_partitions takes its timeout for microseconds before this version.
constexpr int kSeekTimeoutWorksFrom = 0x020100ff;
// From this version on it can be said how soon a consumer whose queue was full looks again; before,
// it was a second later.
constexpr int kFullQueueIsWatchedFrom = 0x020200ff;
// A reader without a group still needs a name for one; it never joins it.
constexpr const char* kNoGroup = "foothold-reader";

bool IsUnknownTopic(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

std::optional<std::string_view> BytesOf(const void* data, std::size_t size) {
  if (data == nullptr) {
    return std::nullopt;
  }
  return std::string_view(static_cast<const char*>(data), size);
}

int SeekTimeoutMs() {
  const auto wanted = static_cast<int>(kSeekMax.count());
  return rd_kafka_version() < kSeekTimeoutWorksFrom ? wanted * 1000 : wanted;
}

// What lies ahead is thrown away when the partition is sought, or paused for long, and is memory.
// An old version reads no faster than this bound in a second.
void BoundWhatIsAhead(Settings* settings) {
  if (rd_kafka_version() < kFullQueueIsWatchedFrom) {
    settings->emplace_back("queued.max.messages.kbytes", "65536");
  } else {
    settings->emplace_back("queued.max.messages.kbytes", "16384");
    settings->emplace_back("fetch.queue.backoff.ms", "10");
  }
}

// The first element of the list that carries an error, or null.
const rd_kafka_topic_partition_t* FirstFailed(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return &list.elems[i];
    }
  }
  return nullptr;
}

}  // namespace

KafkaConsumer::KafkaConsumer(const KafkaOptions& kafka, const log::ConsumerOptions& options,
                             rd_kafka_t* observer)
    : options_(options),
      unknown_topic_grace_(kafka.unknown_topic_grace),
      observer_(observer),
      fetched_(static_cast<std::size_t>(options.batch_records_max)) {}

KafkaConsumer::~KafkaConsumer() { Close(); }

Result<std::unique_ptr<log::Consumer>> KafkaConsumer::Open(const KafkaOptions& kafka,
                                                           const log::ConsumerOptions& options,
                                                           rd_kafka_t* observer) {
  FOOTHOLD_CHECK(options.batch_records_max >= 1 && options.batch_records_max <= 10'000,
                 "batch_records_max out of its range");
  std::unique_ptr<KafkaConsumer> consumer(new KafkaConsumer(kafka, options, observer));
  ClientPlan plan{
      .kind = ClientKind::kConsumer,
      .defaults = {{"partition.assignment.strategy", "cooperative-sticky"},
                   // A fetch under way holds up what is sought, resumed or newly assigned.
                   {"fetch.wait.max.ms", "100"},
                   {"fetch.message.max.bytes", "262144"},
                   {"topic.metadata.refresh.interval.ms", "10000"},
                   {"socket.nagle.disable", "true"}},
      .required = {{"group.id", options.group.empty() ? kNoGroup : options.group},
                   {"isolation.level",
                    options.reads_uncommitted ? "read_uncommitted" : "read_committed"},
                   {"enable.auto.commit", "false"},
                   {"enable.auto.offset.store", "false"},
                   {"auto.offset.reset", "error"},
                   {"enable.partition.eof", "true"},
                   {"allow.auto.create.topics", "false"},
                   {"session.timeout.ms", std::to_string(options.session_timeout.count())},
                   {"max.poll.interval.ms", std::to_string(options.max_poll_interval.count())}},
      .on_rebalance = {},
      .on_delivery_failed = {}};
  BoundWhatIsAhead(&plan.defaults);
  if (!options.instance_id.empty()) {
    plan.required.emplace_back("group.instance.id", options.instance_id);
  }
  plan.on_rebalance = [self = consumer.get()](rd_kafka_resp_err_t error,
                                              const rd_kafka_topic_partition_list_t& partitions) {
    self->NoteRebalance(error, partitions);
  };
  FOOTHOLD_ASSIGN(consumer->client_, Client::Open(kafka, std::move(plan)));
  rd_kafka_t* const handle = consumer->client_->handle();
  rd_kafka_poll_set_consumer(handle);
  consumer->queue_.reset(rd_kafka_queue_get_consumer(handle));
  return consumer;
}

Status KafkaConsumer::Subscribe(std::span<const std::string> topics) {
  FOOTHOLD_CHECK(topics_.empty() && !options_.group.empty(),
                 "one Subscribe(), of a group's member");
  topics_.assign(topics.begin(), topics.end());
  watch_.emplace(observer_, client_->handle(), options_.group,
                 options_.session_timeout / kLooksASession);
  return Join();
}

Status KafkaConsumer::Assign(std::span<const log::Position> positions) {
  DropMessages();
  const PartitionListHandle list = ListOf(positions);
  FOOTHOLD_TRY(StatusFrom("assigning", rd_kafka_assign(client_->handle(), list.get())));
  readings_.clear();
  topics_.clear();
  for (const log::Position& position : positions) {
    readings_.emplace(position.source, Reading{.next = position.next});
    if (std::ranges::find(topics_, position.source.topic) == topics_.end()) {
      topics_.push_back(position.source.topic);
    }
  }
  return Status();
}

Result<log::Batch> KafkaConsumer::Poll(milliseconds timeout) {
  FOOTHOLD_CHECK(!offered_.has_value(), "accept the change of the assignment before the next Poll");
  DropMessages();
  FOOTHOLD_TRY(SettleGroup());
  FOOTHOLD_ASSIGN(std::vector<log::RecordView> records, TakeNextRecords(timeout));
  if (!records.empty()) {
    static_cast<void>(client_->Explain(Status()));
    return log::Batch{.change = std::nullopt, .records = std::move(records)};
  }
  FOOTHOLD_TRY(std::exchange(failure_, Status()));
  FOOTHOLD_TRY(client_->TakeFault());
  if (client_->TakeUnknownTopic() && !topics_suspect_since_) {
    topics_suspect_since_ = steady_clock::now();
  }
  FOOTHOLD_TRY(CheckTopics());
  if (changes_.empty()) {
    return log::Batch{};
  }
  static_cast<void>(client_->Explain(Status()));
  offered_ = std::move(changes_.front());
  changes_.pop_front();
  return log::Batch{.change = *offered_, .records = {}};
}

// What is held for later is none that was waited for.
Result<std::vector<log::RecordView>> KafkaConsumer::TakeNextRecords(milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  TakeHeld();
  while (true) {
    if (changes_.empty() && fetched_count_ == 0) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      Fetch(std::max(left, milliseconds{0}));
    }
    FOOTHOLD_ASSIGN(std::vector<log::RecordView> records, TakeRecords());
    const auto came = std::span(fetched_).first(fetched_count_);
    const bool were_all_held =
        !came.empty() && std::ranges::count(came, nullptr) == std::ssize(came);
    if (!were_all_held || !changes_.empty()) {
      return records;
    }
    DropMessages();
  }
}

// The batch call waits until its array is full or the time is over. So: what is there, or else one
// message and then what has come with it.
void KafkaConsumer::Fetch(milliseconds timeout) {
  Take(queue_.get(), milliseconds{0}, fetched_.size());
  if (fetched_count_ > 0 || !changes_.empty() || timeout == milliseconds{0}) {
    return;
  }
  Take(queue_.get(), timeout, 1);
  if (fetched_count_ == 1) {
    Take(queue_.get(), milliseconds{0}, fetched_.size());
  }
}

void KafkaConsumer::Take(rd_kafka_queue_t* queue, milliseconds timeout, std::size_t count_max) {
  const ssize_t count =
      rd_kafka_consume_batch_queue(queue, static_cast<int>(timeout.count()),
                                   fetched_.data() + fetched_count_, count_max - fetched_count_);
  if (count > 0) {
    fetched_count_ += static_cast<std::size_t>(count);
  }
}

Result<std::vector<log::RecordView>> KafkaConsumer::TakeRecords() {
  std::vector<log::RecordView> records;
  records.reserve(fetched_count_);
  Reading* reading = nullptr;
  const rd_kafka_topic_t* previous_topic = nullptr;
  std::int32_t previous_partition = 0;
  for (std::size_t i = 0; i < fetched_count_; ++i) {
    const rd_kafka_message_t& message = *fetched_[i];
    const bool is_of_run = previous_topic == message.rkt && previous_partition == message.partition;
    // Messages come in runs of one partition: it is looked up once a run.
    if (!is_of_run) {
      reading = FindReading(message);
    }
    previous_topic = message.rkt;
    previous_partition = message.partition;
    if (reading != nullptr && IsToBeHeld(message, *reading)) {
      Hold(MessageHandle(std::exchange(fetched_[i], nullptr)), reading);
      continue;
    }
    FOOTHOLD_TRY(TakeMessage(message, reading, &records));
  }
  // headers_ may have moved while it grew: only now do the spans point where they will stay.
  const log::Header* at = headers_.data();
  for (log::RecordView& record : records) {
    record.headers = std::span(at, record.headers.size());
    at += record.headers.size();
  }
  return records;
}

// That a partition has ended is true behind what is held of it.
bool KafkaConsumer::IsToBeHeld(const rd_kafka_message_t& message, const Reading& reading) {
  const bool is_end = message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  return reading.is_paused &&
         (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || (is_end && !reading.held.empty()));
}

Status KafkaConsumer::TakeMessage(const rd_kafka_message_t& message, Reading* reading,
                                  std::vector<log::RecordView>* records) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // All that lies before was handed out, or is a marker, or was aborted.
    if (reading != nullptr) {
      reading->next = std::max(reading->next, NextOffset{message.offset});
    }
    return Status();
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    NoteError(message);
    return Status();
  }
  FOOTHOLD_TRY(Admit(message, reading));
  AppendRecord(message, records);
  return Status();
}

Status KafkaConsumer::Admit(const rd_kafka_message_t& message, Reading* reading) const {
  const auto name = [&message] {
    return fmt::format("{}[{}]", rd_kafka_topic_name(message.rkt), message.partition);
  };
  if (reading == nullptr) {
    return Error(Code::kFatal, fmt::format("{} gave offset {} although it is not assigned here",
                                           name(), message.offset));
  }
  if (message.offset < reading->next.value) {
    return Error(Code::kFatal, fmt::format("{} gave offset {} where {} or a later one was due",
                                           name(), message.offset, reading->next.value));
  }
  reading->next = NextOffset{message.offset + 1};
  return Status();
}

void KafkaConsumer::AppendRecord(const rd_kafka_message_t& message,
                                 std::vector<log::RecordView>* records) {
  const std::size_t headers_before = headers_.size();
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* key = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &key, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      headers_.push_back({.key = key, .value = BytesOf(value, size)});
    }
  }
  rd_kafka_timestamp_type_t timestamp_type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&message, &timestamp_type);
  records->push_back({.topic = rd_kafka_topic_name(message.rkt),
                      .partition = PartitionId{message.partition},
                      .offset = message.offset,
                      .timestamp = InstantFromMs(std::max<std::int64_t>(timestamp, 0)),
                      .key = BytesOf(message.key, message.key_len),
                      .value = BytesOf(message.payload, message.len),
                      // For now only their number counts: see TakeRecords().
                      .headers = std::span<const log::Header>(headers_).subspan(headers_before)});
}

KafkaConsumer::Reading* KafkaConsumer::FindReading(const rd_kafka_message_t& message) {
  if (message.rkt == nullptr) {
    return nullptr;
  }
  const auto found = readings_.find(
      {.topic = rd_kafka_topic_name(message.rkt), .partition = PartitionId{message.partition}});
  return found == readings_.end() ? nullptr : &found->second;
}

void KafkaConsumer::NoteError(const rd_kafka_message_t& message) {
  if (IsUnknownTopic(message.err)) {
    if (!topics_suspect_since_) {
      topics_suspect_since_ = steady_clock::now();
    }
    return;
  }
  // The loss of the assignment that follows says all there is to say.
  if (message.err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
    return;
  }
  // What concerns the coordinator does not concern a reader without a group.
  if (options_.group.empty() && message.rkt == nullptr) {
    return;
  }
  Status status =
      message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
              message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE
          ? OutOfRange(message)
          : StatusOfTopicCall(message.rkt == nullptr
                                  ? fmt::format("group {}", options_.group)
                                  : fmt::format("reading {}", rd_kafka_topic_name(message.rkt)),
                              "Read", message.err, rd_kafka_message_errstr(&message));
  // Of several, the first that stops the process, else the first.
  if (failure_.ok() || (failure_.code() == Code::kRetry && status.code() != Code::kRetry)) {
    failure_ = std::move(status);
  }
}

Status KafkaConsumer::OutOfRange(const rd_kafka_message_t& message) {
  const log::TopicPartition source{.topic = rd_kafka_topic_name(message.rkt),
                                   .partition = PartitionId{message.partition}};
  const Reading* const reading = FindReading(message);
  const std::int64_t wanted = reading == nullptr ? message.offset : reading->next.value;
  const Result<log::Watermarks> marks = QueryWatermarks(source, kDiagnoseMax);
  const std::string retained = marks.has_value() ? fmt::format("[{}, {})", marks->low, marks->high)
                                                 : "what the broker keeps";
  return Error(Code::kFatal,
               fmt::format("{}: offset {} is outside of {}: records were removed before they were "
                           "read, or the topic was made anew",
                           ToString(source), wanted, retained));
}

// A topic may be just about to be created, or to be seen by all brokers; past the grace it is
// wrong.
Status KafkaConsumer::CheckTopics() {
  if (!topics_suspect_since_ ||
      steady_clock::now() - *topics_suspect_since_ < unknown_topic_grace_) {
    return Status();
  }
  for (const std::string& topic : topics_) {
    FOOTHOLD_ASSIGN(const std::optional<TopicShape> shape,
                    DescribeShape(observer_, topic, kDiagnoseMax));
    if (!shape) {
      return Error(
          Code::kFatal,
          fmt::format("topic {} does not exist (waited {}): create it, or correct its name", topic,
                      FormatDuration(unknown_topic_grace_)));
    }
  }
  topics_suspect_since_.reset();
  return Status();
}

// A partition that was assigned a moment ago cannot be sought until its fetcher has started.
Status KafkaConsumer::Seek(std::span<const log::Position> positions) {
  const auto deadline = steady_clock::now() + kSeekMax;
  rd_kafka_t* const handle = client_->handle();
  while (true) {
    const PartitionListHandle list = ListOf(positions);
    Status status =
        StatusFrom("seeking", handle,
                   ErrorHandle(rd_kafka_seek_partitions(handle, list.get(), SeekTimeoutMs())));
    if (!status.ok()) {
      return status;
    }
    const rd_kafka_topic_partition_t* const failed = FirstFailed(*list);
    if (failed == nullptr) {
      break;
    }
    FOOTHOLD_TRY(client_->CheckAlive());
    if (failed->err != RD_KAFKA_RESP_ERR__STATE || steady_clock::now() >= deadline) {
      return StatusFrom("seeking", *list);
    }
    std::this_thread::sleep_for(kSeekPause);
  }
  for (const log::Position& position : positions) {
    const auto found = readings_.find(position.source);
    FOOTHOLD_CHECK(found != readings_.end(), "only an assigned partition can be sought");
    found->second.next = position.next;
    DropHeld(&found->second);
  }
  return Status();
}

// The lower end first: whatever happens between the questions, it is not beyond the upper one.
Result<log::Watermarks> KafkaConsumer::QueryWatermarks(const log::TopicPartition& source,
                                                       milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  FOOTHOLD_ASSIGN(const NextOffset low, QueryOffset(source, RD_KAFKA_OFFSET_BEGINNING, timeout));
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  FOOTHOLD_ASSIGN(const NextOffset high,
                  QueryOffset(source, RD_KAFKA_OFFSET_END, std::max(left, milliseconds{0})));
  return log::Watermarks{.low = low.value, .high = high.value};
}

// Both ends are asked for by this call, too, as the protocol has them: as times that no record has.
// rd_kafka_query_watermark_offsets() sends the same requests, but of its timeout it remembers only
// whether to try again: where a broker died it was seen not to return for minutes.
//
// Right after a topic was made or its leader changed, whoever is asked does not lead it: asked
// again in the time that there is, another one is.
Result<NextOffset> KafkaConsumer::QueryOffset(const log::TopicPartition& source, std::int64_t time,
                                              milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    Result<NextOffset> offset = AskOffset(source, time, std::max(left, milliseconds{0}));
    if (offset.has_value()) {
      return offset;
    }
    AskForLeaders(source.topic);
    if (offset.error().code() != Code::kRetry || steady_clock::now() + kAskAgain >= deadline) {
      return Failure(offset.error());
    }
    std::this_thread::sleep_for(kAskAgain);
  }
}

Result<NextOffset> KafkaConsumer::AskOffset(const log::TopicPartition& source, std::int64_t time,
                                            milliseconds timeout) {
  const log::Position question{.source = source, .next = NextOffset{time}};
  const PartitionListHandle list = ListOf(std::span(&question, 1));
  const std::string what = fmt::format("offsets of {}", ToString(source));
  Status status = StatusFrom(
      what, rd_kafka_offsets_for_times(observer_, list.get(), static_cast<int>(timeout.count())));
  if (status.ok()) {
    status = StatusFrom(what, *list);
  }
  if (!status.ok()) {
    return Failure(std::move(status));
  }
  return NextOffset{list->elems[0].offset};
}

// What the observer knows of leaders it keeps for minutes, also when the one it asks answers that
// it leads no more: then the same call would fail again and again.
void KafkaConsumer::AskForLeaders(const std::string& topic) {
  static_cast<void>(DescribeShape(observer_, topic, kLeadersMax));
}

Result<NextOffset> KafkaConsumer::OffsetForTime(const log::TopicPartition& source, Instant at,
                                                milliseconds timeout) {
  // Below zero are the ends.
  const std::int64_t time = std::max<std::int64_t>(ToMs(at), 0);
  FOOTHOLD_ASSIGN(const NextOffset found, QueryOffset(source, time, timeout));
  if (found.value >= 0) {
    return found;
  }
  return QueryOffset(source, RD_KAFKA_OFFSET_END, timeout);
}

std::optional<NextOffset> KafkaConsumer::PositionOf(const log::TopicPartition& source) {
  const auto found = readings_.find(source);
  return found == readings_.end() ? std::nullopt : std::optional(found->second.next);
}

void KafkaConsumer::DropMessages() {
  for (std::size_t i = 0; i < fetched_count_; ++i) {
    if (fetched_[i] != nullptr) {  // Held.
      rd_kafka_message_destroy(fetched_[i]);
    }
  }
  fetched_count_ = 0;
  headers_.clear();
}

}  // namespace foothold::kafka
