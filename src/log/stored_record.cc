#include "src/log/stored_record.h"

namespace foothold::log {

StoredRecord::StoredRecord(const Content& content) : timestamp_(content.timestamp) {
  bytes_.reserve(SizeOf(content));
  headers_.reserve(content.headers.size());
  if (content.key) {
    key_ = Keep(*content.key);
  }
  if (content.value) {
    value_ = Keep(*content.value);
  }
  for (const Header& header : content.headers) {
    Header kept{.key = Keep(header.key), .value = std::nullopt};
    if (header.value) {
      kept.value = Keep(*header.value);
    }
    headers_.push_back(kept);
  }
}

std::size_t StoredRecord::SizeOf(const Content& content) {
  std::size_t size = content.key.value_or("").size() + content.value.value_or("").size();
  for (const Header& header : content.headers) {
    size += header.key.size() + header.value.value_or("").size();
  }
  return size;
}

RecordView StoredRecord::ViewAt(std::string_view topic, PartitionId partition,
                                std::int64_t offset) const {
  return {.topic = topic,
          .partition = partition,
          .offset = offset,
          .timestamp = timestamp_,
          .key = key_,
          .value = value_,
          .headers = headers_};
}

std::string_view StoredRecord::Keep(std::string_view bytes) {
  const std::size_t begin = bytes_.size();
  bytes_.append(bytes);
  return std::string_view(bytes_).substr(begin);
}

}  // namespace foothold::log
