#include "src/journey/user.h"

#include <set>

#include <gtest/gtest.h>

namespace foothold::journey {
namespace {

bool HasDay(const ActiveDays& days, std::int32_t day) {
  const auto back = static_cast<std::size_t>(days.last_day - day);
  return (days.bits[back / 64] >> (back % 64) & 1U) != 0;
}

TEST(ActiveDaysTest, EveryDayOfTheLastFourHundredIsKnownWhateverTheStepsBetween) {
  for (const std::int32_t step : {1, 2, 63, 64, 65, 127, 128, 200, 399, 400, 447, 448, 5'000}) {
    ActiveDays days;
    std::set<std::int32_t> added;
    for (std::int32_t day = 20'000; day < 20'000 + 9 * step; day += step) {
      days.Add(kEpoch + kDay * day);
      days.Add(kEpoch + kDay * (day - 3));
      added.insert({day, day - 3});

      ASSERT_EQ(days.last_day, day);
      int count = 0;
      for (std::int32_t back = 0; back < ActiveDays::kDays; ++back) {
        const bool is_added = added.contains(day - back);
        ASSERT_EQ(HasDay(days, day - back), is_added) << step << ' ' << day << ' ' << back;
        count += is_added ? 1 : 0;
      }
      ASSERT_EQ(days.count(), count) << step;
    }
  }
}

}  // namespace
}  // namespace foothold::journey
