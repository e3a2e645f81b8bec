// The people stage in the whole service: what goes by the person, what waits, and what the clock of
// the journey makes of it.

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/hash.h"
#include "src/codec/journal.h"
#include "src/stream/recent_pairs.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A record without an account.
std::string Bare(std::string_view type, std::string_view user, Instant at,
                 std::string_view more = "") {
  return fmt::format(R"({{"type":"{}","userId":"{}","messageId":"{}-{}-{}","timestamp":"{}"{}}})",
                     type, user, type, user, ToMs(at), FormatRfc3339(at), more);
}

std::string BareTrack(std::string_view user, std::string_view event, Instant at) {
  return Bare("track", user, at, fmt::format(R"(,"event":"{}")", event));
}

std::string StatusOf(Service* service, const std::string& key) {
  const auto statuses = service->LastStatuses();
  const auto found = statuses.find("onboarding.user-status " + key);
  return found == statuses.end() ? "" : found->second;
}

// Turns one worker until it has nothing to do.
void RunOnly(Worker* worker) {
  for (bool has_worked = true; has_worked;) {
    const Result<Worker::Activity> activity = worker->RunOnce();
    ASSERT_TRUE(activity.has_value()) << activity.error().message();
    has_worked = *activity == Worker::Activity::kWorked;
  }
}

double CounterOf(Service* service, const std::string& line_begin) {
  const std::string text = service->registry().Render();
  const std::size_t at = text.find("\n" + line_begin + " ");
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + line_begin.size() + 2);
}

TEST(PeopleTest, ProgressReachesTheJourneyBehindWhatWasPlaced) {
  Service service({.source_partitions = 1});
  service.Start();
  RunOnly(&service.intake());
  RunOnly(&service.people());
  RunOnly(&service.journey());
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart));
  service.Produce(0, Bare("identify", "ada", kStart + kHour, R"(,"traits":{"role":"admin"})"));
  service.Produce(0, Track("acme", "bea", "user.logged_in", kStart + 40 * kDay));

  RunOnly(&service.intake());
  RunOnly(&service.journey());

  // All that intake knows is in the journal, and the clock waits for the people stage.
  const PartitionId acme{PartitionOfKey("acme", 2)};
  EXPECT_EQ(service.journey_task(acme)->clock().now(), kStart - 10 * kMinute);
  EXPECT_EQ(service.journey_task(acme)->ClockHolder(), "people[0]");
  EXPECT_THAT(StatusOf(&service, "acme|ada"), HasSubstr(R"("role":null)"));

  RunOnly(&service.people());
  RunOnly(&service.journey());

  // The window of the role that only the placed record gives has closed: nothing was concluded
  // before the role was there.
  EXPECT_EQ(service.journey_task(acme)->clock().now(), kStart + 40 * kDay - 10 * kMinute);
  EXPECT_THAT(StatusOf(&service, "acme|ada"), HasSubstr(R"("role":"admin")"));
  std::vector<std::string> expired;
  for (const Output& output : service.Decisions()) {
    if (output.topic == "activation.changed") {
      expired.push_back(*output.value);
    }
  }
  ASSERT_THAT(expired, SizeIs(1));
  EXPECT_THAT(expired[0], HasSubstr(R"("to":"window_expired")"));
}

