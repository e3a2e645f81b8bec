#include "tests/sim/points.h"

namespace foothold::sim {
namespace {

bool CanBe(StageId stage, Step step, Fault fault) {
  const bool keeps_state = stage != StageId::kIntake;
  if (!keeps_state &&
      (step == Step::kChangelog || step == Step::kStore || step == Step::kRestore)) {
    return false;
  }
  const bool is_call = step != Step::kStore;
  const bool is_transaction = step == Step::kOutputs || step == Step::kChangelog ||
                              step == Step::kOffsets || step == Step::kCommit;
  switch (fault) {
    case Fault::kCrashBefore:
    case Fault::kCrashAfter:
    case Fault::kRebalance:
    case Fault::kSessionLost:
      return true;
    case Fault::kRequestLost:
      return is_call;
    case Fault::kReplyLost:
      return step == Step::kOffsets || step == Step::kCommit || step == Step::kAbort;
    case Fault::kVoided:
    case Fault::kTimedOut:
    case Fault::kRival:
    case Fault::kLateMarkers:
      return is_transaction;
    case Fault::kFenced:
      return is_transaction || step == Step::kRead || step == Step::kAbort;
    case Fault::kDamaged:
    case Fault::kDiskFull:
      return step == Step::kStore;
    case Fault::kKilled:
    case Fault::kAwayLong:
    case Fault::kStopped:
    case Fault::kStoreLost:
    case Fault::kStoreOld:
    case Fault::kStoreAhead:
    case Fault::kStoreFlipped:
    case Fault::kCompacted:
    case Fault::kStartMoved:
    case Fault::kClockForward:
    case Fault::kClockBack:
      return false;
  }
  return false;
}

std::vector<Cell> MakeCells() {
  std::vector<Cell> cells;
  for (std::size_t stage = 0; stage < kStageCount; ++stage) {
    for (std::size_t step = 0; step < kStepCount; ++step) {
      for (std::size_t fault = 0; fault < kFaultCount; ++fault) {
        const Cell cell{static_cast<StageId>(stage), static_cast<Step>(step),
                        static_cast<Fault>(fault)};
        if (CanBe(cell.stage, cell.step, cell.fault)) {
          cells.push_back(cell);
        }
      }
    }
  }
  return cells;
}

}  // namespace

std::string_view NameOf(StageId stage) {
  constexpr std::array<std::string_view, kStageCount> kNames{"intake", "people", "journey"};
  return kNames[static_cast<std::size_t>(stage)];
}

std::string_view NameOf(Step step) {
  constexpr std::array<std::string_view, kStepCount> kNames{
      "read", "outputs", "changelog", "offsets", "commit", "store", "restore", "abort"};
  return kNames[static_cast<std::size_t>(step)];
}

std::string_view NameOf(Fault fault) {
  constexpr std::array<std::string_view, kFaultCount> kNames{
      "crash_before", "crash_after", "request_lost",  "reply_lost",  "voided",
      "timed_out",    "fenced",      "rival",         "rebalance",   "session_lost",
      "late_markers", "damaged",     "disk_full",     "killed",      "away_long",
      "stopped",      "store_lost",  "store_old",     "store_ahead", "store_flipped",
      "compacted",    "start_moved", "clock_forward", "clock_back"};
  return kNames[static_cast<std::size_t>(fault)];
}

const std::vector<Cell>& AllCells() {
  static const std::vector<Cell> kCells = MakeCells();
  return kCells;
}

}  // namespace foothold::sim
