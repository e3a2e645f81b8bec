#include "src/stream/worker.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/metrics/worker_metrics.h"

namespace foothold::stream {
namespace {

// Longer than a transaction can stay open by itself: whatever still holds offsets back then hangs.
constexpr milliseconds kHungSlack{20'000};
// A turn works on at most so many entries before it looks at the time again.
constexpr std::size_t kSliceEntriesMax = 1'000;
// While commits are slow, this share of the time is spent in them at most (1 / 4).
constexpr int kCommitShare = 4;
// ... and this is as long as a change waits for its commit on that account: one commit that took
// long, through an outage, says nothing of the next.
constexpr milliseconds kCommitIntervalMax{2'000};
// A failure may lead to another one on the way to a sound state; more than this is a fault of ours.
constexpr int kFailuresInARowMax = 4;

}  // namespace

Worker::Worker(WorkerOptions options, Surroundings surroundings, Stage* stage)
    : options_(std::move(options)), around_(std::move(surroundings)), stage_(stage) {
  FOOTHOLD_CHECK(options_.commit_entries_max > 0, "a commit needs room for an entry");
}

Worker::~Worker() { DropHandles(); }

Status Worker::Open() {
  FOOTHOLD_CHECK(consumer_ == nullptr, "the worker is open already");
  around_.heartbeat->Beat(Doing::kOpening);
  FOOTHOLD_ASSIGN(producer_, around_.log->NewProducer(options_.producer));
  const RetryPolicy retry = MakeRetryPolicy();
  Status ready = retry.Run([&] { return producer_->Init(options_.call_timeout); });
  if (!ready.ok()) {
    const Code code = ready.code() == Code::kRetry ? Code::kFatal : ready.code();
    return Error(
        code, fmt::format("worker {} cannot open its transactional producer {}: {}", options_.name,
                          options_.producer.transactional_id, ready.message()));
  }
  transaction_.emplace(producer_.get(), retry);

  around_.heartbeat->Beat(Doing::kJoining);
  FOOTHOLD_ASSIGN(consumer_, around_.log->NewConsumer(options_.consumer));
  FOOTHOLD_TRY(consumer_->Subscribe(options_.subscription));
  stage_->Attach(consumer_.get());
  last_poll_ = around_.clock->Now();
  last_commit_ = last_poll_;
  return Status();
}

Result<Worker::Activity> Worker::RunOnce() {
  FOOTHOLD_CHECK(consumer_ != nullptr, "the worker is not open");
  Activity activity = Activity::kIdle;
  Status status = Turn(&activity);
  for (int failures = 0; !status.ok(); ++failures) {
    activity = Activity::kWorked;
    if (failures == kFailuresInARowMax) {
      return Error(Code::kFatal,
                   fmt::format("worker {} cannot recover: {}", options_.name, status.message()));
    }
    if (status.code() == Code::kFatal) {
      return Failure(std::move(status));
    }
    status = OnFailure(status);
  }
  return activity;
}

// The loop: take the assignment change; poll; process; fire due timers; commit if it is time or
// full. (Timers are part of the stage's work: they are due at entries of the journal only.)
Status Worker::Turn(Activity* activity) {
  if (owed_ != Owed::kNothing) {
    *activity = Activity::kWorked;
    FOOTHOLD_TRY(Settle());
  }
  if (change_.has_value()) {
    return TakeAssignment(activity);
  }
  FOOTHOLD_TRY(CheckMembership());
  FOOTHOLD_TRY(SyncPauses());
  if (!stage_->has_backlog() || IsKeepAliveDue()) {
    FOOTHOLD_TRY(Poll(activity));
    if (change_.has_value()) {
      return TakeAssignment(activity);
    }
  }

  around_.heartbeat->Beat(Doing::kWorking);
  const std::size_t room =
      options_.commit_entries_max - std::min(options_.commit_entries_max, stage_->staged_entries());
  FOOTHOLD_ASSIGN(
      const bool has_worked,
      stage_->Work(std::clamp<std::size_t>(room, 1, kSliceEntriesMax), around_.clock->Now()));
  if (has_worked) {
    *activity = Activity::kWorked;
  }

  if (stage_->staged_entries() > 0 && !staged_since_.has_value()) {
    staged_since_ = around_.clock->Now();
  }
  if (IsCommitDue()) {
    *activity = Activity::kWorked;
    FOOTHOLD_TRY(Commit());
  }
  if (stage_->staged_entries() > 0) {
    *activity = Activity::kWorked;
  }
  is_ready_.store(has_assignment_ && stage_->readable().size() == stage_->assigned().size(),
                  std::memory_order_relaxed);
  retrying_since_.reset();
  around_.metrics->LoopMoved(around_.clock->Now());
  return MeasureLag();
}

Status Worker::Poll(Activity* activity) {
  around_.heartbeat->Beat(Doing::kPolling);
  if (!seeks_.empty()) {
    FOOTHOLD_TRY(consumer_->Seek(seeks_));
    seeks_.clear();
  }
  // What is waiting for its commit must not wait for records as well.
  const bool may_wait = stage_->staged_entries() == 0 && !stage_->has_backlog();
  const milliseconds timeout =
      may_wait ? options_.poll_timeout
               : std::min(options_.poll_timeout, options_.drained_commit_interval);
  FOOTHOLD_ASSIGN(log::Batch batch, consumer_->Poll(timeout));
  last_poll_ = around_.clock->Now();
  if (batch.change.has_value()) {
    change_ = std::move(batch.change);
    return Status();
  }
  is_drained_ = batch.records.empty();
  if (is_drained_) {
    return stage_->ObserveIdle();
  }
  *activity = Activity::kWorked;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const log::RecordView& record = batch.records[i];
    if (stage_->is_full()) {
      ReadAgain(std::span(batch.records).subspan(i));
      break;
    }
    FOOTHOLD_TRY(stage_->Take(record));
    const bool is_last = i + 1 == batch.records.size() ||
                         batch.records[i + 1].partition != record.partition ||
                         batch.records[i + 1].topic != record.topic;
    if (is_last) {
      newest_[{std::string(record.topic), record.partition}] = record.timestamp;
    }
    if (IsFull() && !stage_->is_full()) {
      FOOTHOLD_TRY(Commit());
    }
  }
  return Status();
}

Status Worker::TakeAssignment(Activity* activity) {
  around_.heartbeat->Beat(Doing::kAssigning);
  *activity = Activity::kWorked;
  if (change_->kind != log::AssignmentChange::Kind::kAssigned) {
    return GiveUpPartitions(*change_);
  }

  FOOTHOLD_ASSIGN(const std::vector<log::Position> starts, stage_->Assign(change_->partitions));
  FOOTHOLD_TRY(consumer_->AcceptAssigned(starts));
  has_assignment_ = true;
  around_.metrics->Rebalanced(metrics::RebalanceKind::kAssigned, starts.size());
  around_.metrics->AssignedPartitions(stage_->assigned().size());
  change_.reset();
  lost_at_.reset();
  retrying_since_.reset();
  FOOTHOLD_TRY(SyncPauses());
  // Start places found out now must hold for ever, whatever happens before the first event.
  return stage_->staged_entries() > 0 ? Commit() : Status();
}

Status Worker::GiveUpPartitions(const log::AssignmentChange& change) {
  const bool is_lost =
      change.kind == log::AssignmentChange::Kind::kLost || consumer_->IsAssignmentLost();
  if (is_lost) {
    has_assignment_ = false;
    lost_at_ = around_.clock->Now();
    FOOTHOLD_TRY(Rewind());
  } else if (stage_->staged_entries() > 0 || stage_->owes_checkpoint()) {
    // An abort drops what is staged; this call then comes again.
    FOOTHOLD_TRY(CommitAll());
  }
  stage_->Release(change.partitions);
  for (const log::TopicPartition& partition : change.partitions) {
    paused_.erase(partition);
    newest_.erase(partition);
    around_.metrics->PartitionDropped(partition.topic, partition.partition);
    std::erase_if(seeks_, [&](const log::Position& seek) { return seek.source == partition; });
  }
  around_.metrics->Rebalanced(
      is_lost ? metrics::RebalanceKind::kLost : metrics::RebalanceKind::kRevoked,
      change.partitions.size());
  around_.metrics->AssignedPartitions(stage_->assigned().size());
  FOOTHOLD_TRY(consumer_->AcceptRevoked(change.partitions));
  change_.reset();
  return Status();
}

// The next poll brings `records` again.
void Worker::ReadAgain(std::span<const log::RecordView> records) {
  std::map<log::TopicPartition, NextOffset> places;
  for (const log::RecordView& record : records) {
    places.try_emplace({std::string(record.topic), record.partition}, NextOffset{record.offset});
  }
  for (const auto& [partition, next] : places) {
    std::erase_if(seeks_, [&](const log::Position& seek) { return seek.source == partition; });
    seeks_.push_back({partition, next});
  }
}

bool Worker::IsFull() const {
  return stage_->is_full() || stage_->staged_entries() >= options_.commit_entries_max;
}

bool Worker::IsCommitDue() const {
  const Instant now = around_.clock->Now();
  if (stage_->staged_entries() == 0) {
    return stage_->IsCheckpointDue(now);
  }
  if (IsFull()) {
    return true;
  }
  const milliseconds interval = std::max(
      options_.commit_interval, std::min(kCommitShare * last_commit_duration_, kCommitIntervalMax));
  // A wall clock that was set back must not hold a commit back.
  if (now < last_commit_ || now - staged_since_.value_or(now) >= interval) {
    return true;
  }
  return is_drained_ && !stage_->has_backlog() &&
         now - last_commit_ >= options_.drained_commit_interval;
}

Status Worker::Commit(Checkpoints checkpoints) {
  around_.heartbeat->Beat(Doing::kCommitting);
  const Instant begin = around_.clock->Now();
  StagedWrites writes;
  FOOTHOLD_TRY(stage_->Collect(begin, checkpoints, &writes));
  around_.metrics->OldestOpenTransaction(begin);
  Status committed = transaction_->Commit(writes, consumer_->group(), stage_);
  around_.metrics->OldestOpenTransaction(transaction_->is_open() ? std::optional(begin)
                                                                 : std::nullopt);
  if (!committed.ok()) {
    around_.metrics->CommitFailed(committed.code());
    return committed;
  }
  last_commit_ = around_.clock->Now();
  last_commit_duration_ = std::max(milliseconds{0}, last_commit_ - begin);
  staged_since_.reset();
  around_.metrics->CommitDone(last_commit_duration_, transaction_->partitions());
  return Status();
}

Status Worker::CommitAll() {
  do {
    FOOTHOLD_TRY(Commit(Checkpoints::kAll));
  } while (stage_->owes_checkpoint());
  return Status();
}

Status Worker::OnFailure(const Status& failure) {
  around_.heartbeat->Beat(Doing::kRecovering);
  switch (failure.code()) {
    case Code::kInvalid:  // The dead letter takes such records: what comes here is not one.
      return Error(Code::kFatal, failure.message());
    case Code::kRetry:
      return OnRetry(failure);
    case Code::kAborted:
      around_.logger->Warning("transaction aborted, going back to the last commit",
                              {{"worker", options_.name}, {"why", failure.message()}});
      owed_ = std::max(owed_, Owed::kRewind);
      return Settle();
    case Code::kFenced:
      return Reopen(failure);
    case Code::kCorrupt:
      around_.logger->Error("state cannot be trusted, restoring it from the changelog",
                            {{"worker", options_.name}, {"why", failure.message()}});
      owed_ = Owed::kRepair;
      return Settle();
    case Code::kFatal:
      return failure;
  }
  return failure;
}

Status Worker::OnRetry(const Status& failure) {
  const Instant now = around_.clock->Now();
  if (!retrying_since_.has_value()) {
    retrying_since_ = now;
    around_.logger->Warning("waiting for the log",
                            {{"worker", options_.name}, {"why", failure.message()}});
  }
  if (now - *retrying_since_ >= options_.call_timeout) {
    is_answered_.store(false, std::memory_order_relaxed);
  }
  const milliseconds patience = options_.producer.transaction_timeout + kHungSlack;
  const bool is_stuck = change_.has_value() || owed_ != Owed::kNothing;
  if (is_stuck && now - *retrying_since_ > patience) {
    return Error(
        Code::kFatal,
        fmt::format("a transaction hangs, or the brokers are away: group {} could not go on for "
                    "{} ({}). If they answer, find it with kafka-transactions.sh find-hanging",
                    options_.consumer.group, FormatDuration(patience), failure.message()));
  }
  if (options_.wait) {
    options_.wait(options_.retry_backoff);
  }
  return Status();
}

// Goes back to a sound state. Until that has succeeded nothing else is done: what is staged and
// what cannot be trusted must not be worked on.
Status Worker::Settle() {
  FOOTHOLD_TRY(owed_ == Owed::kRepair ? Repair() : Rewind());
  owed_ = Owed::kNothing;
  return Status();
}

Status Worker::Rewind() {
  FOOTHOLD_TRY(transaction_->Abort());
  around_.metrics->OldestOpenTransaction(std::nullopt);
  FOOTHOLD_ASSIGN(seeks_, stage_->Rewind());
  staged_since_.reset();
  return Status();
}

Status Worker::Repair() {
  FOOTHOLD_TRY(Rewind());
  std::vector<log::Position> places;
  FOOTHOLD_TRY(MakeRetryPolicy().Run([&]() -> Status {
    FOOTHOLD_ASSIGN(places, stage_->Repair());
    return Status();
  }));
  for (const log::Position& place : places) {
    std::erase_if(seeks_, [&](const log::Position& seek) { return seek.source == place.source; });
    seeks_.push_back(place);
  }
  return Status();
}

Status Worker::Reopen(const Status& failure) {
  const Instant now = around_.clock->Now();
  if (last_fenced_.has_value() && now - *last_fenced_ < options_.producer.transaction_timeout) {
    return Error(Code::kFatal,
                 fmt::format("worker {} was fenced twice: another process runs as {}: give each "
                             "instance its own name ({})",
                             options_.name, options_.producer.transactional_id, failure.message()));
  }
  last_fenced_ = now;
  around_.logger->Warning("fenced, opening new handles",
                          {{"worker", options_.name}, {"why", failure.message()}});
  DropHandles();
  return Open();
}

void Worker::DropHandles() {
  if (consumer_ == nullptr && producer_ == nullptr) {
    return;
  }
  stage_->Release(stage_->assigned());
  change_.reset();
  has_assignment_ = false;
  lost_at_.reset();
  owed_ = Owed::kNothing;
  seeks_.clear();
  paused_.clear();
  newest_.clear();
  staged_since_.reset();
  is_holding_ = false;
  transaction_.reset();
  if (consumer_ != nullptr) {
    consumer_->Close();
  }
  consumer_.reset();
  producer_.reset();
  is_ready_.store(false, std::memory_order_relaxed);
}

bool Worker::IsKeepAliveDue() const {
  const Instant now = around_.clock->Now();
  return now < last_poll_ || now - last_poll_ >= options_.consumer.max_poll_interval / 4;
}

// Pauses what must not deliver now and resumes what may. With a long backlog everything is paused,
// so that a poll that keeps the membership alive brings no further records.
Status Worker::SyncPauses() {
  is_holding_ = stage_->has_backlog() && IsKeepAliveDue();
  const std::vector<log::TopicPartition> readable =
      is_holding_ ? std::vector<log::TopicPartition>{} : stage_->readable();
  const std::set<log::TopicPartition> may_read(readable.begin(), readable.end());
  std::vector<log::TopicPartition> to_pause;
  std::vector<log::TopicPartition> to_resume;
  for (const log::TopicPartition& partition : stage_->assigned()) {
    const bool is_paused = paused_.contains(partition);
    if (may_read.contains(partition) && is_paused) {
      to_resume.push_back(partition);
    }
    if (!may_read.contains(partition) && !is_paused) {
      to_pause.push_back(partition);
    }
  }
  if (!to_pause.empty()) {
    FOOTHOLD_TRY(consumer_->Pause(to_pause));
    paused_.insert(to_pause.begin(), to_pause.end());
  }
  if (!to_resume.empty()) {
    FOOTHOLD_TRY(consumer_->Resume(to_resume));
    for (const log::TopicPartition& partition : to_resume) {
      paused_.erase(partition);
    }
  }
  return Status();
}

// The watchdog is for a call that never comes back. One that says again and again that nobody
// answers has an end of its own.
RetryPolicy Worker::MakeRetryPolicy() const {
  return RetryPolicy{.retries_max = options_.retries_max,
                     .backoff = options_.retry_backoff,
                     .call_timeout = options_.call_timeout,
                     .wait = [this](milliseconds backoff) {
                       around_.heartbeat->GoOn();
                       if (options_.wait) {
                         options_.wait(backoff);
                       }
                     }};
}

Status Worker::Close() {
  FOOTHOLD_CHECK(consumer_ != nullptr, "the worker is not open");
  Status status;
  const bool may_commit = !change_.has_value() && owed_ == Owed::kNothing;
  const bool has_to = stage_->staged_entries() > 0 || stage_->owes_checkpoint();
  if (may_commit && has_to && !consumer_->IsAssignmentLost()) {
    status = CommitAll();
    if (!status.ok() && status.code() != Code::kFatal) {
      // It is done again after the next start, which also settles what is left open: one whose
      // outcome is unknown may be committed, and must not be aborted.
      around_.logger->Warning("the last commit did not succeed",
                              {{"worker", options_.name}, {"why", status.message()}});
      if (status.code() == Code::kAborted) {
        static_cast<void>(transaction_->Abort());
      }
      status = Status();
    }
  }
  DropHandles();
  around_.heartbeat->Stop();
  return status;
}

Status Worker::Run(const std::stop_token& stop) {
  Status status = Open();
  while (status.ok() && !stop.stop_requested()) {
    status = StatusOf(RunOnce());
  }
  if (status.ok()) {
    return Close();
  }
  DropHandles();
  around_.heartbeat->Stop();
  return status;
}

}  // namespace foothold::stream
