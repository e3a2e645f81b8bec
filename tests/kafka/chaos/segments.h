#pragma once

// What stands in a broker's files, as no client shows it: which producer wrote what, where its
// transactions end, and what the coordinator decided. Read when nothing is written any more.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "src/base/status.h"

namespace foothold::chaos {

// A batch of one partition; of a transaction's marker the only record.
struct LogBatch {
  std::int64_t first = 0;  // Offsets [first, last].
  std::int64_t last = 0;
  std::int64_t producer = -1;
  bool is_transactional = false;
  bool is_marker = false;
  bool is_commit = false;  // Of a marker.
  std::string payload;     // The records, as they lie there: compressed or not.
  bool is_compressed = false;
};

// All batches of the segments in the folder of a partition, in their order. kCorrupt names the
// file; a tail that is not whole ends the reading.
Result<std::vector<LogBatch>> ReadSegments(const std::filesystem::path& folder);

// A transaction as its coordinator decided it.
struct DecidedTransaction {
  std::string id;
  bool is_commit = false;
  // Topic and partition; the groups' offsets are among them.
  std::vector<std::pair<std::string, std::int32_t>> partitions;
};
struct Coordinators {
  std::vector<DecidedTransaction> decided;  // In the order of each id.
  std::map<std::int64_t, std::string> ids;  // By producer id.
};

// From the partitions of __transaction_state under the broker's folder `data`.
Result<Coordinators> ReadCoordinators(const std::filesystem::path& data);

}  // namespace foothold::chaos
