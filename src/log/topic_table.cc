#include "src/log/topic_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace foothold::log {

namespace {

// What a batch of one record costs beside the record: counted against max.message.bytes.
constexpr std::int64_t kBatchOverheadBytes = 70;
constexpr std::size_t kTopicNameMax = 249;

struct Setting {
  std::string_view name;
  std::string_view default_value;
};

// The settings of a topic of Kafka 4 and their defaults.
constexpr auto kSettings = std::to_array<Setting>({
    {"cleanup.policy", "delete"},
    {"compression.type", "producer"},
    {"delete.retention.ms", "86400000"},
    {"file.delete.delay.ms", "60000"},
    {"flush.messages", "9223372036854775807"},
    {"flush.ms", "9223372036854775807"},
    {"index.interval.bytes", "4096"},
    {"max.compaction.lag.ms", "9223372036854775807"},
    {"max.message.bytes", "1048588"},
    {"message.timestamp.after.max.ms", "3600000"},
    {"message.timestamp.before.max.ms", "9223372036854775807"},
    {"message.timestamp.type", "CreateTime"},
    {"min.cleanable.dirty.ratio", "0.5"},
    {"min.compaction.lag.ms", "0"},
    {"min.insync.replicas", "1"},
    {"preallocate", "false"},
    {"retention.bytes", "-1"},
    {"retention.ms", "604800000"},
    {"segment.bytes", "1073741824"},
    {"segment.index.bytes", "10485760"},
    {"segment.jitter.ms", "0"},
    {"segment.ms", "604800000"},
    {"unclean.leader.election.enable", "false"},
});

bool IsLegalName(std::string_view name) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kTopicNameMax && name != "." && name != ".." &&
         std::ranges::all_of(name, is_legal);
}

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number ? std::optional(number) : std::nullopt;
}

Status CheckSettings(const TopicSpec& spec) {
  for (const auto& [name, value] : spec.configs) {
    const auto setting = std::ranges::find(kSettings, std::string_view(name), &Setting::name);
    if (setting == kSettings.end()) {
      return Error(Code::kFatal, fmt::format("topic {}: unknown setting {}", spec.name, name));
    }
    if (ParseNumber(setting->default_value) && !ParseNumber(value)) {
      return Error(Code::kFatal, fmt::format("topic {}: setting {} must be a number, not \"{}\"",
                                             spec.name, name, value));
    }
  }
  return {};
}

}  // namespace

Status TopicTable::Create(const TopicSpec& spec) {
  if (!IsLegalName(spec.name)) {
    return Error(Code::kFatal,
                 fmt::format("topic \"{}\": a name is 1 to {} letters, digits, '.', '_', '-'",
                             spec.name, kTopicNameMax));
  }
  return CreateNamedFreely(spec);
}

Status TopicTable::CreateNamedFreely(const TopicSpec& spec) {
  if (spec.partitions < 1) {
    return Error(Code::kFatal,
                 fmt::format("topic {}: {} partitions asked for, at least 1 is needed", spec.name,
                             spec.partitions));
  }
  FOOTHOLD_TRY(CheckSettings(spec));
  Topic topic{.name = spec.name, .configs = spec.configs};
  for (const Setting& setting : kSettings) {
    topic.configs.try_emplace(std::string(setting.name), setting.default_value);
  }
  topic.partitions = std::vector<PartitionLog>(static_cast<std::size_t>(spec.partitions));
  topic.message_bytes_max = ParseNumber(topic.configs.at("max.message.bytes")).value_or(0);
  topic.is_compacted = topic.configs.at("cleanup.policy").find("compact") != std::string::npos;
  topic.stamps_append_time = topic.configs.at("message.timestamp.type") == "LogAppendTime";
  topics_.emplace(spec.name, std::move(topic));
  return {};
}

Topic* TopicTable::Find(std::string_view name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

Result<Topic*> TopicTable::TopicOf(std::string_view name) {
  Topic* const topic = Find(name);
  if (topic == nullptr) {
    return Error(Code::kFatal, fmt::format("topic {} does not exist", name));
  }
  return topic;
}

Result<PartitionLog*> TopicTable::PartitionOf(std::string_view topic, PartitionId partition) {
  FOOTHOLD_ASSIGN(Topic * found, TopicOf(topic));
  const std::size_t count = found->partitions.size();
  if (partition.value < 0 || static_cast<std::size_t>(partition.value) >= count) {
    return Error(Code::kFatal, fmt::format("{}[{}] does not exist: the topic has {} partitions",
                                           topic, partition.value, count));
  }
  return &found->partitions[static_cast<std::size_t>(partition.value)];
}

Result<std::int64_t> TopicTable::Append(const OutgoingRecord& record, TransactionNumber transaction,
                                        Instant now, std::optional<NextOffset> offset) {
  FOOTHOLD_ASSIGN(const Topic* topic, TopicOf(record.topic));
  FOOTHOLD_ASSIGN(PartitionLog * partition, PartitionOf(record.topic, record.partition));
  const StoredRecord::Content content{
      .key = record.key,
      .value = record.value,
      .headers = record.headers,
      .timestamp = topic->stamps_append_time ? now : record.timestamp.value_or(now)};
  const std::int64_t size =
      static_cast<std::int64_t>(StoredRecord::SizeOf(content)) + kBatchOverheadBytes;
  if (size > topic->message_bytes_max) {
    return Error(Code::kInvalid,
                 fmt::format("{}[{}]: a record of {} bytes, max.message.bytes is {}", record.topic,
                             record.partition.value, size, topic->message_bytes_max));
  }
  if (topic->is_compacted && !record.key) {
    return Error(Code::kInvalid,
                 fmt::format("{}[{}]: a compacted topic takes no record without key", record.topic,
                             record.partition.value));
  }
  const std::int64_t at = offset ? offset->value : partition->end();
  if (at < partition->end()) {
    return Error(Code::kInvalid,
                 fmt::format("{}[{}]: offset {} is taken, the next one is {}", record.topic,
                             record.partition.value, at, partition->end()));
  }
  partition->Append(at, transaction, ++last_sequence_, std::make_shared<StoredRecord>(content));
  return at;
}

}  // namespace foothold::log
