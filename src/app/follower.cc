#include "src/app/follower.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "src/app/kafka_client.h"
#include "src/readmodel/read_model.h"

namespace foothold::app {
namespace {

constexpr milliseconds kRetryAfter{1'000};
constexpr int kRecordsMax = 2'000;  // A transaction of the model.

// Waits, but no longer than until `stop`.
void Wait(const std::stop_token& stop, milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, duration, [&] { return stop.stop_requested(); });
}

bool IsStatus(const stream::TopicNames& topics, const std::string& topic) {
  return topic == topics.user_status || topic == topics.account_status;
}

}  // namespace

std::string Follower::Source::Origin() const {
  std::string origin = topics.journal;
  for (const auto& [topic, count] : partitions) {
    origin += fmt::format(" {}:{}", topic, count);
  }
  return origin;
}

Result<Follower::Source> Follower::Find(log::Log* log, const stream::TopicNames& topics) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, log->NewAdmin());
  Source source{.topics = topics, .partitions = {}};
  for (const std::string& topic : ModelFeed(topics, nullptr).Topics()) {
    FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info, admin->DescribeTopic(topic));
    if (!info.has_value()) {
      return Error(Code::kInvalid, fmt::format("the topic {} is not there; `foothold run` of the "
                                               "same configuration makes it",
                                               topic));
    }
    source.partitions[topic] = info->partitions;
  }
  return source;
}

Follower::Follower(log::Log* log, Source source, const WallClock* clock, milliseconds kept,
                   readmodel::ReadModel* model)
    : log_(log),
      source_(std::move(source)),
      clock_(clock),
      kept_(kept),
      model_(model),
      feed_(source_.topics, model) {}

Result<std::vector<log::Position>> Follower::Starts(log::Consumer* consumer) {
  FOOTHOLD_ASSIGN(const std::vector<readmodel::Place> places, model_->Places());
  std::map<log::TopicPartition, std::int64_t> known;
  for (const readmodel::Place& place : places) {
    known[{place.topic, PartitionId{place.partition}}] = place.next;
  }
  std::vector<log::Position> starts;
  bool is_of_these = true;
  ends_.clear();
  for (const auto& [topic, count] : source_.partitions) {
    for (std::int32_t p = 0; p < count; ++p) {
      const log::TopicPartition partition{topic, PartitionId{p}};
      FOOTHOLD_ASSIGN(const log::Watermarks range,
                      consumer->QueryWatermarks(partition, kCallTimeout));
      ends_[partition] = range.high;
      std::int64_t next = range.low;
      if (const auto found = known.find(partition); found != known.end()) {
        // Behind the end, or before what is retained of statuses: they were made anew meanwhile.
        is_of_these = is_of_these && found->second <= range.high &&
                      (found->second >= range.low || !IsStatus(source_.topics, topic));
        next = std::max(range.low, found->second);
      } else if (!IsStatus(source_.topics, topic)) {
        FOOTHOLD_ASSIGN(const NextOffset recent,
                        consumer->OffsetForTime(partition, clock_->Now() - kept_, kCallTimeout));
        next = recent.value;
      }
      starts.push_back({partition, NextOffset{next}});
    }
  }
  if (!is_of_these) {
    FOOTHOLD_TRY(model_->Clear());
    return Starts(consumer);  // There are no places any more.
  }
  return starts;
}

bool Follower::HasPassed(log::Consumer* consumer,
                         const std::map<log::TopicPartition, std::int64_t>& ends) {
  return std::ranges::all_of(ends, [&](const auto& end) {
    const std::optional<NextOffset> next = consumer->PositionOf(end.first);
    return next.has_value() && next->value >= end.second;
  });
}

Status Follower::Follow(const std::stop_token& stop, std::atomic<bool>* is_caught_up) {
  log::ConsumerOptions options;
  options.batch_records_max = kRecordsMax;
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> consumer, log_->NewConsumer(options));
  FOOTHOLD_ASSIGN(const std::vector<log::Position> starts, Starts(consumer.get()));
  // A partition in which there is nothing behind the start has been passed.
  for (const log::Position& start : starts) {
    if (start.next.value >= ends_[start.source]) {
      ends_.erase(start.source);
    }
  }
  FOOTHOLD_TRY(consumer->Assign(starts));
  while (!stop.stop_requested()) {
    FOOTHOLD_ASSIGN(const log::Batch batch, consumer->Poll(kPollTimeout));
    if (!batch.records.empty()) {
      FOOTHOLD_TRY(feed_.Take(batch.records));
    }
    if (!is_caught_up->load() && HasPassed(consumer.get(), ends_)) {
      is_caught_up->store(true);
    }
  }
  consumer->Close();
  return {};
}

Status Follower::Run(const std::stop_token& stop, std::atomic<bool>* is_caught_up) {
  while (!stop.stop_requested()) {
    const Status followed = Follow(stop, is_caught_up);
    if (followed.ok() || followed.code() != Code::kRetry) {
      return followed;
    }
    Wait(stop, kRetryAfter);
  }
  return {};
}

}  // namespace foothold::app
