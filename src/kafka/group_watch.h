#pragma once

#include <chrono>
#include <future>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/kafka/admin.h"
#include "src/kafka/handles.h"
#include "src/log/log.h"

namespace foothold::kafka {

// How many partitions each topic of a subscription has.
using PartitionCounts = std::map<std::string, std::int32_t>;

// The partitions that no member has, in order.
std::vector<log::TopicPartition> OwnerlessOf(std::span<const GroupMember> members,
                                             const PartitionCounts& counts);

// Which member is the first, second, ... (from 0) to leave a group in which partitions lie idle:
// who has the fewest partitions disturbs the fewest. members.size() if `id` is none of them.
std::size_t TurnToLeave(std::span<const GroupMember> members, const std::string& id);

// The id that the coordinator has given to a client; empty while it is no member.
std::string MemberIdOf(rd_kafka_t* client);

// Sees that a group is at rest and that partitions of it belong to nobody, which no client is told.
//
// A cooperative rebalance has two halves: in the first one, members give up what is to move and
// join again, in the second one it is handed out. A static member that is replaced in between, by
// its next process or by new handles, is handed what the first half left it, without a rebalance
// (KIP-345): it has nothing to give up, so nobody joins again, and the second half never comes. So
// each member looks at its group from time to time, and the one whose turn it is leaves and joins
// again, which makes all of them settle anew.
class GroupWatch {
 public:
  // Looks every `interval`. `observer` is asked, `member` is the client that may have to leave;
  // both outlive this.
  GroupWatch(rd_kafka_t* observer, rd_kafka_t* member, std::string group,
             std::chrono::milliseconds interval);

  // To be called often; never waits. The partitions of the subscribed topics because of which the
  // member is to leave now and join again; mostly none.
  std::vector<log::TopicPartition> Look(std::span<const std::string> topics);

 private:
  // The members of a group at rest, and the size of its topics.
  struct Picture {
    std::vector<GroupMember> members;
    PartitionCounts counts;
  };

  // nullopt: the group rebalances, or nobody says.
  static std::optional<Picture> Ask(rd_kafka_t* observer, const std::string& group,
                                    const std::vector<std::string>& topics);
  std::vector<log::TopicPartition> Judge(Picture picture);
  void Forget();

  rd_kafka_t* const observer_;
  rd_kafka_t* const member_;
  const std::string group_;
  const std::chrono::milliseconds interval_;
  std::chrono::steady_clock::time_point asked_at_;
  std::future<std::optional<Picture>> answer_;  // Valid while asked, on a thread of its own.
  std::vector<GroupMember> seen_;  // At the last look, if partitions had no owner then.
  std::size_t looks_ = 0;          // That have shown the same in a row.
};

}  // namespace foothold::kafka