// In every partition of the journal, an event that was placed stands before the clock gets there.
TEST(PeopleTest, TheClockOfTheJournalNeverOvertakesAPlacedEvent) {
  Service service({.source_partitions = 2, .people_entries_max = 7});
  service.Start();
  for (int day = 0; day < 20; ++day) {
    for (int user = 0; user < 5; ++user) {
      const std::string id = fmt::format("u{}", user);
      const Instant at = kStart + day * kDay + user * kMinute;
      service.Produce(user % 2, Track(user < 3 ? "acme" : "globex", id, "user.logged_in", at));
      service.Produce(user % 2, BareTrack(id, "Dashboard Created", at + kHour));
    }
  }
  ASSERT_TRUE(service.TryFinish(kStart + 21 * kDay).ok());

  int placed = 0;
  int reports = 0;
  std::map<std::int32_t, journey::Clock> clocks;
  for (const Output& output : service.Committed({service.topics().journal})) {
    journey::Clock& clock = clocks[output.partition];
    const auto batch = codec::JournalBatchReader::Open(*output.value).value();
    for (std::size_t i = 0; i < batch.count(); ++i) {
      const codec::JournalEntry entry = batch.entry(i).value();
      if (const auto* roster = std::get_if<journey::Roster>(&entry)) {
        clock.Apply(*roster);
      } else if (const auto* progress = std::get_if<journey::Progress>(&entry)) {
        clock.Apply(*progress);
        clock.Advance(10 * kMinute);
        reports += progress->people.has_value() ? 1 : 0;
      } else if (const auto* event = std::get_if<journey::Event>(&entry);
                 event != nullptr && event->name == "Dashboard Created") {
        EXPECT_LE(clock.now().value_or(kEpoch), event->occurred_at) << event->user;
        ++placed;
      }
    }
  }
  EXPECT_EQ(placed, 100);
  EXPECT_GT(reports, 4);
  EXPECT_EQ(clocks[0].now(), kStart + 21 * kDay);
  EXPECT_EQ(clocks[1].now(), kStart + 21 * kDay);
}

// The journey reads of the end before the people stage is through: every status is looked at once
// more when the clock is there, and not a second time before.
TEST(PeopleTest, TheEndIsOnceThePeopleStageIsThere) {
  Service service({.source_partitions = 1});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart, R"({"role":"operator"})"));
  service.Produce(0, BareTrack("ada", "form.completed", kStart + kHour));
  service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + kDay));
  service.Run();
  const std::size_t before = service.Statuses().size();
  service.Produce(0, BareTrack("eve", "form.completed", kStart + kDay));

  RunOnly(&service.intake());
  service.intake_stage().RequestFinish(kStart + 30 * kDay);
  RunOnly(&service.intake());
  RunOnly(&service.journey());
  const std::size_t without_people = service.Statuses().size();
  ASSERT_TRUE(service.journey_task(PartitionId{0})->clock().now().has_value());
  service.Run();

  EXPECT_EQ(without_people, before);
  EXPECT_EQ(service.Statuses().size(), before + 2);  // Of ada and of acme.
  EXPECT_THAT(StatusOf(&service, "acme|ada"), HasSubstr(R"("activationState":"window_expired")"));
}

// What the stage has handled and has not told yet, because it told something just before, is told
// after a restart: else the clock would wait for the next record without an account.
TEST(PeopleTest, WhatWasHandledIsToldAfterARestart) {
  Service service({.source_partitions = 1, .mode = journey::ClockMode::kWall});
  service.Start();
  const auto produce = [&](Instant at, const std::string& value) {
    service.Produce(0, value, at);
    service.Run();
  };
  produce(kStart, Track("acme", "ada", "Signed Up", kStart));
  produce(kStart + 2 * kHour, BareTrack("ada", "form.completed", kStart + 2 * kHour));
  produce(kStart + 4 * kHour, BareTrack("ada", "form.completed", kStart + 4 * kHour));
  produce(kStart + 6 * kHour, BareTrack("ada", "form.completed", kStart + 6 * kHour));

  service.Kill();
  service.Start();
  for (int i = 0; i < 4; ++i) {
    service.clock().Advance(milliseconds{11'000});
    service.Run();
  }

  EXPECT_GE(service.journey_task(PartitionId{0})->clock().now(), kStart + 6 * kHour - kHour);
  EXPECT_EQ(service.journey_task(PartitionId{0})->ClockHolder().find("people"), std::string::npos);
}

TEST(PeopleTest, WithoutSuchRecordsThePeopleStageTellsNothing) {
  Service service({.source_partitions = 1});
  service.Start();
  for (int day = 0; day < 20; ++day) {
    service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + day * kDay));
  }

  service.Run();

  for (const Output& output : service.Committed({service.topics().journal})) {
    const auto batch = codec::JournalBatchReader::Open(*output.value).value();
    for (std::size_t i = 0; i < batch.count(); ++i) {
      const codec::JournalEntry entry = batch.entry(i).value();
      const auto* progress = std::get_if<journey::Progress>(&entry);
      EXPECT_TRUE(progress == nullptr || !progress->people.has_value());
    }
  }
}

