#include "src/kafka/group_watch.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace foothold::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kLooksBeforeLeaving = 3;
constexpr milliseconds kAskMax{1'000};

}  // namespace

std::vector<log::TopicPartition> OwnerlessOf(std::span<const GroupMember> members,
                                             const PartitionCounts& counts) {
  std::set<log::TopicPartition> owned;
  for (const GroupMember& member : members) {
    owned.insert(member.partitions.begin(), member.partitions.end());
  }
  std::vector<log::TopicPartition> ownerless;
  for (const auto& [topic, count] : counts) {
    for (std::int32_t partition = 0; partition < count; ++partition) {
      log::TopicPartition candidate{.topic = topic, .partition = PartitionId{partition}};
      if (!owned.contains(candidate)) {
        ownerless.push_back(std::move(candidate));
      }
    }
  }
  return ownerless;
}

std::size_t TurnToLeave(std::span<const GroupMember> members, const std::string& id) {
  const auto self = std::ranges::find(members, id, &GroupMember::id);
  if (self == members.end()) {
    return members.size();
  }
  const auto order = [](const GroupMember& member) {
    return std::tuple(member.partitions.size(), std::string_view(member.id));
  };
  return static_cast<std::size_t>(std::ranges::count_if(
      members, [&](const GroupMember& other) { return order(other) < order(*self); }));
}

std::string MemberIdOf(rd_kafka_t* client) {
  char* const id = rd_kafka_memberid(client);
  std::string text = id == nullptr ? "" : id;
  rd_kafka_mem_free(client, id);
  return text;
}

GroupWatch::GroupWatch(rd_kafka_t* observer, rd_kafka_t* member, std::string group,
                       milliseconds interval)
    : observer_(observer),
      member_(member),
      group_(std::move(group)),
      interval_(interval),
      asked_at_(steady_clock::now()) {}

std::vector<log::TopicPartition> GroupWatch::Look(std::span<const std::string> topics) {
  const auto now = steady_clock::now();
  if (!answer_.valid()) {
    if (now - asked_at_ >= interval_) {
      asked_at_ = now;
      answer_ = std::async(std::launch::async, &GroupWatch::Ask, observer_, group_,
                           std::vector<std::string>(topics.begin(), topics.end()));
    }
    return {};
  }
  if (answer_.wait_for(milliseconds{0}) != std::future_status::ready) {
    return {};
  }
  std::optional<Picture> picture = answer_.get();
  if (!picture) {
    Forget();
    return {};
  }
  return Judge(std::move(*picture));
}

std::optional<GroupWatch::Picture> GroupWatch::Ask(rd_kafka_t* observer, const std::string& group,
                                                   const std::vector<std::string>& topics) {
  auto members = DescribeGroup(observer, group, kAskMax);
  if (!members.has_value() || !members->has_value()) {
    return std::nullopt;
  }
  Picture picture{.members = std::move(**members), .counts = {}};
  for (const std::string& topic : topics) {
    const Result<std::optional<TopicShape>> shape = DescribeShape(observer, topic, kAskMax);
    if (!shape.has_value()) {
      return std::nullopt;
    }
    if (shape->has_value()) {
      picture.counts.emplace(topic, (*shape)->partitions);
    }
  }
  return picture;
}

std::vector<log::TopicPartition> GroupWatch::Judge(Picture picture) {
  std::vector<log::TopicPartition> ownerless = OwnerlessOf(picture.members, picture.counts);
  if (ownerless.empty()) {
    Forget();
    return {};
  }
  looks_ = picture.members == seen_ ? looks_ + 1 : 1;
  seen_ = std::move(picture.members);
  // Whoever does not take his turn, as he hangs, is not waited for.
  const std::size_t turn = TurnToLeave(seen_, MemberIdOf(member_));
  if (turn == seen_.size() || looks_ < kLooksBeforeLeaving * (turn + 1)) {
    return {};
  }
  Forget();
  return ownerless;
}

void GroupWatch::Forget() {
  looks_ = 0;
  seen_.clear();
}

}  // namespace foothold::kafka
