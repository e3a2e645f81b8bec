#include "tests/kafka/chaos/observer.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "tests/kafka/harness.h"

namespace foothold::chaos {
namespace {

constexpr milliseconds kPollMax{50};
constexpr milliseconds kCallMax{5'000};
constexpr milliseconds kBackOff{100};

}  // namespace

Observer::Observer(std::string servers, std::map<std::string, std::int32_t> partitions)
    : log_(kafka::OpenLog(std::move(servers))) {
  for (const auto& [topic, count] : partitions) {
    numbers_[topic] = static_cast<int>(topics_.size());
    topics_.push_back(topic);
    for (std::int32_t i = 0; i < count; ++i) {
      next_[{topic, PartitionId{i}}] = 0;
    }
  }
}

Observer::~Observer() = default;

void Observer::Start() {
  thread_ = std::jthread([this] { Run(); });
}

void Observer::Finish() {
  finishes_.store(true);
  thread_.join();
}

void Observer::Run() {
  Status status = Open();
  while (!finishes_.load() || !IsAtEnds()) {
    if (status.ok()) {
      status = Turn();
      continue;
    }
    std::this_thread::sleep_for(kBackOff);
    if (status.code() == Code::kRetry && consumer_ != nullptr) {
      status = Turn();
      continue;
    }
    FOOTHOLD_CHECK(status.code() != Code::kFatal, status.ToString());
    ++session_;
    status = Open();
  }
}

Status Observer::Open() {
  consumer_.reset();
  FOOTHOLD_ASSIGN(consumer_, log_->NewConsumer({}));
  std::vector<log::Position> places;
  for (const auto& [source, next] : next_) {
    places.push_back({.source = source, .next = NextOffset{next}});
  }
  return consumer_->Assign(places);
}

Status Observer::Turn() {
  FOOTHOLD_ASSIGN(const log::Batch batch, consumer_->Poll(kPollMax));
  if (batch.records.empty()) {
    return Status();
  }
  const Time now = std::chrono::steady_clock::now();
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const log::RecordView& record : batch.records) {
    const log::TopicPartition source{std::string(record.topic), record.partition};
    polled_.push_back({.session = session_,
                       .lane = {numbers_.at(source.topic), record.partition.value},
                       .offset = record.offset,
                       .hash = HashOfRecord(record.key, record.value, HeadersOf(record))});
    next_[source] = record.offset + 1;
    std::vector<Time>& times = given_[source];
    if (times.empty() || times.back() != now) {
      times.push_back(now);
    }
  }
  return Status();
}

bool Observer::IsAtEnds() {
  if (consumer_ == nullptr) {
    return false;
  }
  return std::ranges::all_of(next_, [&](const auto& entry) {
    const Result<log::Watermarks> range = consumer_->QueryWatermarks(entry.first, kCallMax);
    const std::optional<NextOffset> position = consumer_->PositionOf(entry.first);
    return range.has_value() &&
           (range->high == 0 || (position.has_value() && position->value >= range->high));
  });
}

std::map<std::int32_t, Observer::Time> Observer::LastGiven(const std::string& topic) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::map<std::int32_t, Time> last;
  for (const auto& [source, times] : given_) {
    if (source.topic == topic) {
      last[source.partition.value] = times.back();
    }
  }
  return last;
}

milliseconds Observer::LongestGap(const std::string& topic, Time from) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Time::duration longest{0};
  for (const auto& [source, times] : given_) {
    if (source.topic != topic) {
      continue;
    }
    Time before = from;
    for (auto at = std::ranges::lower_bound(times, from); at != times.end(); ++at) {
      longest = std::max(longest, *at - before);
      before = *at;
    }
  }
  return std::chrono::duration_cast<milliseconds>(longest);
}

}  // namespace foothold::chaos
