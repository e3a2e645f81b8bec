#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "src/journey/records.h"

namespace foothold::stream {

// The output records of one commit, in the order in which they were decided. Of the statuses of one
// subject only the last is kept, in the place of the first; decisions all stay.
class Outbox {
 public:
  void Add(journey::OutputRecord&& record);
  bool is_empty() const { return records_.empty(); }
  const std::vector<journey::OutputRecord>& records() const { return records_; }
  void Clear();

 private:
  std::vector<journey::OutputRecord> records_;
  std::unordered_map<std::string, std::size_t> status_places_;  // Subject -> index in `records_`.
};

}  // namespace foothold::stream
