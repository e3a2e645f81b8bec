#include "src/stream/intake_stage.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/metrics/intake_metrics.h"
#include "src/stream/accepted_event.h"
#include "src/stream/progress_note.h"

namespace foothold::stream {
namespace {

constexpr milliseconds kTellInterval{1'000};
constexpr milliseconds kTellAnywayInterval{10'000};
constexpr milliseconds kTellCountsInterval = kHour;
// What a partition may have come on, live, since counts were told: a worker that is killed loses
// them.
constexpr milliseconds kTellCountsStep = 15 * kMinute;
constexpr milliseconds kLookInterval{1'000};
constexpr milliseconds kCompareInterval{100};
constexpr milliseconds kDeadLetterInterval = kHour;
constexpr std::size_t kDeadLetterTenantsMax = 10'000;

// True once `interval` has passed since `last`, also when the wall clock was set back.
bool IsDue(const std::optional<Instant>& last, Instant now, milliseconds interval) {
  return !last.has_value() || now < *last || now - *last >= interval;
}

}  // namespace

IntakeStage::IntakeStage(IntakeOptions options, Surroundings surroundings)
    : options_(std::move(options)),
      around_(surroundings),
      dead_letter_options_{.app = options_.app,
                           .topic = options_.topics.dead_letter,
                           .partitions = options_.dead_letter_partitions,
                           .bytes_max = options_.dead_letter_bytes_max},
      batches_(options_.topics.journal, options_.journal_partitions, surroundings.metrics),
      people_(options_.topics.people, options_.people_partitions, options_.known_pairs_max) {
  for (const SourceOptions& source : options_.sources) {
    for (const std::string& topic : source.topics) {
      const bool is_new = source_of_topic_.emplace(topic, sources_.size()).second;
      FOOTHOLD_CHECK(is_new, "a topic belongs to one source");
    }
    sources_.push_back(std::make_unique<Source>(
        source.name, intake::DecoderOptions{.mapping = source.mapping,
                                            .record_bytes_max = options_.record_bytes_max,
                                            .is_product = source.is_product}));
  }
}

void IntakeStage::Attach(log::Consumer* consumer) {
  FOOTHOLD_CHECK(inputs_.empty(), "partitions belong to the consumer before");
  consumer_ = consumer;
}

std::vector<log::TopicPartition> IntakeStage::assigned() const {
  std::vector<log::TopicPartition> partitions;
  for (const auto& [partition, input] : inputs_) {
    partitions.push_back(partition);
  }
  return partitions;
}

std::vector<log::TopicPartition> IntakeStage::readable() const {
  std::vector<log::TopicPartition> partitions;
  for (const auto& [partition, input] : inputs_) {
    if (!input.is_ahead) {
      partitions.push_back(partition);
    }
  }
  return partitions;
}

// Records of one partition come in runs: the look-up is done once for a run.
IntakeStage::Inputs::value_type* IntakeStage::InputOf(const log::RecordView& record) {
  if (last_input_ != nullptr && last_input_->first.partition == record.partition &&
      last_input_->first.topic == record.topic) {
    return last_input_;
  }
  const auto found = inputs_.find({std::string(record.topic), record.partition});
  last_input_ = found == inputs_.end() ? nullptr : &*found;
  return last_input_;
}

Status IntakeStage::Take(const log::RecordView& record) {
  Inputs::value_type* const found = InputOf(record);
  if (found == nullptr || record.offset < found->second.next.value) {
    return Error(
        Code::kFatal,
        fmt::format("{} delivered offset {}, which is not ours to read now",
                    log::ToString({std::string(record.topic), record.partition}), record.offset));
  }
  Input& input = found->second;
  Source& source = *sources_[input.source];
  const std::optional<Instant> broker_time = IsLive() && record.timestamp > kEpoch
                                                 ? std::optional<Instant>(record.timestamp)
                                                 : std::nullopt;
  std::optional<std::string_view> schema_header;
  for (const log::Header& header : record.headers) {
    if (header.key == intake::kSchemaIdHeader) {
      schema_header = header.value;
    }
  }
  around_.metrics->RecordRead(input.source, record.value.value_or("").size());
  source.progress.ObserveRecord(input.place, broker_time);
  input.is_at_end = false;
  input.moved_at = around_.clock->Now();
  // The journal must know what time it is before the first event of a backlog: by that the journey
  // tells what is of today.
  if (IsLive() && IsDue(told_at_, input.moved_at, kTellAnywayInterval)) {
    TellProgress(Telling::kMoved, input.moved_at);
  }
  has_moved_ = true;

  const intake::Outcome outcome =
      source.decoder.Decode({.value = record.value,
                             .schema_header = schema_header,
                             .broker_time = broker_time,
                             .event_time_max = source.progress.event_time_max()});
  if (const auto* accepted = std::get_if<intake::Accepted>(&outcome)) {
    Accept(record, *accepted, &input);
  } else if (const auto* unplaced = std::get_if<intake::Unplaced>(&outcome)) {
    PassOn(record, *unplaced, &input);
  } else if (const auto* rejected = std::get_if<intake::Rejected>(&outcome)) {
    Reject(record, *rejected, &input);
  } else {
    around_.metrics->RecordSkipped(
        input.source, intake::SkipReasonName(std::get<intake::Skipped>(outcome).reason));
  }
  input.next = NextOffset{record.offset + 1};
  ++staged_entries_;

  // With much to catch up, or in a file, event time moves faster than the wall: tell as it moves.
  if (!input.event_time_max.has_value()) {
    return Status();
  }
  if (!input.told_max.has_value() ||
      *input.event_time_max - *input.told_max >= options_.progress_step) {
    TellProgress(Telling::kMoved, input.moved_at);
  }
  return Status();
}

void IntakeStage::Accept(const log::RecordView& record, const intake::Accepted& accepted,
                         Input* input) {
  Source& source = *sources_[input->source];
  const intake::Event& event = accepted.event;
  const std::optional<Instant> wall =
      IsLive() ? std::optional<Instant>(input->moved_at) : std::nullopt;
  source.progress.ObserveEvent(input->place, event.occurred_at, wall);
  NoteTime(wall.has_value() ? std::min(event.occurred_at, *wall) : event.occurred_at, input);
  Count(event.name, input);
  const journey::Event journaled = ToJourney(event, source.name, record);
  batches_.Append(journaled);
  const bool is_new = people_.Learn(journaled, event.name_class, TimeOf(*input, event.occurred_at));
  if (is_new && has_passed_on_) {  // What waits may be placed by it.
    source.progress.ObserveUnplaced(input->place, record.offset + 1, std::nullopt);
    is_handing_over_ = options_.hands_over_singly;
  }
  Remark(accepted, input->source);
}

// What goes by the person has come to its time, but moves no clock beyond what was accepted: it may
// never be placed.
void IntakeStage::PassOn(const log::RecordView& record, const intake::Unplaced& unplaced,
                         Input* input) {
  Source& source = *sources_[input->source];
  const intake::Event& event = unplaced.accepted.event;
  const Instant at = TimeOf(*input, event.occurred_at);
  const bool has_time = !unplaced.flaw.has_value();
  std::optional<Instant> come_to;
  if (has_time && (IsLive() || source.progress.event_time_max().has_value())) {
    come_to = std::min(event.occurred_at, at);
    NoteTime(*come_to, input);
  }
  source.progress.ObserveUnplaced(input->place, record.offset + 1, come_to);
  Count(event.name, input);
  has_passed_on_ = true;
  is_handing_over_ = options_.hands_over_singly;
  people_.Append(record, ToJourney(event, source.name, record), unplaced,
                 IsLive() ? at : std::max(event.occurred_at, at));
  around_.metrics->RecordPassedOn(input->source);
  Remark(unplaced.accepted, input->source);
}

void IntakeStage::NoteTime(Instant at, Input* input) {
  input->event_time_max = std::max(input->event_time_max.value_or(at), at);
  input->event_time_min = std::min(input->event_time_min.value_or(at), at);
}

void IntakeStage::Count(std::string_view name, Input* input) {
  if (!input->event_time_max.has_value()) {
    return;
  }
  intake::EventCounter& counter = sources_[input->source]->counter;
  const std::int64_t span = counter.SpanOf(*input->event_time_max);
  are_counts_due_ = are_counts_due_ || span != input->counted_span;
  input->counted_span = span;
  counter.Count(name, *input->event_time_max);
}

Instant IntakeStage::TimeOf(const Input& input, Instant instead) const {
  return IsLive() ? input.moved_at
                  : sources_[input.source]->progress.event_time_max().value_or(instead);
}

void IntakeStage::Remark(const intake::Accepted& accepted, std::size_t source) {
  if (accepted.was_without_zone) {
    around_.metrics->RecordRemarked(source, "no_zone");
  }
  if (accepted.was_in_future) {
    around_.metrics->RecordRemarked(source, "future_time");
  }
}

void IntakeStage::Reject(const log::RecordView& record, const intake::Rejected& rejected,
                         Input* input) {
  const std::size_t source = input->source;
  NoteDeadLetterOf(rejected.tenant, record, *input);
  DeadLetter letter = MakeDeadLetter(dead_letter_options_, record, rejected);
  dead_letters_.push_back(std::move(letter.record));
  around_.metrics->RecordRejected(source, intake::RejectReasonName(rejected.reason));
  if (letter.was_cut) {
    around_.metrics->DeadLetterCut(source);
  }
}

// The account of that tenant hears of it, once an hour at most.
void IntakeStage::NoteDeadLetterOf(const std::string& tenant, const log::RecordView& record,
                                   const Input& input) {
  const bool has_broker_time = IsLive() && record.timestamp > kEpoch;
  const Instant at = has_broker_time ? std::min(record.timestamp, input.moved_at)
                                     : TimeOf(input, input.event_time_max.value_or(kEpoch));
  if (tenant.empty() || at == kEpoch) {
    return;
  }
  const auto told = dead_letters_told_.find(tenant);
  if (told != dead_letters_told_.end() && at >= told->second &&
      at - told->second < kDeadLetterInterval) {
    return;
  }
  if (dead_letters_told_.size() >= kDeadLetterTenantsMax) {
    dead_letters_told_.clear();
  }
  dead_letters_told_[tenant] = at;
  batches_.Append(codec::DeadLetterNote{.tenant = tenant, .at = at});
}

void IntakeStage::TellProgress(Telling telling, Instant now) {
  if (are_counts_due_ || (IsLive() && IsDue(told_counts_at_, now, kTellCountsInterval))) {
    TellCounts(now);
  }
  LookAgainAtEnds(now);
  const bool is_all_told = telling == Telling::kAll || is_all_to_be_told_;
  is_all_to_be_told_ = false;
  journey::Progress progress;
  for (const std::unique_ptr<Source>& source : sources_) {
    const auto moved = source->progress.TakeMoved();
    for (const auto& [input, read] : is_all_told ? source->progress.all() : moved) {
      progress.partitions[{source->name, input.topic, input.partition.value}] = ToJourney(read);
    }
  }
  has_moved_ = false;
  told_at_ = now;
  for (auto& [partition, input] : inputs_) {
    input.told_max = input.event_time_max;
  }
  if (IsLive()) {
    progress.wall = now;
  }
  if (progress.partitions.empty() && !IsLive()) {
    return;
  }
  TellAll(progress);
}

void IntakeStage::TellCounts(Instant now) {
  are_counts_due_ = false;
  told_counts_at_ = now;
  for (auto& [partition, input] : inputs_) {
    input.told_counts_max = input.event_time_max;
  }
  for (const std::unique_ptr<Source>& source : sources_) {
    for (const auto& [span, names] : source->counter.Take()) {
      // The people stage has no use for them.
      batches_.AppendToAll(journey::Progress{
          .partitions = {},
          .wall = std::nullopt,
          .final_clock = std::nullopt,
          .counts = journey::EventCounts{.at = source->counter.BeginOf(span),
                                         .events = {names.begin(), names.end()}}});
      ++staged_entries_;
    }
  }
}

void IntakeStage::TellAll(const journey::Progress& progress) {
  batches_.AppendToAll(progress);
  people_.AppendToAll(progress);
  ++staged_entries_;
}

Status IntakeStage::ObserveIdle() {
  if (!IsLive()) {
    return FindEnds(around_.clock->Now(), milliseconds{0});
  }
  return Status();
}

Result<bool> IntakeStage::Work(std::size_t /*entries_max*/, Instant now) {
  const std::size_t before = staged_entries_;
  if (!inputs_.empty()) {
    if (IsLive() && IsDue(looked_at_, now, kLookInterval)) {
      looked_at_ = now;
      FOOTHOLD_TRY(FindEnds(now, kIdleAtEnd));
    }
    if (!IsLive() || IsDue(compared_at_, now, kCompareInterval)) {
      compared_at_ = now;
      FOOTHOLD_TRY(UpdateAhead(now));
    }
    if (IsLive() && has_moved_ && IsDue(told_at_, now, kTellInterval)) {
      TellProgress(Telling::kMoved, now);
    } else if (IsLive() && IsDue(told_at_, now, kTellAnywayInterval)) {
      TellProgress(Telling::kAll, now);
    }
  }
  TakeFinishRequest();
  return staged_entries_ != before;
}

void IntakeStage::RequestFinish(Instant final_clock) {
  is_finished_.store(false, std::memory_order_relaxed);
  finish_at_ms_.store(ToMs(final_clock), std::memory_order_release);
}

void IntakeStage::TakeFinishRequest() {
  const std::int64_t finish_at_ms = finish_at_ms_.load(std::memory_order_acquire);
  if (finish_at_ms < 0 || is_finish_staged_) {
    return;
  }
  TellAll({.partitions = {}, .wall = std::nullopt, .final_clock = InstantFromMs(finish_at_ms)});
  is_finish_staged_ = true;
}

bool IntakeStage::AreManyCountsUntold() const {
  return std::ranges::any_of(inputs_, [](const Inputs::value_type& entry) {
    const Input& input = entry.second;
    return input.event_time_max.has_value() &&
           (!input.told_counts_max.has_value() ||
            *input.event_time_max - *input.told_counts_max >= kTellCountsStep);
  });
}

Status IntakeStage::Collect(Instant now, Checkpoints /*checkpoints*/, StagedWrites* writes) {
  if (IsLive() && AreManyCountsUntold()) {
    TellCounts(now);
  }
  batches_.Take(&writes->outputs);
  people_.Take(&writes->outputs);
  for (StagedRecord& letter : dead_letters_) {
    writes->outputs.push_back(std::move(letter));
  }
  dead_letters_.clear();
  for (const auto& [partition, input] : inputs_) {
    if (input.next != input.committed || !input.is_start_saved) {
      writes->positions.push_back(
          {partition, input.next,
           EncodeProgressNote(sources_[input.source]->progress.of(input.place))});
    }
  }
  return Status();
}

void IntakeStage::Apply() {
  is_handing_over_ = false;
  for (auto& [partition, input] : inputs_) {
    input.committed = input.next;
    input.is_start_saved = true;
  }
  for (const std::unique_ptr<Source>& source : sources_) {
    source->progress.Commit();
    source->counter.Commit();
  }
  staged_entries_ = 0;
  if (is_finish_staged_) {
    finish_at_ms_.store(-1, std::memory_order_relaxed);
  }
  Publish(is_finish_staged_);
  is_finish_staged_ = false;
}

Result<std::vector<log::Position>> IntakeStage::Rewind() {
  batches_.Clear();
  people_.Clear();
  dead_letters_.clear();
  dead_letters_told_.clear();
  staged_entries_ = 0;
  is_finish_staged_ = false;
  is_handing_over_ = false;
  for (const std::unique_ptr<Source>& source : sources_) {
    source->progress.Rollback();
    source->counter.Rollback();
  }
  // What progress told may have been taken back: it is told again.
  told_at_.reset();
  has_moved_ = true;
  are_counts_due_ = true;
  ends_seen_at_.reset();
  is_all_to_be_told_ = true;
  std::vector<log::Position> positions;
  for (auto& [partition, input] : inputs_) {
    input.next = input.committed;
    const intake::ReadProgress read = sources_[input.source]->progress.of(input.place);
    input.event_time_max = read.event_time_max;
    input.event_time_min = read.event_time_min;
    input.is_at_end = false;
    input.told_max.reset();
    input.told_counts_max.reset();
    if (!input.is_start_saved) {
      ++staged_entries_;
    }
    positions.push_back({partition, input.next});
  }
  return positions;
}

Result<std::vector<log::Position>> IntakeStage::Repair() {
  return Error(Code::kFatal, "the intake has no state that could be damaged");
}

IntakeStage::Outlook IntakeStage::outlook() const {
  const std::int64_t max_ms = event_time_max_ms_.load(std::memory_order_relaxed);
  return {
      .partitions = partitions_.load(std::memory_order_relaxed),
      .partitions_at_end = partitions_at_end_.load(std::memory_order_relaxed),
      .is_finished = is_finished_.load(std::memory_order_acquire),
      .event_time_max = max_ms < 0 ? std::nullopt : std::optional<Instant>(InstantFromMs(max_ms))};
}

void IntakeStage::Publish(bool is_finished) {
  std::optional<Instant> event_time_max;
  for (const std::unique_ptr<Source>& source : sources_) {
    event_time_max = std::max(event_time_max, source->progress.event_time_max());
  }
  partitions_.store(inputs_.size(), std::memory_order_relaxed);
  partitions_at_end_.store(static_cast<std::size_t>(std::ranges::count_if(
                               inputs_, [](const auto& entry) { return entry.second.is_at_end; })),
                           std::memory_order_relaxed);
  if (event_time_max.has_value()) {
    event_time_max_ms_.store(ToMs(*event_time_max), std::memory_order_relaxed);
  }
  if (is_finished) {
    is_finished_.store(true, std::memory_order_release);
  }
}

}  // namespace foothold::stream
