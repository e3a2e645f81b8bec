#include "src/log/group.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::log {

MemberId Group::Join(const MemberOptions& options, Instant now) {
  const MemberId joined = ++last_member_;
  Member member{.options = options, .polled_at = now};
  const auto instance = instances_.find(options.instance_id);
  if (instance != instances_.end()) {
    const auto older = members_.find(instance->second);
    member.target = std::move(older->second.target);
    const bool has_same_topics = older->second.options.topics == options.topics;
    members_.erase(older);
    instance->second = joined;
    members_.emplace(joined, std::move(member));
    if (!has_same_topics) {
      Rebalance();
    }
    return joined;
  }
  if (!options.instance_id.empty()) {
    instances_.emplace(options.instance_id, joined);
  }
  members_.emplace(joined, std::move(member));
  Rebalance();
  return joined;
}

void Group::Leave(MemberId member, Instant now) {
  const auto found = members_.find(member);
  if (found == members_.end()) {
    return;
  }
  if (found->second.options.instance_id.empty()) {
    Remove(member);
    Rebalance();
  } else {
    Vanish(member, now);
  }
}

void Group::Vanish(MemberId member, Instant now) {
  const auto found = members_.find(member);
  if (found != members_.end()) {
    found->second.gone_at = now;
  }
}

void Group::ExpireMembers(Instant now) {
  std::vector<MemberId> expired;
  for (const auto& [id, member] : members_) {
    const bool is_over = member.gone_at ? now - *member.gone_at >= member.options.session_timeout
                                        : now - member.polled_at > member.options.max_poll_interval;
    if (is_over) {
      expired.push_back(id);
    }
  }
  for (const MemberId id : expired) {
    Remove(id);
  }
  if (!expired.empty()) {
    Rebalance();
  }
}

void Group::EndSessions(const std::string& instance_id) {
  std::vector<MemberId> ended;
  for (const auto& [id, member] : members_) {
    if (member.options.instance_id == instance_id) {
      ended.push_back(id);
    }
  }
  for (const MemberId id : ended) {
    Remove(id);
  }
  Rebalance();
}

void Group::ForceRebalance() {
  ++generation_;
  if (members_.size() < 2) {
    return;
  }
  std::vector<std::set<TopicPartition>> targets;
  for (const auto& [id, member] : members_) {
    if (member.options.topics != members_.begin()->second.options.topics) {
      return;  // Not everybody may read what the next one reads.
    }
    targets.push_back(member.target);
  }
  std::rotate(targets.begin(), std::next(targets.begin()), targets.end());
  auto target = targets.begin();
  for (auto& [id, member] : members_) {
    member.target = std::move(*target);
    ++target;
  }
}

void Group::AddTopic(const std::string& topic, std::int32_t partitions) {
  partition_counts_[topic] = partitions;
  const bool is_wanted = std::ranges::any_of(members_, [&topic](const auto& entry) {
    return std::ranges::count(entry.second.options.topics, topic) > 0;
  });
  if (is_wanted) {
    Rebalance();
  }
}

std::optional<AssignmentChange> Group::NextChange(MemberId member, Instant now) {
  const auto found = members_.find(member);
  FOOTHOLD_CHECK(found != members_.end(), "only a member polls");
  Member& self = found->second;
  self.polled_at = now;
  self.generation = generation_;
  AssignmentChange change{.kind = AssignmentChange::Kind::kRevoked, .partitions = {}};
  std::ranges::set_difference(self.owned, self.target, std::back_inserter(change.partitions));
  if (!change.partitions.empty()) {
    return change;
  }
  change.kind = AssignmentChange::Kind::kAssigned;
  std::ranges::copy_if(self.target, std::back_inserter(change.partitions),
                       [this](const TopicPartition& source) { return !IsOwned(source); });
  // Whom the group gives nothing is told so, once: as the brokers' members are.
  const bool is_news = !std::exchange(self.is_answered, true) && self.target.empty();
  if (change.partitions.empty()) {
    return is_news ? std::optional(change) : std::nullopt;
  }
  self.owned.insert(change.partitions.begin(), change.partitions.end());
  return change;
}

void Group::AcceptRevoked(MemberId member, const std::vector<TopicPartition>& partitions) {
  const auto found = members_.find(member);
  if (found == members_.end()) {
    return;
  }
  for (const TopicPartition& source : partitions) {
    found->second.owned.erase(source);
  }
  // The second round: what was let go of can be handed out, and a commit of the first is too late.
  ++generation_;
}

Group::Standing Group::StandingOf(MemberId member, const std::string& instance_id) const {
  if (members_.contains(member)) {
    return Standing::kMember;
  }
  return instances_.contains(instance_id) ? Standing::kReplaced : Standing::kRemoved;
}

std::string Group::TokenOf(MemberId member) const {
  const auto found = members_.find(member);
  const std::int64_t generation = found == members_.end() ? 0 : found->second.generation;
  return fmt::format("{} {} {}", member, generation, name_);
}

std::optional<std::string> Group::Refusal(MemberId member, std::int64_t generation) const {
  if (member == 0) {
    return std::nullopt;
  }
  if (!members_.contains(member)) {
    return fmt::format("group {} has no such member any more", name_);
  }
  if (generation != generation_) {
    return fmt::format("group {} is at generation {}, the offsets come from generation {}", name_,
                       generation_, generation);
  }
  return std::nullopt;
}

void Group::ReleaseOffset(const TopicPartition& source) {
  const auto held = held_offsets_.find(source);
  FOOTHOLD_CHECK(held != held_offsets_.end(), "an offset is released once for each hold");
  if (--held->second == 0) {
    held_offsets_.erase(held);
  }
}

std::optional<CommittedPlace> Group::Committed(const TopicPartition& source) const {
  const auto found = offsets_.find(source);
  return found == offsets_.end() ? std::nullopt : std::optional(found->second);
}

void Group::Remove(MemberId member) {
  const auto found = members_.find(member);
  instances_.erase(found->second.options.instance_id);
  members_.erase(found);
}

void Group::Rebalance() {
  std::map<MemberId, Claim> claims;
  for (const auto& [id, member] : members_) {
    claims[id] = {.topics = member.options.topics, .partitions = member.target};
  }
  for (auto& [id, share] : AssignPartitions(claims, partition_counts_)) {
    members_.at(id).target = std::move(share);
  }
  ++generation_;
}

bool Group::IsOwned(const TopicPartition& source) const {
  return std::ranges::any_of(
      members_, [&source](const auto& entry) { return entry.second.owned.contains(source); });
}

Membership ParseToken(const GroupToken& token) {
  Membership membership;
  const char* const end = token.bytes.data() + token.bytes.size();
  const auto member = std::from_chars(token.bytes.data(), end, membership.member);
  FOOTHOLD_CHECK(member.ec == std::errc() && member.ptr != end, "a token of this log");
  const auto generation = std::from_chars(member.ptr + 1, end, membership.generation);
  FOOTHOLD_CHECK(generation.ec == std::errc() && generation.ptr != end, "a token of this log");
  membership.group.assign(generation.ptr + 1, end);
  return membership;
}

}  // namespace foothold::log
