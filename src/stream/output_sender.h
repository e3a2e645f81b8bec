#pragma once

#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/codec/outputs.h"
#include "src/log/log.h"
#include "src/stream/options.h"
#include "src/stream/outbox.h"
#include "src/stream/staged.h"

namespace foothold::stream {

// Output records -> records of the output topics, in the partition of their tenant, with the same
// memory for each of them.
//
// Not thread-safe.
class OutputSender {
 public:
  OutputSender(TopicNames topics, std::int32_t partitions, const codec::OutputOptions& outputs);

  // Encodes and sends what is in the outbox, in its order. The first failure ends it.
  Status Send(const Outbox& outbox, const StagedWrites::Send& send);

 private:
  TopicNames topics_;
  std::int32_t partitions_;
  codec::OutputEncoder encoder_;
  std::vector<log::Header> headers_;  // Of the record that is sent.
};

}  // namespace foothold::stream
