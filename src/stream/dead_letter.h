#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/intake/outcome.h"
#include "src/log/log.h"
#include "src/stream/staged.h"

namespace foothold::stream {

struct DeadLetterOptions {
  std::string app;
  std::string topic;
  std::int32_t partitions = 1;
  std::size_t bytes_max = 1'048'000;  // Key, value and headers together.
};

struct DeadLetter {
  StagedRecord record;
  bool was_cut = false;
};

// The record byte for byte, with the headers that say why and where it came from (RECORDS.md
// section 6). A value that even the dead letter cannot hold is cut, which `dlq_truncated` says with
// the size it had. Records of one key stay in order; those without one follow their source
// partition.
DeadLetter MakeDeadLetter(const DeadLetterOptions& options, const log::RecordView& record,
                          std::string_view reason, std::string_view detail);
// `rejected` as reason and detail.
DeadLetter MakeDeadLetter(const DeadLetterOptions& options, const log::RecordView& record,
                          const intake::Rejected& rejected);

}  // namespace foothold::stream
