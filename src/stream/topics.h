#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/log/log.h"
#include "src/stream/options.h"

namespace foothold::stream {

struct TopicOptions {
  TopicNames topics;
  std::int32_t journal_partitions = 8;  // Of journal and changelog; fixed for the life of an app.
  std::int32_t people_partitions = 4;   // Of people topic and its changelog; likewise.
  std::int32_t output_partitions = 4;
  std::int16_t replication = -1;  // -1: the broker's default.
  std::size_t message_bytes_max = 1'100'000;
  // Of the people topic and its changelog: a record as it came, and what was read of it.
  std::size_t people_bytes_max = 2'200'000;
  milliseconds journal_retention{120 * kDay};
  milliseconds tombstone_retention{7 * kDay};  // The changelogs' delete.retention.ms.
  milliseconds people_retention{7 * kDay};     // Longer than the people stage may stand still.
};

// Makes what is missing of the app's topics and holds what is there against what must be, each
// contradiction with its own message and choice (kFatal): number of partitions, cleanup.policy,
// retention, size of a record. Settings that the log does not tell are taken on trust.
Status EnsureTopics(log::Admin* admin, const TopicOptions& options);

// That no topic which holds what cannot be had again is missing from an app that has run before: it
// must not be made anew as if nothing had been in it. kFatal names it and the choice.
Status CheckNoneDeleted(log::Log* log, log::Admin* admin, const TopicOptions& options);

// The sources' topics, which are never made here: how many partitions each has, in the order of
// `topics`. kFatal names one that does not exist.
Result<std::vector<std::int32_t>> SourcePartitions(log::Admin* admin,
                                                   const std::vector<std::string>& topics);

}  // namespace foothold::stream