TEST(PeopleTest, WhatNobodyIsFoundForEndsAsItCame) {
  Service service({.source_partitions = 1});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart));
  const std::string track = BareTrack("eve", "Report Exported", kStart + kHour);
  service.Produce(0, track);
  service.Produce(0, Bare("identify", "eve", kStart + kHour));
  service.Produce(0, Bare("page", "eve", kStart + kHour));
  service.Run();
  EXPECT_THAT(service.DeadLetters(), IsEmpty());
  EXPECT_EQ(service.people_task(PartitionId{PartitionOfKey("eve", 2)})->waiting_records(), 3U);

  ASSERT_TRUE(service.TryFinish(kStart + kDay).ok());

  const std::vector<Output> letters = service.DeadLetters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].value, track);
  EXPECT_EQ(letters[0].headers.at("dlq_reason"), "missing_tenant");
  EXPECT_EQ(letters[0].headers.at("dlq_topic"), "events");
  EXPECT_EQ(letters[0].headers.at("dlq_offset"), "1");
  EXPECT_EQ(CounterOf(&service, R"(foothold_people_skipped_records_total{why="unplaced"})"), 2);
  EXPECT_EQ(CounterOf(&service, R"(foothold_people_expired_records_total{cause="end"})"), 3);
  EXPECT_EQ(service.people_task(PartitionId{PartitionOfKey("eve", 2)})->waiting_records(), 0U);
  // Of what was never placed nothing counts as the input's.
  EXPECT_EQ(service.placed().event_time_max(), std::nullopt);
}

TEST(PeopleTest, ADayOfWallTimeIsLongEnough) {
  Service service({.source_partitions = 1, .mode = journey::ClockMode::kWall});
  service.clock().Set(kStart + 2 * kHour);
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart), kStart);
  service.Produce(0, BareTrack("eve", "Report Exported", kStart), kStart);
  service.Produce(0, BareTrack("bob", "Report Exported", kStart), kStart);
  service.Run();

  service.clock().Advance(kDay - kMinute);
  service.Produce(0, Track("acme", "bob", "user.logged_in", kStart + kDay), kStart + kDay);
  service.Run();
  EXPECT_THAT(service.DeadLetters(), IsEmpty());
  EXPECT_THAT(StatusOf(&service, "acme|bob"), HasSubstr(R"("firstReportExported":"2026)"));

  service.clock().Advance(2 * kMinute);
  service.Run();
  ASSERT_THAT(service.DeadLetters(), SizeIs(1));
  EXPECT_EQ(service.DeadLetters()[0].headers.at("dlq_reason"), "missing_tenant");
}

