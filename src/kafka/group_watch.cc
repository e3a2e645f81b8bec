#include "src/kafka/group_watch.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "src/kafka/admin.h"

namespace foothold::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kLooksBeforeLeaving = 3;
constexpr milliseconds kShapeMax{1'000};
constexpr int kDescribeMaxMs = 5'000;

// What the coordinator says of a group at rest; nullopt while it rebalances, or if it cannot be
// told.
std::optional<std::vector<MemberPicture>> MembersOf(const rd_kafka_event_t& event) {
  auto* const answer = const_cast<rd_kafka_event_t*>(&event);
  if (rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  std::size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** const groups =
      rd_kafka_DescribeConsumerGroups_result_groups(
          rd_kafka_event_DescribeConsumerGroups_result(answer), &count);
  if (count != 1 || rd_kafka_ConsumerGroupDescription_error(groups[0]) != nullptr ||
      rd_kafka_ConsumerGroupDescription_state(groups[0]) != RD_KAFKA_CONSUMER_GROUP_STATE_STABLE) {
    return std::nullopt;
  }
  std::vector<MemberPicture> members;
  const std::size_t member_count = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
  for (std::size_t i = 0; i < member_count; ++i) {
    const rd_kafka_MemberDescription_t* const member =
        rd_kafka_ConsumerGroupDescription_member(groups[0], i);
    MemberPicture& picture = members.emplace_back();
    picture.id = rd_kafka_MemberDescription_consumer_id(member);
    const rd_kafka_MemberAssignment_t* const assignment =
        rd_kafka_MemberDescription_assignment(member);
    if (assignment == nullptr) {
      continue;
    }
    const rd_kafka_topic_partition_list_t* const list =
        rd_kafka_MemberAssignment_partitions(assignment);
    for (int j = 0; list != nullptr && j < list->cnt; ++j) {
      picture.partitions.push_back(PartitionOf(list->elems[j]));
    }
  }
  return members;
}

}  // namespace

std::vector<log::TopicPartition> OwnerlessOf(std::span<const MemberPicture> members,
                                             const PartitionCounts& counts) {
  std::set<log::TopicPartition> owned;
  for (const MemberPicture& member : members) {
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

std::size_t TurnToLeave(std::span<const MemberPicture> members, const std::string& id) {
  const auto self = std::ranges::find(members, id, &MemberPicture::id);
  if (self == members.end()) {
    return members.size();
  }
  const auto order = [](const MemberPicture& member) {
    return std::tuple(member.partitions.size(), std::string_view(member.id));
  };
  return static_cast<std::size_t>(std::ranges::count_if(
      members, [&](const MemberPicture& other) { return order(other) < order(*self); }));
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
      answers_(rd_kafka_queue_new(observer)),
      asked_at_(steady_clock::now()) {}

std::vector<log::TopicPartition> GroupWatch::Look(std::span<const std::string> topics) {
  if (!is_asked_) {
    if (steady_clock::now() - asked_at_ >= interval_) {
      Ask();
    }
    return {};
  }
  const EventHandle event(rd_kafka_queue_poll(answers_.get(), 0));
  if (event == nullptr) {
    return {};
  }
  is_asked_ = false;
  std::optional<std::vector<MemberPicture>> members = MembersOf(*event);
  if (!members) {
    Forget();
    return {};
  }
  return Judge(std::move(*members), topics);
}

void GroupWatch::Ask() {
  const AdminOptionsHandle options(
      rd_kafka_AdminOptions_new(observer_, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS));
  std::array<char, 256> text{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kDescribeMaxMs, text.data(),
                                            text.size());
  const char* group = group_.c_str();
  rd_kafka_DescribeConsumerGroups(observer_, &group, 1, options.get(), answers_.get());
  asked_at_ = steady_clock::now();
  is_asked_ = true;
}

std::vector<log::TopicPartition> GroupWatch::Judge(std::vector<MemberPicture> members,
                                                   std::span<const std::string> topics) {
  PartitionCounts counts;
  for (const std::string& topic : topics) {
    const Result<std::optional<TopicShape>> shape = DescribeShape(observer_, topic, kShapeMax);
    if (!shape.has_value()) {
      Forget();
      return {};
    }
    if (shape->has_value()) {
      counts.emplace(topic, (*shape)->partitions);
    }
  }
  std::vector<log::TopicPartition> ownerless = OwnerlessOf(members, counts);
  if (ownerless.empty()) {
    Forget();
    return {};
  }
  looks_ = members == seen_ ? looks_ + 1 : 1;
  seen_ = std::move(members);
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
