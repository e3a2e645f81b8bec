#include "src/stream/dead_letter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/base/time.h"

namespace foothold::stream {
namespace {

// What the log adds to each header, at most, and the header that says what was cut.
constexpr std::size_t kHeaderOverhead = 16;
constexpr std::size_t kCutHeaderRoom = 64;

std::size_t BytesBesideValue(const StagedRecord& record) {
  std::size_t bytes = record.key.has_value() ? record.key->size() : 0;
  for (const auto& [key, value] : record.headers) {
    bytes += key.size() + (value.has_value() ? value->size() : 0) + kHeaderOverhead;
  }
  return bytes + kCutHeaderRoom;
}

}  // namespace

DeadLetter MakeDeadLetter(const DeadLetterOptions& options, const log::RecordView& record,
                          const intake::Rejected& rejected) {
  return MakeDeadLetter(options, record, intake::RejectReasonName(rejected.reason),
                        rejected.detail);
}

DeadLetter MakeDeadLetter(const DeadLetterOptions& options, const log::RecordView& record,
                          std::string_view reason, std::string_view detail) {
  DeadLetter letter;
  StagedRecord& staged = letter.record;
  staged.topic = options.topic;
  staged.partition =
      PartitionId{record.key.has_value() ? PartitionOfKey(*record.key, options.partitions)
                                         : record.partition.value % options.partitions};
  if (record.key.has_value()) {
    staged.key.emplace(*record.key);
  }
  if (record.value.has_value()) {
    staged.value.emplace(*record.value);
  }
  for (const log::Header& header : record.headers) {
    staged.headers.emplace_back(std::string(header.key),
                                header.value.has_value()
                                    ? std::optional<std::string>(std::string(*header.value))
                                    : std::nullopt);
  }
  const auto add = [&staged](const char* name, std::string value) {
    staged.headers.emplace_back(name, std::move(value));
  };
  add("dlq_reason", std::string(reason));
  add("dlq_detail", std::string(detail));
  add("dlq_topic", std::string(record.topic));
  add("dlq_partition", fmt::format("{}", record.partition.value));
  add("dlq_offset", fmt::format("{}", record.offset));
  if (record.timestamp > kEpoch) {
    add("dlq_timestamp", FormatRfc3339(record.timestamp));
  } else {
    staged.headers.emplace_back("dlq_timestamp", std::nullopt);  // A line of a file has none.
  }
  add("dlq_app", options.app);

  const std::size_t beside = BytesBesideValue(staged);
  const std::size_t room = options.bytes_max - std::min(options.bytes_max, beside);
  if (staged.value.has_value() && staged.value->size() > room) {
    add("dlq_truncated", fmt::format("{}", staged.value->size()));
    staged.value->resize(room);
    letter.was_cut = true;
  }
  return letter;
}

}  // namespace foothold::stream