TEST(PeopleTest, WhatWaitsIsBoundedAndTheOldestGivesWay) {
  Service service({.source_partitions = 1, .people_partitions = 1, .waiting_bytes_max = 4'000});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart));
  for (int i = 0; i < 30; ++i) {
    service.Produce(
        0, BareTrack(fmt::format("u{}", i % 3), fmt::format("Did {}", i), kStart + i * kMinute));
  }

  service.Run();

  const auto kept = service.people_task(PartitionId{0})->waiting_records();
  EXPECT_GT(kept, 3U);
  ASSERT_THAT(service.DeadLetters(), SizeIs(30 - kept));
  for (const Output& letter : service.DeadLetters()) {
    EXPECT_LE(std::stoll(letter.headers.at("dlq_offset")), 30 - static_cast<std::int64_t>(kept));
  }
  EXPECT_EQ(CounterOf(&service, R"(foothold_people_expired_records_total{cause="full"})"),
            static_cast<double>(30 - kept));
}

TEST(PeopleTest, OfOnePersonABoundedNumberWaits) {
  Service service({.source_partitions = 1, .waiting_bytes_max = 64U << 20U});
  service.Start();
  const auto count = static_cast<int>(PeopleTask::kWaitingRecordsMax) + 10;
  for (int i = 0; i < count; ++i) {
    service.Produce(0, Bare("page", "eve", kStart + milliseconds{i}));
  }

  service.Run();

  EXPECT_EQ(service.people_task(PartitionId{PartitionOfKey("eve", 2)})->waiting_records(),
            PeopleTask::kWaitingRecordsMax);
  EXPECT_EQ(CounterOf(&service, R"(foothold_people_skipped_records_total{why="unplaced"})"), 10);
}

TEST(PeopleTest, WhoIsActiveInOneAccountCostsOneEntry) {
  Service service({.source_partitions = 1});
  service.Start();
  for (int i = 0; i < 50; ++i) {
    service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + i * milliseconds{1'000}));
  }

  service.Run();

  int facts = 0;
  for (const Output& output : service.Committed({service.topics().people})) {
    const auto batch = codec::JournalBatchReader::Open(*output.value).value();
    for (std::size_t i = 0; i < batch.count(); ++i) {
      facts += std::holds_alternative<codec::PersonFact>(batch.entry(i).value()) ? 1 : 0;
    }
  }
  EXPECT_EQ(facts, 1);
}

TEST(PeopleTest, StateComesBackFromTheChangelog) {
  Service service({.source_partitions = 1});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart));
  service.Produce(0, Bare("identify", "bob", kStart + kHour, R"(,"traits":{"name":"Bob"})"));
  service.Run();
  service.Stop();
  service.LoseStores();
  service.clock().Advance(kMinute);
  service.Start();

  service.Produce(0, Bare("identify", "ada", kStart + kHour, R"(,"traits":{"name":"Ada"})"));
  service.Produce(0, Track("acme", "bob", "user.joined", kStart + 2 * kHour));
  service.Run();

  EXPECT_THAT(StatusOf(&service, "acme|ada"), HasSubstr(R"("name":"Ada")"));
  EXPECT_THAT(StatusOf(&service, "acme|bob"), HasSubstr(R"("name":"Bob")"));
}

TEST(PeopleTest, APersonBelongsToABoundedNumberOfAccounts) {
  Service service({.source_partitions = 1});
  service.Start();
  const auto count = static_cast<int>(journey::kPersonAccountsMax) + 3;
  for (int i = 0; i < count; ++i) {
    service.Produce(0, Track(fmt::format("t{}", i), "ada", "user.joined", kStart));
  }
  service.Produce(0, Bare("identify", "ada", kStart, R"(,"traits":{"name":"Ada"})"));

  service.Run();

  EXPECT_THAT(StatusOf(&service, "t63|ada"), HasSubstr(R"("name":"Ada")"));
  EXPECT_THAT(StatusOf(&service, "t64|ada"), HasSubstr(R"("name":null)"));
  EXPECT_EQ(CounterOf(&service, R"(foothold_people_caps_met_total{cap="accounts"})"), 3);
}

TEST(RecentPairsTest, WhatIsForgottenIsNewAgainAndNothingNewIsKnown) {
  RecentPairs pairs(8);

  EXPECT_TRUE(pairs.Add(0));
  EXPECT_FALSE(pairs.Add(0));
  for (std::uint64_t i = 1; i <= 4; ++i) {
    EXPECT_TRUE(pairs.Add(8 * i)) << i;  // All in one group of four.
  }
  EXPECT_FALSE(pairs.Add(8));
  EXPECT_TRUE(pairs.Add(0));
  EXPECT_TRUE(pairs.Add(5));  // Another group.
  pairs.Clear();
  EXPECT_TRUE(pairs.Add(5));
}

}  // namespace
}  // namespace foothold::stream
