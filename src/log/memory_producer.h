#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "src/log/memory_state.h"

namespace foothold::log {

// The producer of a MemoryLog.
class MemoryProducer final : public TransactionalProducer {
 public:
  MemoryProducer(MemoryState& state, const ProducerOptions& options)
      : state_(state), options_(options) {}

  Status Init(milliseconds timeout) override;
  Status Begin() override;
  Status Send(const OutgoingRecord& record) override;
  Status SendOffsets(std::span<const Position> positions, const GroupToken& group,
                     milliseconds timeout) override;
  Status Commit(milliseconds timeout) override;
  Status Abort(milliseconds timeout) override;

 private:
  //   kNew --Init--> kIdle --Begin--> kOpen --Commit, Abort--> kIdle
  //                                     |
  //                                     +-- it happened, the reply was lost --> kCommitted,
  //                                     kAborted
  //                                                     the same call again --> kIdle
  enum class Phase { kNew, kIdle, kOpen, kCommitted, kAborted };

  Status End(Call::Kind kind, Outcome outcome, Phase ended);
  // Keeps what a failure means for later calls, and returns it.
  Status Remember(Status failure);
  Call CallOf(Call::Kind kind) const { return {.kind = kind, .who = options_.transactional_id}; }

  MemoryState& state_;
  const ProducerOptions options_;
  Phase phase_ = Phase::kNew;
  ProducerIdentity identity_;
  std::optional<Status> dead_;  // kFenced or kFatal: every later call repeats it.
  std::optional<Status> void_;  // kAborted: only Abort() helps.
};

}  // namespace foothold::log
