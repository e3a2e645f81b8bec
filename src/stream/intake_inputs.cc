// The inputs of an intake worker: where each begins, whether it is read to its end, and which wait
// for the others.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/stream/intake_stage.h"
#include "src/stream/progress_note.h"

namespace foothold::stream {
namespace {

constexpr milliseconds kCallTimeout{10'000};
// How far event time may go on, on the word that an input has ended.
constexpr milliseconds kEndsStep = 15 * kMinute;

}  // namespace

std::size_t IntakeStage::SourceOf(const std::string& topic) const {
  const auto found = source_of_topic_.find(topic);
  FOOTHOLD_CHECK(found != source_of_topic_.end(), "only the sources' topics are subscribed");
  return found->second;
}

Result<std::vector<log::Position>> IntakeStage::Assign(
    std::span<const log::TopicPartition> partitions) {
  FOOTHOLD_ASSIGN(const std::vector<std::optional<NextOffset>> committed,
                  consumer_->Committed(partitions, kCallTimeout));
  FOOTHOLD_ASSIGN(const std::vector<std::string> notes,
                  consumer_->CommittedNotes(partitions, kCallTimeout));
  std::vector<Input> opened;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    FOOTHOLD_ASSIGN(opened.emplace_back(), OpenInput(partitions[i], committed[i]));
  }
  std::vector<log::Position> positions;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    Input& input = opened[i];
    const intake::ReadProgress read = DecodeProgressNote(notes[i]);
    sources_[input.source]->progress.Restore(input.place, read);
    input.event_time_max = read.event_time_max;
    input.event_time_min = read.event_time_min;
    // A start that was found out now is committed before anything else.
    staged_entries_ += input.is_start_saved ? 0 : 1;
    positions.push_back({partitions[i], input.next});
    inputs_.insert_or_assign(partitions[i], input);
  }
  // Whoever read them before may have told that they had ended, and more may have come since.
  is_all_to_be_told_ = true;
  Publish(false);
  return positions;
}

Result<IntakeStage::Input> IntakeStage::OpenInput(const log::TopicPartition& partition,
                                                  const std::optional<NextOffset>& committed) {
  FOOTHOLD_ASSIGN(const log::Watermarks range, consumer_->QueryWatermarks(partition, kCallTimeout));
  Input input;
  input.source = SourceOf(partition.topic);
  input.place = {partition.topic, partition.partition};
  input.high = range.high;
  input.moved_at = around_.clock->Now();
  if (!committed.has_value()) {
    FOOTHOLD_ASSIGN(input.next, ResolveStart(partition, range));
    input.committed = input.next;
    return input;
  }
  if (committed->value < range.low) {
    return Error(
        Code::kFatal,
        fmt::format("source {}: {} was read up to offset {}, but is retained from {} on: {} "
                    "records are lost. Set the offset of group {}-intake to {} to go on "
                    "without them",
                    sources_[input.source]->name, log::ToString(partition), committed->value,
                    range.low, range.low - committed->value, options_.app, range.low));
  }
  if (committed->value > range.high) {
    return Error(
        Code::kFatal,
        fmt::format("source {}: {} was read up to offset {}, but ends at {}: the topic was "
                    "made anew. Set the offset of group {}-intake to {} to read it from its "
                    "beginning",
                    sources_[input.source]->name, log::ToString(partition), committed->value,
                    range.high, options_.app, range.low));
  }
  input.next = *committed;
  input.committed = *committed;
  input.is_start_saved = true;
  return input;
}

Result<NextOffset> IntakeStage::ResolveStart(const log::TopicPartition& partition,
                                             const log::Watermarks& range) {
  const StartAt& start = options_.sources[SourceOf(partition.topic)].start;
  switch (start.kind) {
    case StartAt::Kind::kEarliest:
      return NextOffset{range.low};
    case StartAt::Kind::kLatest:
      return NextOffset{range.high};
    case StartAt::Kind::kTime:
      return consumer_->OffsetForTime(partition, start.time, kCallTimeout);
  }
  return NextOffset{range.low};
}

void IntakeStage::Release(std::span<const log::TopicPartition> partitions) {
  for (const log::TopicPartition& partition : partitions) {
    const auto found = inputs_.find(partition);
    if (found == inputs_.end()) {
      continue;
    }
    sources_[found->second.source]->progress.Forget(found->second.place);
    inputs_.erase(found);
    last_input_ = nullptr;
  }
  if (inputs_.empty()) {
    batches_.Clear();
    people_.Clear();
    dead_letters_.clear();
    staged_entries_ = 0;
    is_handing_over_ = false;
    has_moved_ = false;
    is_finish_staged_ = false;
  }
  Publish(false);
}

