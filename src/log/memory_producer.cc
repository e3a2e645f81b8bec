#include "src/log/memory_producer.h"

#include <algorithm>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::log {

Status MemoryProducer::Init(milliseconds /*timeout*/) {
  if (dead_) {
    return *dead_;
  }
  FOOTHOLD_CHECK(phase_ == Phase::kNew, "Init() comes first, and once");
  if (Status fault = state_.Before(CallOf(Call::Kind::kInit)); !fault.ok()) {
    return Remember(std::move(fault));
  }
  {
    MutexLock lock(state_.mutex);
    state_.Tick();
    identity_ = state_.transactions.Initialise(options_.transactional_id,
                                               options_.transaction_timeout, state_.clock.Now());
    state_.changed.NotifyAll();
  }
  if (Status fault = state_.After(CallOf(Call::Kind::kInit)); !fault.ok()) {
    return Remember(std::move(fault));
  }
  phase_ = Phase::kIdle;
  return {};
}

Status MemoryProducer::Begin() {
  if (dead_) {
    return *dead_;
  }
  FOOTHOLD_CHECK(phase_ == Phase::kIdle,
                 "a transaction begins after Init() and after the last one");
  phase_ = Phase::kOpen;
  return {};
}

Status MemoryProducer::Send(const OutgoingRecord& record) {
  if (dead_) {
    return *dead_;
  }
  FOOTHOLD_CHECK(phase_ == Phase::kOpen, "records are sent in a transaction");
  FOOTHOLD_CHECK(std::ranges::count(options_.topics, record.topic) > 0,
                 "a producer writes to the topics of its options");
  if (Status fault = state_.Before(CallOf(Call::Kind::kSend)); !fault.ok()) {
    return Remember(std::move(fault));
  }
  const auto size = static_cast<std::int64_t>(StoredRecord::SizeOf(
      {.key = record.key, .value = record.value, .headers = record.headers, .timestamp = kEpoch}));
  if (size > options_.message_bytes_max) {
    return Error(Code::kInvalid,
                 fmt::format("{}[{}]: a record of {} bytes, the producer takes {}", record.topic,
                             record.partition.value, size, options_.message_bytes_max));
  }
  MutexLock lock(state_.mutex);
  return Remember(state_.transactions.Append(identity_, record, state_.clock.Now()));
}

Status MemoryProducer::SendOffsets(std::span<const Position> positions, const GroupToken& group,
                                   milliseconds /*timeout*/) {
  if (dead_) {
    return *dead_;
  }
  FOOTHOLD_CHECK(phase_ == Phase::kOpen, "offsets are sent in a transaction");
  if (void_) {
    return *void_;
  }
  if (Status fault = state_.Before(CallOf(Call::Kind::kSendOffsets)); !fault.ok()) {
    return Remember(std::move(fault));
  }
  {
    MutexLock lock(state_.mutex);
    state_.Tick();
    Status status =
        state_.transactions.AddOffsets(identity_, positions, ParseToken(group), state_.clock.Now());
    if (!status.ok()) {
      return Remember(std::move(status));
    }
  }
  return Remember(state_.After(CallOf(Call::Kind::kSendOffsets)));
}

Status MemoryProducer::Commit(milliseconds /*timeout*/) {
  if (dead_) {
    return *dead_;
  }
  FOOTHOLD_CHECK(phase_ == Phase::kOpen || phase_ == Phase::kCommitted,
                 "an open transaction is committed");
  if (void_) {
    return *void_;
  }
  return End(Call::Kind::kCommit, Outcome::kCommitted, Phase::kCommitted);
}

Status MemoryProducer::Abort(milliseconds /*timeout*/) {
  if (dead_) {
    return *dead_;
  }
  FOOTHOLD_CHECK(phase_ == Phase::kOpen || phase_ == Phase::kAborted,
                 "an open transaction is aborted, not one whose commit is under way");
  return End(Call::Kind::kAbort, Outcome::kAborted, Phase::kAborted);
}

Status MemoryProducer::End(Call::Kind kind, Outcome outcome, Phase ended) {
  if (Status fault = state_.Before(CallOf(kind)); !fault.ok()) {
    return Remember(std::move(fault));
  }
  if (phase_ == Phase::kOpen) {
    MutexLock lock(state_.mutex);
    state_.Tick();
    Status status = state_.transactions.End(identity_, outcome, state_.clock.Now());
    if (!status.ok()) {
      return Remember(std::move(status));
    }
    state_.changed.NotifyAll();
    phase_ = ended;
  }
  if (Status fault = state_.After(CallOf(kind)); !fault.ok()) {
    FOOTHOLD_CHECK(fault.code() != Code::kAborted, "what happened cannot be reported as void");
    return Remember(std::move(fault));
  }
  phase_ = Phase::kIdle;
  void_.reset();
  return {};
}

Status MemoryProducer::Remember(Status failure) {
  if (failure.ok()) {
    return failure;
  }
  switch (failure.code()) {
    case Code::kFenced:
    case Code::kFatal:
      dead_ = failure;
      break;
    case Code::kAborted:
      FOOTHOLD_CHECK(phase_ == Phase::kOpen, "only an open transaction can be void");
      void_ = failure;
      break;
    case Code::kInvalid:
    case Code::kRetry:
    case Code::kCorrupt:
      break;
  }
  return failure;
}

}  // namespace foothold::log
