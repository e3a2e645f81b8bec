#include "src/base/random.h"

#include <array>
#include <cstddef>

#include <gtest/gtest.h>

namespace foothold {
namespace {

TEST(RandomTest, TheSequenceOfASeedIsTheSameEverywhere) {
  Random random(1234567);

  // The published test vector of SplitMix64.
  EXPECT_EQ(random.Next(), 6457827717110365317ULL);
  EXPECT_EQ(random.Next(), 3203168211198807973ULL);
  EXPECT_EQ(random.Next(), 9817491932198370423ULL);
}

TEST(RandomTest, RangesAreClosedAndReached) {
  Random random(7);
  std::array<int, 3> seen{};

  for (int i = 0; i < 3000; ++i) {
    const std::int64_t value = random.Between(-1, 1);
    ASSERT_GE(value, -1);
    ASSERT_LE(value, 1);
    ++seen.at(static_cast<std::size_t>(value + 1));
  }

  for (const int count : seen) {
    EXPECT_GT(count, 800);
  }
}

TEST(RandomTest, AChanceIsItsShare) {
  Random random(11);
  int hits = 0;

  for (int i = 0; i < 10'000; ++i) {
    hits += random.Chance(0.25) ? 1 : 0;
  }

  EXPECT_GT(hits, 2300);
  EXPECT_LT(hits, 2700);
}

}  // namespace
}  // namespace foothold
