#include "benchmarks/traffic.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "src/base/time.h"

namespace foothold::benchmarks {
namespace {

constexpr TrafficOptions kSmall{.events = 20'000, .users = 1'000, .malformed_ppm = 5'000};

std::map<std::string, int> RecordsByUser(const TrafficOptions& options) {
  Traffic traffic(options);
  std::map<std::string, int> counts;
  std::string key;
  std::string value;
  while (traffic.Next(&key, &value)) {
    ++counts[key];
  }
  return counts;
}

TEST(TrafficTest, TheSameOptionsGiveTheSameBytes) {
  Traffic first(kSmall);
  Traffic second(kSmall);
  std::string key;
  std::string value;
  std::string other_key;
  std::string other_value;

  std::int64_t count = 0;
  while (first.Next(&key, &value)) {
    ASSERT_TRUE(second.Next(&other_key, &other_value));
    ASSERT_EQ(key, other_key);
    ASSERT_EQ(value, other_value);
    ++count;
  }

  EXPECT_EQ(count, kSmall.events);
  EXPECT_FALSE(second.Next(&other_key, &other_value));
}

TEST(TrafficTest, RecordsAreOfTheSizeAndShapeOfTheFigures) {
  Traffic traffic(kSmall);
  simdjson::dom::parser parser;
  std::map<std::string, int> events;
  std::map<std::string, int> records_by_user;
  std::string key;
  std::string value;
  std::size_t bytes = 0;
  int malformed = 0;
  Instant newest = kEpoch;

  while (traffic.Next(&key, &value)) {
    bytes += value.size();
    ++records_by_user[key];
    simdjson::dom::element call;
    if (parser.parse(value).get(call) != simdjson::SUCCESS) {
      ++malformed;
      continue;
    }
    EXPECT_EQ(std::string_view(call["userId"]), key);
    EXPECT_FALSE(std::string_view(call["context"]["groupId"]).empty());
    const std::string_view type = call["type"];
    ++events[std::string(type == "page" ? call["name"] : call["event"])];
    newest = std::max(newest, ParseRfc3339(std::string_view(call["timestamp"]))->instant);
  }

  const std::size_t average = bytes / static_cast<std::size_t>(kSmall.events);
  EXPECT_GT(average, 540U);
  EXPECT_LT(average, 600U);
  EXPECT_GT(malformed, 60);
  EXPECT_LT(malformed, 140);
  EXPECT_GT(newest - kSmall.start, 29 * kDay);
  EXPECT_LT(newest - kSmall.start, 31 * kDay);
  for (const char* const name :
       {"Account Created", "Invite Accepted", "User Invited", "Integration Connected",
        "Dashboard Created", "Report Exported", "Transaction Created", "Dashboard Viewed"}) {
    EXPECT_GT(events[name], 20) << name;
  }
}

TEST(TrafficTest, FewUsersAreBusyAndMostAreNot) {
  const std::map<std::string, int> records_by_user = RecordsByUser(kSmall);
  int busiest = 0;
  int rare = 0;
  for (const auto& [user, count] : records_by_user) {
    busiest = std::max(busiest, count);
    rare += count < 20 ? 1 : 0;
  }

  // By Zipf the first of a thousand has a share of 1/7.5.
  EXPECT_GT(busiest, 2'300);
  EXPECT_LT(busiest, 3'100);
  EXPECT_GT(rare, 700);
}

TEST(TrafficTest, WithoutSkewAllActAlike) {
  TrafficOptions options = kSmall;
  options.skew = 0;

  const std::map<std::string, int> records_by_user = RecordsByUser(options);

  EXPECT_EQ(records_by_user.size(), 1'000U);
  for (const auto& [user, count] : records_by_user) {
    EXPECT_LT(count, 45) << user << ", where 20 are expected";
  }
}

TEST(TrafficTest, AllAreBornFirstWhereThatIsAskedFor) {
  TrafficOptions options = kSmall;
  options.are_born_first = true;
  options.malformed_ppm = 0;
  Traffic traffic(options);
  std::set<std::string> born;
  std::string key;
  std::string value;

  for (std::int64_t i = 0; i < options.users; ++i) {
    ASSERT_TRUE(traffic.Next(&key, &value));
    EXPECT_TRUE(born.insert(key).second);
    EXPECT_TRUE(value.find("Account Created") != std::string::npos ||
                value.find("Invite Accepted") != std::string::npos)
        << value;
  }
  ASSERT_TRUE(traffic.Next(&key, &value));

  EXPECT_TRUE(born.contains(key));
  EXPECT_EQ(value.find("Invite Accepted"), std::string::npos);
}

}  // namespace
}  // namespace foothold::benchmarks