// Finds the inputs that have been read to their high watermark and idle for `idle` since.
Status IntakeStage::FindEnds(Instant now, milliseconds idle) {
  bool has_found = false;
  for (auto& [partition, input] : inputs_) {
    if (input.is_at_end || now - input.moved_at < idle) {
      continue;
    }
    FOOTHOLD_ASSIGN(input.is_at_end, IsReadToEnd(partition, &input));
    if (!input.is_at_end) {
      continue;
    }
    sources_[input.source]->progress.ObserveEnd(input.place, true);
    has_moved_ = true;
    has_found = true;
  }
  if (has_found && !IsLive()) {
    TellProgress(Telling::kMoved, now);
  }
  return Status();
}

// An input that had nothing more to read has no say in what time it is. When records come again
// after a pause, they come of one input first: before what is told of it carries the clock on, the
// others are asked whether they still have nothing. One that cannot be asked is waited for.
void IntakeStage::LookAgainAtEnds(Instant now) {
  std::optional<Instant> latest;
  for (const auto& [partition, input] : inputs_) {
    latest = std::max(latest, input.event_time_max);
  }
  if (!latest.has_value() || (ends_seen_at_.has_value() && *latest - *ends_seen_at_ < kEndsStep)) {
    return;
  }
  ends_seen_at_ = latest;
  bool can_be_asked = true;
  for (auto& [partition, input] : inputs_) {
    if (!input.is_at_end) {
      continue;
    }
    // What the consumer has handed over already may wait to be taken: only where the input ended
    // when that was found out tells whether more has come.
    std::optional<std::int64_t> high;
    if (can_be_asked) {
      const auto range = consumer_->QueryWatermarks(partition, kCallTimeout);
      can_be_asked = range.has_value();
      high = range.has_value() ? std::optional(range->high) : std::nullopt;
    }
    if (high != input.high) {
      input.is_at_end = false;
      input.moved_at = now;
      sources_[input.source]->progress.ObserveEnd(input.place, false);
    }
  }
}

Result<bool> IntakeStage::IsReadToEnd(const log::TopicPartition& partition, Input* input) {
  const NextOffset position =
      std::max(input->next, consumer_->PositionOf(partition).value_or(input->next));
  FOOTHOLD_ASSIGN(const log::Watermarks range, consumer_->QueryWatermarks(partition, kCallTimeout));
  input->high = range.high;
  return position.value >= range.high;
}

// While there is much to catch up, inputs that are far ahead of the others in event time wait, so
// that the clock of the journey can follow them all.
Status IntakeStage::UpdateAhead(Instant now) {
  const auto is_old = [&](const auto& entry) {
    return entry.second.event_time_max.has_value() &&
           (!IsLive() || *entry.second.event_time_max < now - kAheadMax);
  };
  if (inputs_.size() < 2 || !std::ranges::any_of(inputs_, is_old)) {
    for (auto& [partition, input] : inputs_) {
      input.is_ahead = false;
    }
    return Status();
  }
  // An input with more to read of which nothing was accepted yet may begin as early as any other.
  std::optional<Instant> earliest;
  for (const auto& [partition, input] : inputs_) {
    if (input.event_time_min.has_value()) {
      earliest = std::min(earliest.value_or(*input.event_time_min), *input.event_time_min);
    }
  }
  std::optional<Instant> slowest;
  for (auto& [partition, input] : inputs_) {
    if (input.is_at_end) {
      continue;
    }
    if (input.next.value >= input.high) {
      FOOTHOLD_ASSIGN(const bool is_read, IsReadToEnd(partition, &input));
      if (is_read) {
        continue;
      }
    }
    const std::optional<Instant> at =
        input.event_time_max.has_value() ? input.event_time_max : earliest;
    if (at.has_value()) {
      slowest = std::min(slowest.value_or(*at), *at);
    }
  }
  for (auto& [partition, input] : inputs_) {
    input.is_ahead = slowest.has_value() && input.event_time_max.has_value() &&
                     *input.event_time_max - *slowest > kAheadMax;
  }
  return Status();
}

}  // namespace foothold::stream
