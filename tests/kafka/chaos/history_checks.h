#pragma once

// What must never be in a history, whatever died: the checks of Jepsen's Kafka workload, on
// Foothold's terms.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kafka/chaos/history.h"

namespace foothold::chaos {

enum class Anomaly : std::uint8_t {
  kLost,          // An acknowledged record is not in the source, or an input came to nothing.
  kDuplicate,     // An input came to something twice, or stands in the source twice.
  kPhantom,       // Something came of no input, or of one that must leave no trace.
  kMisplaced,     // What came of an input stands in another topic than it must.
  kReordered,     // Of one source partition, one lane has an input behind a later one.
  kAbortedRead,   // A reader of committed records was given one that is not committed.
  kChanged,       // Two readings of one place differ.
  kNonMonotonic,  // A reader was given a place again, or an earlier one; a revision fell.
  kUnseen,        // A committed record was never given to the reader who passed it.
  kTorn,          // One transaction is visible here and not there, or not as was decided.
  kHole,          // A subject's numbers have a hole or a repeat.
};
inline constexpr int kAnomalyCount = 11;
std::string_view AnomalyName(Anomaly anomaly);

struct Finding {
  Anomaly anomaly = Anomaly::kLost;
  std::string what;  // A sentence that names the place.
};

// All that is wrong. Of the source, of topics without a reader, and so on, what the history does
// not have is not judged, but for what is missing in it.
std::vector<Finding> CheckHistory(const History& history);

// How many transactions of each writer the coordinator aborted.
std::map<std::string, int> CountAborted(const History& history);

}  // namespace foothold::chaos
