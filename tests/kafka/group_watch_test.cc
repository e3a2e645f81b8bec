#include "src/kafka/group_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foothold::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

log::TopicPartition At(const std::string& topic, int partition) {
  return {.topic = topic, .partition = PartitionId{partition}};
}

TEST(GroupWatchTest, NothingIsOwnerlessWhereEachPartitionHasAMember) {
  const std::vector<GroupMember> members{{.id = "a", .partitions = {At("t", 1)}},
                                         {.id = "b", .partitions = {At("t", 0), At("u", 0)}}};

  EXPECT_THAT(OwnerlessOf(members, {{"t", 2}, {"u", 1}}), IsEmpty());
  EXPECT_THAT(OwnerlessOf(members, {{"t", 4}, {"v", 1}}),
              ElementsAre(At("t", 2), At("t", 3), At("v", 0)));
  EXPECT_THAT(OwnerlessOf({}, {{"t", 1}}), ElementsAre(At("t", 0)));
}

TEST(GroupWatchTest, WhoHasTheFewestPartitionsLeavesFirstAndOnlyOneAtATime) {
  const std::vector<GroupMember> members{
      {.id = "c", .partitions = {At("t", 0), At("t", 1)}},
      {.id = "b", .partitions = {At("t", 2)}},
      {.id = "a", .partitions = {At("t", 3)}},
      {.id = "d", .partitions = {}},
  };

  EXPECT_EQ(TurnToLeave(members, "d"), 0U);
  EXPECT_EQ(TurnToLeave(members, "a"), 1U);
  EXPECT_EQ(TurnToLeave(members, "b"), 2U);
  EXPECT_EQ(TurnToLeave(members, "c"), 3U);
  EXPECT_EQ(TurnToLeave(members, "who left"), 4U);
}

}  // namespace
}  // namespace foothold::kafka
