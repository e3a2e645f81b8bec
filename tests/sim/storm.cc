#include "tests/sim/storm.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::sim {
namespace {

constexpr milliseconds kPastTheTransaction{11'000};
constexpr milliseconds kMarkerDelayMax{8'000};
constexpr milliseconds kLateFor{20'000};
// More than the workers' retries: the call never gets through.
constexpr int kNeverThrough = 4;

Storm::When WhenOf(Fault fault) {
  return fault == Fault::kCrashAfter ? Storm::When::kAfter : Storm::When::kBefore;
}

bool CanFence(const Cell& cell) {
  const bool is_lost = cell.fault == Fault::kRequestLost || cell.fault == Fault::kReplyLost;
  return cell.fault == Fault::kTimedOut || cell.fault == Fault::kFenced ||
         cell.fault == Fault::kRival || (is_lost && cell.step == Step::kCommit);
}

// What the log itself is to say before the call takes place.
std::optional<Status> Said(Fault fault) {
  if (fault == Fault::kRequestLost) return Status(Code::kRetry, "the request was lost");
  if (fault == Fault::kVoided) return Status(Code::kAborted, "the transaction is void");
  if (fault == Fault::kFenced) return Status(Code::kFenced, "fenced by nobody");
  return std::nullopt;
}

}  // namespace

Storm::Storm(ManualWallClock* clock, std::uint64_t seed, Trace trace)
    : clock_(clock), random_(seed), trace_(std::move(trace)) {}

void Storm::Arm(const Cell& cell, int skip) { armed_.push_back({.cell = cell, .skip = skip}); }

void Storm::Calm() {
  armed_.clear();
  rivals_.clear();
  late_until_ = kEpoch;
}

Status Storm::Strike(const Spot& spot, Step step, When when) {
  if (spot.site->is_dead) {
    return Error(Code::kFatal, "killed");
  }
  if (const auto rival = rivals_.find(spot.instance_id);
      rival != rivals_.end() && rival->second > 0 && step == Step::kOutputs) {
    --rival->second;
    Rival(spot);
  }
  for (std::size_t i = 0; i < armed_.size(); ++i) {
    Armed& armed = armed_[i];
    const bool is_here = armed.cell.stage == spot.stage && armed.cell.step == step &&
                         WhenOf(armed.cell.fault) == when &&
                         (armed.site == nullptr || armed.site == spot.site);
    // What is committed already, and only lacks its reply, cannot be void.
    const bool cannot_be = armed.cell.fault == Fault::kVoided && step == Step::kCommit &&
                           committed_.contains(spot.instance_id);
    if (!is_here || cannot_be) {
      continue;
    }
    if (armed.skip > 0) {
      --armed.skip;
      continue;
    }
    Armed now = armed;
    Status struck = Apply(&now, spot);
    if (now.repeats > 0) {
      armed_[i] = now;
    } else {
      armed_.erase(armed_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return struck;
  }
  return Status();
}

Status Storm::Apply(Armed* armed, const Spot& spot) {
  const Cell& cell = armed->cell;
  const bool is_first = armed->site == nullptr;
  if (is_first) {
    trace_(fmt::format("{}: {} at {} of {}", spot.site->name, NameOf(cell.fault), NameOf(cell.step),
                       NameOf(cell.stage)));
    armed->site = spot.site;
    const bool is_lost = cell.fault == Fault::kRequestLost || cell.fault == Fault::kReplyLost;
    armed->repeats = !is_lost ? 1 : (random_.Chance(0.5) ? 1 : kNeverThrough);
    if (CanFence(cell)) {
      ++fences_[spot.instance_id];
    }
  }
  --armed->repeats;
  pending_ = {.before = Said(cell.fault), .after = {}, .cell = cell};
  if (cell.fault == Fault::kReplyLost) {
    pending_.after = Status(Code::kRetry, "the reply was lost");
  }
  if (pending_.before.has_value() || pending_.after.has_value()) {
    return Status();
  }
  Count(cell);
  return ApplyAtOnce(cell, spot);
}

Status Storm::ApplyAtOnce(const Cell& cell, const Spot& spot) {
  const Fault fault = cell.fault;
  if (fault == Fault::kCrashBefore || fault == Fault::kCrashAfter) {
    spot.site->is_dead = true;
    return Error(Code::kFatal, "killed");
  }
  if (fault == Fault::kTimedOut) {
    clock_->Advance(kPastTheTransaction);
  } else if (fault == Fault::kRival) {
    Rival(spot);
    rivals_[spot.instance_id] = random_.Chance(0.3) ? 1 : 0;
  } else if (fault == Fault::kRebalance) {
    log_->ForceRebalance(spot.group);
  } else if (fault == Fault::kSessionLost) {
    log_->ExpireSession(spot.group, spot.instance_id);
  } else if (fault == Fault::kLateMarkers) {
    late_until_ = clock_->Now() + kLateFor;
  } else if (fault == Fault::kDamaged) {
    return Error(Code::kCorrupt, "a checksum is wrong");
  } else if (fault == Fault::kDiskFull) {
    return Error(Code::kFatal, "the disk is full");
  } else {
    FOOTHOLD_CHECK(false, "a fault of the world, or one that a call is told");
  }
  return Status();
}

void Storm::Rival(const Spot& spot) {
  trace_(fmt::format("a rival of {}", spot.instance_id));
  ++fences_[spot.instance_id];
  auto producer = log_->NewProducer({.transactional_id = spot.instance_id, .topics = {}}).value();
  const Status ready = producer->Init(milliseconds{0});
  FOOTHOLD_CHECK(ready.ok(), ready.ToString());
  rival_handles_.push_back(std::move(producer));
}

void Storm::EndCall() { pending_ = Pending{}; }

Status Storm::Before(const log::Call& call) {
  if (call.kind == log::Call::Kind::kSend || call.kind == log::Call::Kind::kSendOffsets ||
      call.kind == log::Call::Kind::kInit) {
    committed_.erase(std::string(call.who));
  }
  if (!pending_.before.has_value()) {
    return Status();
  }
  Count(pending_.cell);
  const Status said = *pending_.before;
  pending_.before.reset();
  return said;
}

Status Storm::After(const log::Call& call) {
  if (call.kind == log::Call::Kind::kCommit) {
    committed_.insert(std::string(call.who));
    if (on_committed) {
      on_committed(call.who);
    }
  }
  if (!pending_.after.has_value()) {
    return Status();
  }
  Count(pending_.cell);
  const Status said = *pending_.after;
  pending_.after.reset();
  return said;
}

milliseconds Storm::MarkerDelay(const log::TopicPartition& target) {
  // The ledger is read by people's commands, which wait in real time.
  const bool is_on_time = clock_->Now() >= late_until_ || target.topic.ends_with("-control");
  return is_on_time ? milliseconds{0} : milliseconds{random_.Between(0, kMarkerDelayMax.count())};
}

void Storm::Count(const Cell& cell) { ++struck_[cell]; }

int Storm::fences(const std::string& transactional_id) const {
  const auto found = fences_.find(transactional_id);
  return found == fences_.end() ? 0 : found->second;
}

}  // namespace foothold::sim
