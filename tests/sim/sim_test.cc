// The quick set of schedules, what it covers, and the seeds that found something once.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/campaign.h"

namespace foothold::sim {
namespace {

using ::testing::IsEmpty;

// Below this many schedules nothing is asked of the coverage.
constexpr std::uint64_t kCoveredFrom = 2'000;

std::uint64_t FirstSeed() {
  const char* seed = std::getenv("FOOTHOLD_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

TEST(SimTest, WhateverGoesWrongTheOutcomeIsThatOfAnUninterruptedFold) {
  const CampaignReport report =
      RunCampaign({.first_seed = FirstSeed(), .schedules = FOOTHOLD_SIM_SCHEDULES, .threads = 2});

  for (const CampaignReport::Failure& failure : report.failures) {
    ADD_FAILURE() << "sim --seed " << failure.seed << " --trace: " << failure.findings.front();
  }
  EXPECT_EQ(report.schedules, std::uint64_t{FOOTHOLD_SIM_SCHEDULES});
  EXPECT_GE(report.events_min, 200);
  EXPECT_THAT(report.poor, IsEmpty());
  // Not in each: of a checkpoint behind other commits none can tell whether it cut one.
  EXPECT_GT(report.shown.cut_stimuli, 20 * FOOTHOLD_SIM_SCHEDULES);
  if (report.schedules >= kCoveredFrom) {
    EXPECT_GE(report.FewestOfAnyCell(), 50) << report.ToString();
    EXPECT_THAT(report.MissingPairs(), IsEmpty()) << report.ToString();
    EXPECT_GT(report.shown.requests, 1'000);
    EXPECT_GT(report.shown.erased, 500);
    EXPECT_GT(report.shown.dropped, 500);
    EXPECT_GT(report.on_disk, 50U);
  }
}

// What they found is mended. (A schedule follows from its seed as long as the simulator stays as it
// is: then others take their place.)
TEST(SimTest, TheSeedsThatFoundSomethingFindNothingMore) {
  Lab lab;
  for (const std::uint64_t seed : {
           33U,    // The final walk began before the people stage was through.
           221U,   // A rebuild that the log did not answer: the dropped task was worked on.
           383U,   // What people had handled was forgotten: the clock stood still.
           494U,   // Likewise.
           1876U,  // Likewise.
       }) {
    EXPECT_THAT(RunSchedule({.seed = seed, .folder = {}}, &lab).findings, IsEmpty()) << seed;
  }
}

TEST(SimTest, ASeedIsARunToTheLine) {
  Lab lab;
  const auto trace_of = [&lab](std::uint64_t seed) {
    std::vector<std::string> lines;
    RunSchedule({.seed = seed,
                 .trace = [&lines](const std::string& line) { lines.push_back(line); },
                 .folder = {}},
                &lab);
    return lines;
  };

  const std::vector<std::string> first = trace_of(FirstSeed());

  EXPECT_GT(first.size(), 5U);
  EXPECT_EQ(trace_of(FirstSeed()), first);
  EXPECT_NE(trace_of(FirstSeed() + 1), first);
}

}  // namespace
}  // namespace foothold::sim
