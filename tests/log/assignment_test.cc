#include "src/log/assignment.h"

#include <gtest/gtest.h>

#include "tests/log/conformance.h"

namespace foothold::log {

TEST(AssignmentTest, PartitionsAreSharedEvenly) {
  const std::map<MemberId, Claim> claims{{1, {{"a"}, {}}}, {2, {{"a"}, {}}}, {3, {{"a"}, {}}}};

  const auto shares = AssignPartitions(claims, {{"a", 8}});

  EXPECT_EQ(shares.at(1).size(), 3U);
  EXPECT_EQ(shares.at(2).size(), 3U);
  EXPECT_EQ(shares.at(3).size(), 2U);
}

TEST(AssignmentTest, ANewMemberTakesNoMoreThanItsShare) {
  const std::map<MemberId, Claim> claims{{1, {{"a"}, PartitionsOf("a", 4)}}, {2, {{"a"}, {}}}};

  const auto shares = AssignPartitions(claims, {{"a", 4}});

  EXPECT_EQ(shares.at(1), PartitionsOf("a", 2)) << "the lower ones stay";
  EXPECT_EQ(shares.at(2).size(), 2U);
}

TEST(AssignmentTest, NothingMovesWithoutNeed) {
  const std::map<MemberId, Claim> claims{{1, {{"a"}, {PartitionOf("a", 2)}}},
                                         {2, {{"a"}, {PartitionOf("a", 0)}}}};

  const auto shares = AssignPartitions(claims, {{"a", 3}});

  EXPECT_TRUE(shares.at(1).contains(PartitionOf("a", 2)));
  EXPECT_TRUE(shares.at(2).contains(PartitionOf("a", 0)));
}

TEST(AssignmentTest, OnlySubscribersOfATopicGetItsPartitions) {
  const std::map<MemberId, Claim> claims{{1, {{"a"}, {PartitionOf("b", 0)}}},
                                         {2, {{"a", "b"}, {}}}};

  const auto shares = AssignPartitions(claims, {{"a", 2}, {"b", 3}});

  EXPECT_EQ(shares.at(1), PartitionsOf("a", 2));
  EXPECT_EQ(shares.at(2), PartitionsOf("b", 3));
}

TEST(AssignmentTest, ATopicThatDoesNotExistHasNoPartitions) {
  const auto shares = AssignPartitions({{1, {{"missing"}, {PartitionOf("missing", 0)}}}}, {});

  EXPECT_TRUE(shares.at(1).empty());
}

}  // namespace foothold::log
