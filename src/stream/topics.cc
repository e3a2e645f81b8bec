#include "src/stream/topics.h"

#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace foothold::stream {
namespace {

constexpr std::int64_t kForever = -1;
constexpr milliseconds kQueryTimeout{10'000};

struct Requirement {
  log::TopicSpec spec;
  const char* role = "";  // What the topic is, for messages.
  // Records that time removes are lost for good: the retention is checked.
  std::optional<std::int64_t> retention_ms_min;
  std::optional<std::int64_t> delete_retention_ms_min;
};

std::optional<std::int64_t> IntegerOf(const log::TopicInfo& info, const std::string& name) {
  const auto found = info.configs.find(name);
  if (found == info.configs.end()) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, number);
  if (error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return number;
}

std::vector<Requirement> RequirementsOf(const TopicOptions& options) {
  const std::string bytes_max = fmt::format("{}", options.message_bytes_max);
  const std::string forever = fmt::format("{}", kForever);
  const std::string journal_ms = fmt::format("{}", options.journal_retention.count());
  const std::string tombstone_ms = fmt::format("{}", options.tombstone_retention.count());
  const std::string people_ms = fmt::format("{}", options.people_retention.count());
  const std::string people_bytes_max = fmt::format("{}", options.people_bytes_max);
  const auto spec = [&](const std::string& name, std::int32_t partitions,
                        std::map<std::string, std::string> configs) {
    configs.emplace("max.message.bytes", bytes_max);
    return log::TopicSpec{.name = name,
                          .partitions = partitions,
                          .replication = options.replication,
                          .configs = std::move(configs)};
  };
  const TopicNames& topics = options.topics;
  std::vector<Requirement> all;
  all.push_back({spec(topics.journal, options.journal_partitions,
                      {{"cleanup.policy", "delete"},
                       {"retention.ms", journal_ms},
                       {"retention.bytes", forever}}),
                 "the journal", options.journal_retention.count(), std::nullopt});
  all.push_back({spec(topics.changelog, options.journal_partitions,
                      {{"cleanup.policy", "compact"}, {"delete.retention.ms", tombstone_ms}}),
                 "the state's changelog", std::nullopt, options.tombstone_retention.count()});
  all.push_back({spec(topics.people, options.people_partitions,
                      {{"cleanup.policy", "delete"},
                       {"retention.ms", people_ms},
                       {"retention.bytes", forever},
                       {"max.message.bytes", people_bytes_max}}),
                 "what waits for its account", options.people_retention.count(), std::nullopt});
  all.push_back({spec(topics.people_changelog, options.people_partitions,
                      {{"cleanup.policy", "compact"},
                       {"delete.retention.ms", tombstone_ms},
                       {"max.message.bytes", people_bytes_max}}),
                 "the people stage's changelog", std::nullopt,
                 options.tombstone_retention.count()});
  all.push_back(
      {spec(
           topics.control, 1,
           {{"cleanup.policy", "delete"}, {"retention.ms", forever}, {"retention.bytes", forever}}),
       "the ledger of control entries", INT64_MAX, std::nullopt});
  std::vector<std::string> logs = topics.Logs();
  logs.push_back(topics.dead_letter);
  for (const std::string& log_topic : logs) {
    all.push_back({spec(log_topic, options.output_partitions, {{"cleanup.policy", "delete"}}),
                   "an output", std::nullopt, std::nullopt});
  }
  for (const std::string& status_topic : topics.Statuses()) {
    all.push_back({spec(status_topic, options.output_partitions, {{"cleanup.policy", "compact"}}),
                   "a status output", std::nullopt, std::nullopt});
  }
  return all;
}

Status CheckPartitions(const Requirement& required, const log::TopicInfo& info) {
  const log::TopicSpec& spec = required.spec;
  if (info.partitions == spec.partitions) {
    return Status();
  }
  return Error(
      Code::kFatal,
      fmt::format("topic {} ({}) has {} partitions, the configuration says {}: set it to "
                  "{}, or begin with a new app id",
                  spec.name, required.role, info.partitions, spec.partitions, info.partitions));
}

Status CheckCleanup(const Requirement& required, const log::TopicInfo& info) {
  const std::string& wanted = required.spec.configs.at("cleanup.policy");
  const auto found = info.configs.find("cleanup.policy");
  if (found == info.configs.end() || found->second == wanted) {
    return Status();
  }
  return Error(
      Code::kFatal,
      fmt::format("topic {} ({}) has cleanup.policy={}, which would lose records: set it to "
                  "{}",
                  required.spec.name, required.role, found->second, wanted));
}

Status CheckAtLeast(const Requirement& required, const log::TopicInfo& info,
                    const std::string& setting, std::optional<std::int64_t> min) {
  if (!min.has_value()) {
    return Status();
  }
  const std::optional<std::int64_t> found = IntegerOf(info, setting);
  if (!found.has_value() || *found == kForever || *found >= *min) {
    return Status();
  }
  return Error(Code::kFatal,
               fmt::format("topic {} ({}) has {}={}, too little: set it to {}", required.spec.name,
                           required.role, setting, *found, required.spec.configs.at(setting)));
}

Status CheckMessageBytes(const Requirement& required, const log::TopicInfo& info) {
  const std::optional<std::int64_t> found = IntegerOf(info, "max.message.bytes");
  const std::string& bytes_min = required.spec.configs.at("max.message.bytes");
  if (!found.has_value() || *found >= std::atoll(bytes_min.c_str())) {
    return Status();
  }
  return Error(
      Code::kFatal,
      fmt::format("topic {} ({}) has max.message.bytes={}, but records of {} bytes may come: "
                  "raise it, or lower the size of the records that are accepted",
                  required.spec.name, required.role, *found, bytes_min));
}

}  // namespace

Status EnsureTopics(log::Admin* admin, const TopicOptions& options) {
  std::vector<log::TopicSpec> missing;
  for (const Requirement& required : RequirementsOf(options)) {
    FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info,
                    admin->DescribeTopic(required.spec.name));
    if (!info.has_value()) {
      missing.push_back(required.spec);
      continue;
    }
    FOOTHOLD_TRY(CheckPartitions(required, *info));
    FOOTHOLD_TRY(CheckCleanup(required, *info));
    FOOTHOLD_TRY(CheckAtLeast(required, *info, "retention.ms", required.retention_ms_min));
    FOOTHOLD_TRY(
        CheckAtLeast(required, *info, "delete.retention.ms", required.delete_retention_ms_min));
    FOOTHOLD_TRY(CheckMessageBytes(required, *info));
  }
  return missing.empty() ? Status() : admin->CreateTopics(missing);
}

