#include "src/kafka/producer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/kafka/admin.h"
#include "src/kafka/errors.h"

namespace foothold::kafka {
namespace {

using std::chrono::steady_clock;

// A transaction's records are handed over in one go, and its commit sends at once what still waits:
// a batch is all that one transaction writes to a partition, however long that takes to encode.
constexpr milliseconds kLinger{500};

// Callbacks are served in between, so that refused credentials are heard of while Init still waits.
constexpr milliseconds kInitSlice{2'000};
constexpr milliseconds kQueueFullMax{2'000};
constexpr milliseconds kQueueFullPause{20};
constexpr int kSendsPerPoll = 1'000;
// What Kafka's format adds to a record at most, beside its headers' own framing.
constexpr std::size_t kRecordOverhead = 100;
constexpr std::size_t kHeaderOverhead = 10;

bool IsRetry(const Status& status) { return !status.ok() && status.code() == Code::kRetry; }

std::int64_t SizeOf(const log::OutgoingRecord& record) {
  std::size_t size = kRecordOverhead;
  size += record.key.value_or("").size() + record.value.value_or("").size();
  for (const log::Header& header : record.headers) {
    size += header.key.size() + header.value.value_or("").size() + kHeaderOverhead;
  }
  return static_cast<std::int64_t>(size);
}

// librdkafka takes null for "no bytes"; an empty key or value is something else.
void* PointerTo(const std::optional<std::string_view>& bytes) {
  if (!bytes) {
    return nullptr;
  }
  const char* const data = bytes->empty() ? "" : bytes->data();
  return const_cast<char*>(data);  // It only reads: RD_KAFKA_MSG_F_COPY.
}

HeadersHandle HeadersOf(std::span<const log::Header> headers) {
  if (headers.empty()) {
    return nullptr;
  }
  HeadersHandle made(rd_kafka_headers_new(headers.size()));
  for (const log::Header& header : headers) {
    rd_kafka_header_add(made.get(), header.key.data(), static_cast<ssize_t>(header.key.size()),
                        PointerTo(header.value),
                        static_cast<ssize_t>(header.value.value_or("").size()));
  }
  return made;
}

}  // namespace

Result<std::unique_ptr<log::TransactionalProducer>> KafkaProducer::Open(
    const KafkaOptions& kafka, const log::ProducerOptions& options) {
  FOOTHOLD_CHECK(!options.transactional_id.empty(), "a producer needs its transactional id");
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(kafka, options));
  // A message must fail before its transaction does, else the transaction's end is in doubt.
  const std::int64_t transaction_ms = options.transaction_timeout.count();
  ClientPlan plan{.kind = ClientKind::kProducer,
                  .defaults = {{"compression.type", "lz4"},
                               {"linger.ms", std::to_string(kLinger.count())},
                               {"socket.nagle.disable", "true"},
                               {"queue.buffering.max.messages", "200000"},
                               {"queue.buffering.max.kbytes", "131072"},
                               {"message.timeout.ms", std::to_string(transaction_ms * 4 / 5)}},
                  .required = {{"transactional.id", options.transactional_id},
                               {"transaction.timeout.ms", std::to_string(transaction_ms)},
                               {"enable.idempotence", "true"},
                               {"delivery.report.only.error", "true"},
                               {"message.max.bytes", std::to_string(options.message_bytes_max)}},
                  .on_rebalance = {},
                  .on_delivery_failed = {}};
  plan.on_delivery_failed = [self = producer.get()](const rd_kafka_message_t& message) {
    self->NoteFailedDelivery(message);
  };
  FOOTHOLD_ASSIGN(producer->client_, Client::Open(kafka, std::move(plan)));
  return producer;
}

Status KafkaProducer::Init(milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  const auto left = [deadline] {
    const auto rest = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    return std::clamp(rest, milliseconds{1}, kInitSlice);
  };
  Status status;
  do {
    status = OpenTopics(left());
  } while (IsRetry(status) && steady_clock::now() < deadline);
  FOOTHOLD_TRY(status);
  do {
    status =
        Explain(fmt::format("starting transactional id {}", options_.transactional_id),
                rd_kafka_init_transactions(client_->handle(), static_cast<int>(left().count())));
  } while (IsRetry(status) && steady_clock::now() < deadline);
  return status;
}

// Makes the handles of all topics, with the size each takes: making one inside a transaction costs
// it a second.
Status KafkaProducer::OpenTopics(milliseconds timeout) {
  for (const std::string& name : options_.topics) {
    if (topics_.contains(name)) {
      continue;
    }
    const Result<std::optional<TopicConfigs>> configs =
        DescribeConfigs(client_->handle(), name, timeout);
    Topic topic{.handle = nullptr, .record_bytes_max = options_.message_bytes_max};
    rd_kafka_poll(client_->handle(), 0);
    if (configs.has_value() && !configs->has_value()) {
      const auto now = steady_clock::now();
      if (!topics_unknown_since_) {
        topics_unknown_since_ = now;
      }
      const bool is_final = now - *topics_unknown_since_ >= unknown_topic_grace_;
      return Error(is_final ? Code::kFatal : Code::kRetry,
                   fmt::format("topic {} does not exist: create it, or correct its name", name));
    }
    if (configs.has_value()) {
      const auto found = (*configs)->find("max.message.bytes");
      if (found != (*configs)->end()) {
        topic.record_bytes_max =
            std::min<std::int64_t>(topic.record_bytes_max, std::stoll(found->second));
      }
    } else {
      Status status = client_->Explain(configs.error());
      if (IsRetry(status)) {
        return status;
      }
      FOOTHOLD_TRY(client_->TakeFault());
      // The settings may not be read by us: then our own limit has to do.
    }
    topic.handle.reset(rd_kafka_topic_new(client_->handle(), name.c_str(), nullptr));
    if (topic.handle == nullptr) {
      return StatusFrom(fmt::format("topic {}", name), rd_kafka_last_error());
    }
    topics_.emplace(name, std::move(topic));
  }
  return Status();
}

Status KafkaProducer::Begin() {
  failed_delivery_.reset();
  return Explain("beginning a transaction", rd_kafka_begin_transaction(client_->handle()));
}

Status KafkaProducer::Send(const log::OutgoingRecord& record) {
  const auto topic = topics_.find(record.topic);
  FOOTHOLD_CHECK(topic != topics_.end(), "a topic that the producer's options do not name");
  if (const std::int64_t size = SizeOf(record); size > topic->second.record_bytes_max) {
    return Error(Code::kInvalid,
                 fmt::format("a record of {} bytes is too large for topic {}, which takes {}", size,
                             record.topic, topic->second.record_bytes_max));
  }
  if (++sends_since_poll_ >= kSendsPerPoll) {
    sends_since_poll_ = 0;
    rd_kafka_poll(client_->handle(), 0);
  }
  const auto deadline = steady_clock::now() + kQueueFullMax;
  while (true) {
    Status status = Enqueue(record, topic->second.handle.get());
    if (!IsRetry(status) || steady_clock::now() >= deadline) {
      return status;
    }
    // What fills it goes at once, whatever it was to wait for. Serves the callbacks as well.
    rd_kafka_flush(client_->handle(), static_cast<int>(kQueueFullPause.count()));
  }
}

Status KafkaProducer::Enqueue(const log::OutgoingRecord& record, rd_kafka_topic_t* topic) {
  HeadersHandle headers = HeadersOf(record.headers);
  std::array<rd_kafka_vu_t, 7> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic;
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = record.partition.value;
  parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[2].u.i = RD_KAFKA_MSG_F_COPY;
  parts[3].vtype = RD_KAFKA_VTYPE_KEY;
  parts[3].u.mem = {PointerTo(record.key), record.key.value_or("").size()};
  parts[4].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[4].u.mem = {PointerTo(record.value), record.value.value_or("").size()};
  parts[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  parts[5].u.i64 = record.timestamp ? ToMs(*record.timestamp) : 0;  // 0: now.
  parts[6].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[6].u.headers = headers.get();
  const std::size_t part_count = headers == nullptr ? 6 : 7;
  const ErrorHandle error(rd_kafka_produceva(client_->handle(), parts.data(), part_count));
  if (error == nullptr) {
    static_cast<void>(headers.release());  // They belong to the message now.
    return Status();
  }
  const std::string what = fmt::format("writing {}[{}]", record.topic, record.partition.value);
  rd_kafka_t* const handle = client_->handle();
  std::array<char, 512> text{};
  if (rd_kafka_fatal_error(handle, text.data(), text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_poll(handle, 0);
    return client_->Explain(StatusFrom(what, RD_KAFKA_RESP_ERR__FATAL, text.data()));
  }
  // The transaction has failed meanwhile and takes no more records.
  if (rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__STATE) {
    return Error(Code::kAborted, fmt::format("{}: the transaction has failed", what));
  }
  return StatusFrom(what, *error);
}

Status KafkaProducer::SendOffsets(std::span<const log::Position> positions,
                                  const log::GroupToken& group, milliseconds timeout) {
  if (positions.empty()) {
    return Status();
  }
  rd_kafka_consumer_group_metadata_t* read = nullptr;
  const ErrorHandle error(
      rd_kafka_consumer_group_metadata_read(&read, group.bytes.data(), group.bytes.size()));
  FOOTHOLD_CHECK(error == nullptr, "a token that no consumer made");
  const GroupMetadataHandle metadata(read);
  const PartitionListHandle list = ListOf(positions);
  return Explain("adding offsets to the transaction",
                 rd_kafka_send_offsets_to_transaction(client_->handle(), list.get(), metadata.get(),
                                                      static_cast<int>(timeout.count())));
}

Status KafkaProducer::Commit(milliseconds timeout) {
  Status status =
      Explain("committing the transaction",
              rd_kafka_commit_transaction(client_->handle(), static_cast<int>(timeout.count())));
  if (status.ok() || !failed_delivery_) {
    return status;
  }
  // The same record would fail every transaction that carries it.
  const bool is_hopeless =
      failed_delivery_->code() == Code::kInvalid || failed_delivery_->code() == Code::kFatal;
  const Code code = is_hopeless && status.code() == Code::kAborted ? Code::kFatal : status.code();
  return Error(code, fmt::format("{}; {}", failed_delivery_->message(), status.message()));
}

Status KafkaProducer::Abort(milliseconds timeout) {
  return Explain("aborting the transaction",
                 rd_kafka_abort_transaction(client_->handle(), static_cast<int>(timeout.count())));
}

Status KafkaProducer::Explain(std::string_view what, rd_kafka_error_t* error) {
  rd_kafka_poll(client_->handle(), 0);
  ErrorHandle owner(error);
  if (error != nullptr &&
      rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    // The library does not say which topic it is.
    const std::string named =
        fmt::format("{} ({}, which writes {})", what, options_.transactional_id,
                    fmt::join(options_.topics, ", "));
    return client_->Explain(StatusOfTopicCall(named, "Write", rd_kafka_error_code(error),
                                              rd_kafka_error_string(error)));
  }
  const std::string named = fmt::format("{} ({})", what, options_.transactional_id);
  return client_->Explain(StatusFrom(named, client_->handle(), std::move(owner)));
}

void KafkaProducer::NoteFailedDelivery(const rd_kafka_message_t& message) {
  // An abort empties the queue: that is no failure of its own.
  if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
      message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || failed_delivery_) {
    return;
  }
  // By its code alone: what the library calls the error's text is the record's value here.
  failed_delivery_ = StatusOfTopicCall(
      fmt::format("writing {}[{}]", rd_kafka_topic_name(message.rkt), message.partition), "Write",
      message.err);
}

}  // namespace foothold::kafka
