#include "src/journey/erased_ids.h"

#include <gtest/gtest.h>

namespace foothold::journey {
namespace {

constexpr Instant kNoon = InstantFromMs(1'772'366'400'000);  // 2026-03-01T12:00:00Z
constexpr Hash128 kAda{.high = 1, .low = 2};
constexpr Hash128 kBen{.high = 1, .low = 3};

TEST(ErasedIdsTest, AnIdIsHeldInItsAccountUntilItsTimeIsOver) {
  ErasedIds ids;
  ids.Add(kAda, "acme", kNoon);

  EXPECT_TRUE(ids.Holds(kAda, "acme", kNoon - milliseconds{1}));
  EXPECT_FALSE(ids.Holds(kAda, "acme", kNoon));
  EXPECT_FALSE(ids.Holds(kAda, "globex", std::nullopt));
  EXPECT_FALSE(ids.Holds(kBen, "acme", std::nullopt));
}

TEST(ErasedIdsTest, WhileNoTimeIsKnownItIsHeld) {
  ErasedIds ids;
  ids.Add(kAda, "acme", kEpoch);

  EXPECT_TRUE(ids.Holds(kAda, "acme", std::nullopt));
  EXPECT_TRUE(ids.HoldsAnywhere(kAda, std::nullopt));
}

TEST(ErasedIdsTest, OfTwoErasuresTheLongerCounts) {
  ErasedIds ids;
  ids.Add(kAda, "acme", kNoon + kDay);
  ids.Add(kAda, "acme", kNoon);

  EXPECT_TRUE(ids.Holds(kAda, "acme", kNoon));
}

TEST(ErasedIdsTest, PruningForgetsWhatIsOverAndNothingElse) {
  ErasedIds ids;
  ids.Add(kAda, "acme", kNoon);
  ids.Add(kAda, "globex", kNoon + kDay);
  ids.Add(kBen, "acme", kNoon);

  ids.Prune(kNoon);

  ErasedIds left;
  left.Add(kAda, "globex", kNoon + kDay);
  EXPECT_EQ(ids, left);
}

}  // namespace
}  // namespace foothold::journey
