#include "src/stream/output_sender.h"

#include <utility>

#include "src/base/hash.h"

namespace foothold::stream {

OutputSender::OutputSender(TopicNames topics, std::int32_t partitions,
                           const codec::OutputOptions& outputs)
    : topics_(std::move(topics)), partitions_(partitions), encoder_(outputs) {}

Status OutputSender::Send(const Outbox& outbox, const StagedWrites::Send& send) {
  for (const journey::OutputRecord& record : outbox.records()) {
    const codec::EncodedOutput& encoded = encoder_.Encode(record);
    headers_.clear();
    for (const codec::OutputHeader& header : encoded.headers) {
      headers_.push_back({.key = header.name, .value = header.value});
    }
    FOOTHOLD_TRY(send({.topic = topics_.Of(encoded.topic),
                       .partition = PartitionId{PartitionOfKey(encoded.tenant, partitions_)},
                       .key = encoded.key,
                       .value = encoded.value,
                       .headers = headers_,
                       .timestamp = std::nullopt}));
  }
  return Status();
}

}  // namespace foothold::stream
