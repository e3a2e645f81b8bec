#include "src/log/assignment.h"

#include <algorithm>
#include <optional>

namespace foothold::log {

namespace {

using Shares = std::map<MemberId, std::set<TopicPartition>>;

bool Wants(const Claim& claim, const std::string& topic) {
  return std::ranges::find(claim.topics, topic) != claim.topics.end();
}

std::set<TopicPartition> SubscribedPartitions(
    const std::map<MemberId, Claim>& claims,
    const std::map<std::string, std::int32_t>& partition_counts) {
  std::set<TopicPartition> partitions;
  for (const auto& [member, claim] : claims) {
    for (const std::string& topic : claim.topics) {
      const auto count = partition_counts.find(topic);
      for (std::int32_t i = 0; count != partition_counts.end() && i < count->second; ++i) {
        partitions.insert({topic, PartitionId{i}});
      }
    }
  }
  return partitions;
}

// The member with the fewest partitions among those who want the topic; the first of equals.
MemberId LeastLoaded(const std::map<MemberId, Claim>& claims, const Shares& shares,
                     const std::string& topic) {
  MemberId best = 0;
  for (const auto& [member, claim] : claims) {
    if (Wants(claim, topic) && (best == 0 || shares.at(member).size() < shares.at(best).size())) {
      best = member;
    }
  }
  return best;
}

// Moves one partition to a member that has at least two fewer. False when no move helps.
bool MoveOne(const std::map<MemberId, Claim>& claims, Shares* shares) {
  for (auto& [member, share] : *shares) {
    for (auto source = share.rbegin(); source != share.rend(); ++source) {
      const MemberId other = LeastLoaded(claims, *shares, source->topic);
      if (shares->at(other).size() + 2 <= share.size()) {
        const TopicPartition moved = *source;
        share.erase(moved);
        shares->at(other).insert(moved);
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::map<MemberId, std::set<TopicPartition>> AssignPartitions(
    const std::map<MemberId, Claim>& claims,
    const std::map<std::string, std::int32_t>& partition_counts) {
  std::set<TopicPartition> unassigned = SubscribedPartitions(claims, partition_counts);
  Shares shares;
  for (const auto& [member, claim] : claims) {
    std::set<TopicPartition>& share = shares[member];
    for (const TopicPartition& source : claim.partitions) {
      if (Wants(claim, source.topic) && unassigned.erase(source) == 1) {
        share.insert(source);
      }
    }
  }
  for (const TopicPartition& source : unassigned) {
    shares[LeastLoaded(claims, shares, source.topic)].insert(source);
  }
  // Each move lowers the sum of squares of the loads, so this ends.
  while (MoveOne(claims, &shares)) {
  }
  return shares;
}

}  // namespace foothold::log
