#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"
#include "src/log/log.h"

namespace foothold::log {

// One record as the log in memory keeps it: a copy of what was sent, in one buffer.
// Immutable, so that readers on other threads need no lock for what they were handed.
class StoredRecord {
 public:
  struct Content {
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::span<const Header> headers;
    Instant timestamp;
  };

  explicit StoredRecord(const Content& content);
  // The views inside point into the record itself.
  StoredRecord(const StoredRecord&) = delete;
  StoredRecord& operator=(const StoredRecord&) = delete;

  // The bytes of a record's key, value and headers, as the limit of a topic counts them.
  static std::size_t SizeOf(const Content& content);

  // A view that lives as long as this record and `topic`.
  RecordView ViewAt(std::string_view topic, PartitionId partition, std::int64_t offset) const;

  std::optional<std::string_view> key() const { return key_; }
  std::optional<std::string_view> value() const { return value_; }
  Instant timestamp() const { return timestamp_; }

 private:
  std::string_view Keep(std::string_view bytes);

  std::string bytes_;  // Reserved once in the constructor: the views stay valid.
  std::optional<std::string_view> key_;
  std::optional<std::string_view> value_;
  std::vector<Header> headers_;
  Instant timestamp_;
};

}  // namespace foothold::log
