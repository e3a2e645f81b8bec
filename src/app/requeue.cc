#include "src/app/requeue.h"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "src/app/stage_options.h"

namespace foothold::app {
namespace {

// Of one transaction.
constexpr std::size_t kLettersMax = 500;
constexpr std::size_t kBytesMax = 8U << 20U;

// Partitions of the source topics, as they are asked for; 0: there is no such topic.
class SourceTopics {
 public:
  explicit SourceTopics(std::unique_ptr<log::Admin> admin) : admin_(std::move(admin)) {}

  Result<std::int32_t> PartitionsOf(const std::string& topic) {
    const auto known = partitions_.find(topic);
    if (known != partitions_.end()) {
      return known->second;
    }
    FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info, admin_->DescribeTopic(topic));
    return partitions_[topic] = info.has_value() ? info->partitions : 0;
  }

 private:
  std::unique_ptr<log::Admin> admin_;
  std::map<std::string, std::int32_t> partitions_;
};

bool IsSource(const config::Config& config, const std::string& topic) {
  for (const config::Source& source : config.sources) {
    for (const std::string& name : source.topics) {
      if (name == topic) {
        return true;
      }
    }
  }
  return false;
}

// Why the letter cannot go back; "" if it can.
Result<std::string> Obstacle(const config::Config& config, const std::set<LetterPlace>& requeued,
                             const Letter& letter, SourceTopics* topics) {
  if (requeued.contains(letter.place)) {
    return std::string("went back before");
  }
  if (letter.is_cut) {
    return std::string("cut to fit, its bytes are not whole");
  }
  if (!IsSource(config, letter.topic)) {
    return fmt::format("{} is no source of this configuration", letter.topic);
  }
  FOOTHOLD_ASSIGN(const std::int32_t partitions, topics->PartitionsOf(letter.topic));
  if (letter.source_partition >= partitions) {
    return fmt::format("{} has {} partitions now", letter.topic, partitions);
  }
  return std::string();
}

// Not thread-safe.
class Sender {
 public:
  Sender(log::TransactionalProducer* producer, stream::RetryPolicy retry, std::string dead_letter,
         std::string app)
      : producer_(producer),
        retry_(std::move(retry)),
        dead_letter_(std::move(dead_letter)),
        app_(std::move(app)) {}

  Status Add(const Letter& letter) {
    if (count_ == 0) {
      FOOTHOLD_TRY(producer_->Begin());
    }
    std::vector<log::Header> headers;
    for (const auto& [name, value] : letter.headers) {
      headers.push_back(
          {name, value.has_value() ? std::optional<std::string_view>(*value) : std::nullopt});
    }
    FOOTHOLD_TRY(Send({.topic = letter.topic,
                       .partition = PartitionId{letter.source_partition},
                       .key = letter.key,
                       .value = letter.value,
                       .headers = headers,
                       .timestamp = letter.timestamp}));
    const std::string place = ToString(letter.place);
    const std::vector<log::Header> mark{{kRequeuedHeader, place}, {"dlq_app", app_}};
    FOOTHOLD_TRY(Send({.topic = dead_letter_,
                       .partition = PartitionId{letter.place.partition},
                       .key = std::nullopt,
                       .value = std::nullopt,
                       .headers = mark}));
    ++count_;
    bytes_ += letter.value.has_value() ? letter.value->size() : 0;
    return count_ < kLettersMax && bytes_ < kBytesMax ? Status() : Finish();
  }

  Status Finish() {
    if (count_ == 0) {
      return Status();
    }
    count_ = 0;
    bytes_ = 0;
    return retry_.Run([&] { return producer_->Commit(retry_.call_timeout); });
  }

 private:
  Status Send(const log::OutgoingRecord& record) {
    return retry_.Run([&] { return producer_->Send(record); });
  }

  log::TransactionalProducer* producer_;
  stream::RetryPolicy retry_;
  std::string dead_letter_;
  std::string app_;
  std::size_t count_ = 0;  // Of the transaction that is open.
  std::size_t bytes_ = 0;
};

}  // namespace

Result<RequeuePlan> PlanRequeue(log::Log* log, const config::Config& config,
                                const LetterChoice& choice) {
  const std::string& dead_letter = config.outputs.dead_letter;
  FOOTHOLD_ASSIGN(const std::set<LetterPlace> requeued, ReadRequeued(log, dead_letter));
  FOOTHOLD_ASSIGN(std::unique_ptr<log::Admin> admin, log->NewAdmin());
  SourceTopics topics(std::move(admin));
  RequeuePlan plan;
  FOOTHOLD_TRY(ReadLetters(log, dead_letter, [&](const Letter& letter) -> Status {
    if (!IsChosen(choice, letter)) {
      return Status();
    }
    FOOTHOLD_ASSIGN(const std::string obstacle, Obstacle(config, requeued, letter, &topics));
    if (!obstacle.empty()) {
      ++plan.left_out[obstacle];
      return Status();
    }
    plan.places.insert(letter.place);
    ++plan.by_topic[letter.topic];
    return Status();
  }));
  return plan;
}

Result<RequeuePlan> Requeue(log::Log* log, const config::Config& config,
                            const LetterChoice& choice) {
  const std::string& dead_letter = config.outputs.dead_letter;
  log::ProducerOptions options{
      .transactional_id = config.app + "-dlq",
      .topics = {dead_letter},
      .message_bytes_max = ControlOptionsOf(config, TopicNamesOf(config)).message_bytes_max};
  for (const config::Source& source : config.sources) {
    options.topics.insert(options.topics.end(), source.topics.begin(), source.topics.end());
  }
  const stream::RetryPolicy retry = RetryOf(config);
  // The producer comes first: whoever requeued before is fenced, and all its marks are seen.
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::TransactionalProducer> producer,
                  log->NewProducer(options));
  FOOTHOLD_TRY(retry.Run([&] { return producer->Init(retry.call_timeout); }));
  FOOTHOLD_ASSIGN(RequeuePlan plan, PlanRequeue(log, config, choice));
  Sender sender(producer.get(), retry, dead_letter, config.app);
  FOOTHOLD_TRY(ReadLetters(log, dead_letter, [&](const Letter& letter) {
    return plan.places.contains(letter.place) ? sender.Add(letter) : Status();
  }));
  FOOTHOLD_TRY(sender.Finish());
  return plan;
}

}  // namespace foothold::app
