#include "tests/kafka/chaos/feed.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/base/json.h"
#include "tests/kafka/chaos/history.h"
#include "tests/kafka/harness.h"

namespace foothold::chaos {
namespace {

using kafka::Must;
using std::chrono::steady_clock;

constexpr std::int64_t kUsers = 1'500;
constexpr std::int64_t kEvents = 100'000'000;  // More than is ever asked for.
constexpr double kRepeatShare = 0.01;
constexpr double kLateShare = 0.01;
constexpr double kMalformedShare = 0.002;
constexpr double kNobodyShare = 0.005;
constexpr double kNoAccountShare = 0.02;
constexpr std::size_t kRecentMax = 40;   // How far back a repeat reaches.
constexpr std::uint64_t kLateMax = 600;  // How many records later a late one comes.
constexpr milliseconds kCallMax{8'000};
constexpr milliseconds kBackOff{50};
constexpr milliseconds kSettledMax{300'000};
constexpr milliseconds kBatchEvery{100};

void Pause(milliseconds duration) { std::this_thread::sleep_for(duration); }

// kRetry means the same call again.
template <class Call>
Status Insist(const Call& call) {
  const auto deadline = steady_clock::now() + kSettledMax;
  Status status = call();
  while (!status.ok() && status.code() == Code::kRetry && steady_clock::now() < deadline) {
    Pause(kBackOff);
    status = call();
  }
  FOOTHOLD_CHECK(status.ok() || status.code() != Code::kRetry, status.ToString());
  return status;
}

benchmarks::TrafficOptions TrafficOf(std::uint64_t seed, milliseconds event_step) {
  return {.seed = seed,
          .events = kEvents,
          .users = kUsers,
          .span = std::max<std::int64_t>(1, kEvents * event_step.count() / kDay.count()) * kDay,
          .malformed_ppm = 0};
}

// The text between `begin` and the next quote; "" if `begin` is not there.
std::string TextAfter(const std::string& value, std::string_view begin) {
  const std::size_t at = value.find(begin);
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t from = at + begin.size();
  return value.substr(from, value.find('"', from) - from);
}

}  // namespace

Spice::Spice(std::uint64_t seed, milliseconds event_step)
    : random_(seed ^ 0x5eedULL), traffic_(TrafficOf(seed, event_step)) {}

std::pair<std::string, std::string> Spice::Fresh() {
  std::pair<std::string, std::string> record;
  FOOTHOLD_CHECK(traffic_.Next(&record.first, &record.second), "there is always more traffic");
  return record;
}

std::pair<std::string, std::string> Spice::Next() {
  ++number_;
  const auto due =
      std::ranges::find_if(late_, [&](const Held& held) { return held.due <= number_; });
  if (due != late_.end()) {
    std::pair<std::string, std::string> record = std::move(due->record);
    late_.erase(due);
    return record;
  }
  if (!recent_.empty() && random_.Chance(kRepeatShare)) {
    return recent_[static_cast<std::size_t>(random_.Below(recent_.size()))];
  }
  std::pair<std::string, std::string> record = Fresh();
  while (random_.Chance(kLateShare)) {
    late_.push_back({number_ + 1 + random_.Below(kLateMax), std::move(record)});
    record = Fresh();
  }
  const std::string time = TextAfter(record.second, "\"timestamp\":\"");
  const std::string id = fmt::format("spice-{}", number_);
  if (random_.Chance(kMalformedShare)) {
    record.second.resize(record.second.size() / 2);
    return record;
  }
  if (random_.Chance(kNobodyShare)) {
    record.second = fmt::format(
        R"({{"type":"track","event":"Signed In","messageId":"{}","timestamp":"{}"}})", id, time);
    return record;
  }
  if (!recent_.empty() && random_.Chance(kNoAccountShare)) {
    // Somebody who has been seen: who is to be placed is known by then.
    record.first = recent_.front().first;
    record.second =
        fmt::format(R"({{"type":"identify","userId":"{0}","messageId":"{1}","timestamp":"{2}",)"
                    R"("traits":{{"name":"Person {1}","email":"{0}@example.org"}}}})",
                    record.first, id, time);
    return record;
  }
  recent_.push_back(record);
  if (recent_.size() > kRecentMax) {
    recent_.erase(recent_.begin());
  }
  return record;
}

Feed::Feed(FeedOptions options)
    : options_(std::move(options)),
      log_(kafka::OpenLog(options_.servers)),
      id_(kafka::NewName("feed")),
      file_(options_.file, std::ios::binary),
      spice_(options_.seed, options_.event_step) {}

Feed::~Feed() = default;

void Feed::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Feed::Stop() {
  thread_.request_stop();
  thread_.join();
}

void Feed::Run(const std::stop_token& stop) {
  Reopen();
  const auto per_batch = static_cast<std::size_t>(
      std::max<std::int64_t>(1, options_.events_per_second * kBatchEvery.count() / 1'000));
  auto due = steady_clock::now();
  while (!stop.stop_requested()) {
    Batch batch;
    while (batch.size() < per_batch) {
      batch.push_back(spice_.Next());
    }
    Settle(batch);
    Note(batch);
    // What an outage held up is not made up for: the pace is that of producers which wait.
    due = std::max(due + kBatchEvery, steady_clock::now());
    std::this_thread::sleep_until(due);
  }
}

// Until the batch stands in the topic, once.
void Feed::Settle(const Batch& batch) {
  while (true) {
    const Status status = Attempt(batch);
    if (status.ok()) {
      break;
    }
    if (status.code() == Code::kAborted &&
        Insist([&] { return producer_->Abort(kCallMax); }).ok()) {
      continue;
    }
    // The outcome is open: a new producer of the same id settles it, and the number tells it.
    Reopen();
    if (CommittedNumber() > batches_) {
      break;
    }
  }
  ++batches_;
}

Status Feed::Attempt(const Batch& batch) {
  FOOTHOLD_TRY(producer_->Begin());
  for (const auto& [key, value] : batch) {
    FOOTHOLD_TRY(Insist([&] {
      return producer_->Send({.topic = options_.topic,
                              .partition = PartitionId{PartitionOfKey(key, options_.partitions)},
                              .key = key,
                              .value = value,
                              .headers = {},
                              .timestamp = {}});
    }));
  }
  const std::vector<log::Position> number{
      {.source = {options_.topic, PartitionId{0}}, .next = NextOffset{batches_ + 1}}};
  FOOTHOLD_TRY(Insist([&] { return producer_->SendOffsets(number, asker_->group(), kCallMax); }));
  return Insist([&] { return producer_->Commit(kCallMax); });
}

void Feed::Reopen() {
  producer_.reset();
  asker_.reset();
  producer_ = Must(log_->NewProducer({.transactional_id = id_, .topics = {options_.topic}}));
  Must(Insist([&] { return producer_->Init(kCallMax); }));
  asker_ = Must(log_->NewConsumer({.group = id_}));
}

std::int64_t Feed::CommittedNumber() {
  const std::vector<log::TopicPartition> source{{options_.topic, PartitionId{0}}};
  std::int64_t number = 0;
  Must(Insist([&]() -> Status {
    FOOTHOLD_ASSIGN(const auto committed, asker_->Committed(source, kCallMax));
    number = committed.front().value_or(NextOffset{0}).value;
    return Status();
  }));
  return number;
}

void Feed::Note(const Batch& batch) {
  for (const auto& [key, value] : batch) {
    file_ << value << '\n';
    acked_.emplace_back(PartitionOfKey(key, options_.partitions), HashOfRecord(key, value, {}));
  }
  file_.flush();
  FOOTHOLD_CHECK(!file_.fail(), "the file of the events cannot be written");
  count_.fetch_add(static_cast<int>(batch.size()));
}

}  // namespace foothold::chaos