Status CheckNoneDeleted(log::Log* log, log::Admin* admin, const TopicOptions& options) {
  const TopicNames& topics = options.topics;
  FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> ledger, admin->DescribeTopic(topics.control));
  if (!ledger.has_value()) {
    return Status();
  }
  for (const auto& [name, role] : {std::pair(topics.journal, "the journal"),
                                   std::pair(topics.changelog, "the state's changelog")}) {
    FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info, admin->DescribeTopic(name));
    if (info.has_value()) {
      continue;
    }
    // A first start that was interrupted between making the topics has written nothing yet.
    FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> reader, log->NewConsumer({}));
    FOOTHOLD_ASSIGN(const log::Watermarks range,
                    reader->QueryWatermarks({topics.control, PartitionId{0}}, kQueryTimeout));
    if (range.high == 0) {
      return Status();
    }
    return Error(Code::kFatal,
                 fmt::format("topic {} ({}) does not exist, but its app has run before: its ledger "
                             "{} has entries. Restore the topic, or begin with a new app id",
                             name, role, topics.control));
  }
  return Status();
}

Result<std::vector<std::int32_t>> SourcePartitions(log::Admin* admin,
                                                   const std::vector<std::string>& topics) {
  std::vector<std::int32_t> counts;
  for (const std::string& topic : topics) {
    FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info, admin->DescribeTopic(topic));
    if (!info.has_value()) {
      return Error(Code::kFatal,
                   fmt::format("source topic {} does not exist: create it, or correct "
                               "its name in the configuration",
                               topic));
    }
    counts.push_back(info->partitions);
  }
  return counts;
}

}  // namespace foothold::stream
