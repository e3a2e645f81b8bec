#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/log/log.h"

namespace foothold::log {

// Names a member of a group; never used twice within a group. 0 is nobody.
using MemberId = std::int64_t;

// What a member wants, and what it has or is about to have.
struct Claim {
  std::vector<std::string> topics;
  std::set<TopicPartition> partitions;
};

// Shares all partitions of the subscribed topics among the members: as evenly as the subscriptions
// allow, each partition with one member, and as few moves as possible from what they have. The
// numbers of partitions of two topics are not matched up, as a cooperative sticky assignor does
// not. Topics missing in `partition_counts` do not exist yet.
std::map<MemberId, std::set<TopicPartition>> AssignPartitions(
    const std::map<MemberId, Claim>& claims,
    const std::map<std::string, std::int32_t>& partition_counts);

}  // namespace foothold::log
