#pragma once

// Where a schedule of the simulator can go wrong, and how.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace foothold::sim {

enum class StageId : std::uint8_t { kIntake, kPeople, kJourney };
inline constexpr std::size_t kStageCount = 3;

// The steps of a commit, numbered as in src/stream/transaction.h, the two kinds of reading, and
// what comes after a commit that failed.
enum class Step : std::uint8_t {
  kRead = 0,
  kOutputs = 1,
  kChangelog = 2,
  kOffsets = 3,
  kCommit = 4,
  kStore = 5,
  kRestore = 6,
  kAbort = 7,
};
inline constexpr std::size_t kStepCount = 8;

enum class Fault : std::uint8_t {
  // At a step.
  kCrashBefore,
  kCrashAfter,
  kRequestLost,  // The call does not happen and has to be made again.
  kReplyLost,    // It happened, and nobody hears of it.
  kVoided,       // The transaction is void.
  kTimedOut,     // The broker gives the transaction up, and fences its producer.
  kFenced,       // Fenced without a rival.
  kRival,        // Another process has the same transactional id, for a while.
  kRebalance,    // The partitions change hands.
  kSessionLost,  // The member is thrown out.
  kLateMarkers,  // From here on, the markers of transactions come late.
  kDamaged,      // The store cannot be trusted.
  kDiskFull,     // The store cannot be written.
  // Between two turns.
  kKilled,        // An instance ends and comes back.
  kAwayLong,      // An instance ends, and its sessions too, before it comes back.
  kStopped,       // An instance ends in order; the others take over a part of the partitions.
  kStoreLost,     // The volume is empty at the next start.
  kStoreOld,      // The volume is an older one.
  kStoreAhead,    // The volume says that it knows more than the log.
  kStoreFlipped,  // Bits of the volume's files have changed.
  kCompacted,     // The changelogs were compacted.
  kStartMoved,    // What was consumed is gone from the log.
  kClockForward,
  kClockBack,
};
inline constexpr std::size_t kFaultCount = 24;

inline constexpr Fault kFirstWorldFault = Fault::kKilled;

std::string_view NameOf(StageId stage);
std::string_view NameOf(Step step);
std::string_view NameOf(Fault fault);

// One place to strike at, and what to do there.
struct Cell {
  StageId stage = StageId::kIntake;
  Step step = Step::kRead;
  Fault fault = Fault::kCrashBefore;
  friend auto operator<=>(const Cell&, const Cell&) = default;
};

// Every fault at every step of every stage where it can be.
const std::vector<Cell>& AllCells();

}  // namespace foothold::sim
