#pragma once

// Values of the output topics -> their JSON, in whatever format a topic is written: for readers of
// our own outputs.

#include <memory>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace foothold::codec {

// Keeps its memory from record to record. Not thread-safe.
class OutputReader {
 public:
  OutputReader();
  ~OutputReader();
  OutputReader(const OutputReader&) = delete;
  OutputReader& operator=(const OutputReader&) = delete;

  // `record`: what stands between "foothold." and ".v1" in ce_type. `content_type`: the header.
  // JSON comes back as it is, unchecked; Protobuf, framed or raw, as the JSON that OutputEncoder
  // would have written. kInvalid: another format, no record of ours, or bytes that are none.
  Result<std::string> ToJson(std::string_view record, std::string_view content_type,
                             std::string_view value);

 private:
  struct Known;
  std::unique_ptr<Known> known_;
};

}  // namespace foothold::codec
