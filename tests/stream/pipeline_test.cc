#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/codec/journal.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// An admin that signs up, connects an integration and invites two: activated.
void ProduceActivation(Service* service, const std::string& user = "ada", Instant at = kStart,
                       std::int32_t partition = 0) {
  service->Produce(partition, Track("acme", user, "Signed Up", at, R"({"role":"admin"})"));
  service->Produce(partition,
                   Track("acme", user, "Integration Connected", at + kHour, R"({"name":"crm"})"));
  service->Produce(partition, Track("acme", user, "user.invited", at + 2 * kHour,
                                    R"({"email":"bob@acme.example"})"));
  service->Produce(partition, Track("acme", user, "user.invited", at + 3 * kHour,
                                    R"({"email":"cy@acme.example"})"));
}

std::vector<Output> Activations(Service* service) {
  return service->Committed({service->topics().activation_changed});
}

std::vector<std::string> UserActivations(Service* service) {
  std::vector<std::string> values;
  for (const Output& output : Activations(service)) {
    if (output.headers.at("ce_subject").find("/user/") != std::string::npos) {
      values.push_back(*output.value);
    }
  }
  return values;
}

TEST(PipelineTest, AnEventThatMeetsAMilestoneBecomesAnActivation) {
  Service service({});
  service.Start();
  ProduceActivation(&service);

  service.Run();

  const std::vector<std::string> activations = UserActivations(&service);
  ASSERT_FALSE(activations.empty());
  EXPECT_THAT(activations.back(), HasSubstr(R"("to":"activated")"));
  EXPECT_THAT(activations.back(), HasSubstr(R"("userId":"ada")"));
  EXPECT_THAT(activations.back(), HasSubstr(R"("topic":"events")"));
  const auto statuses = service.LastStatuses();
  ASSERT_TRUE(statuses.contains("onboarding.user-status acme|ada"));
  EXPECT_THAT(statuses.at("onboarding.user-status acme|ada"),
              HasSubstr(R"("activationState":"activated")"));
  EXPECT_TRUE(statuses.contains("onboarding.account-status acme"));
}

TEST(PipelineTest, RepeatsHaveNoSecondEffect) {
  Service service({});
  service.Start();
  ProduceActivation(&service);
  service.Run();
  const auto before = Sorted(service.Decisions());

  ProduceActivation(&service);
  service.Run();

  EXPECT_EQ(Sorted(service.Decisions()), before);
}

TEST(PipelineTest, ARejectedRecordIsADeadLetterByteForByteAndWorkGoesOn) {
  Service service({});
  service.Start();
  service.Produce(1, "{\"type\":\"track\", broken \xff");
  ProduceActivation(&service, "ada", kStart, 1);

  service.Run();

  const std::vector<Output> letters = service.DeadLetters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].value, "{\"type\":\"track\", broken \xff");
  EXPECT_EQ(letters[0].headers.at("dlq_reason"), "unparseable");
  EXPECT_EQ(letters[0].headers.at("dlq_topic"), "events");
  EXPECT_EQ(letters[0].headers.at("dlq_partition"), "1");
  EXPECT_EQ(letters[0].headers.at("dlq_offset"), "0");
  EXPECT_EQ(letters[0].headers.at("dlq_app"), "shop");
  EXPECT_THAT(UserActivations(&service), Not(IsEmpty()));
}

TEST(PipelineTest, TimersFireAtProgressOnlyAndEarliestFirst) {
  Service service({.source_partitions = 1});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart, R"({"role":"admin"})"));
  service.Produce(0, Track("acme", "bea", "Signed Up", kStart + kHour, R"({"role":"admin"})"));
  service.Run();
  service.clock().Advance(90 * kDay);
  service.Run();
  EXPECT_THAT(UserActivations(&service), Not(Contains(HasSubstr("window_expired"))));

  service.Produce(0, Track("other", "zoe", "Signed Up", kStart + 30 * kDay));
  service.Run();

  std::vector<std::string> expired;
  for (const std::string& value : UserActivations(&service)) {
    if (value.find(R"("to":"window_expired")") != std::string::npos) {
      expired.push_back(value);
    }
  }
  EXPECT_THAT(expired, ElementsAre(HasSubstr(R"("userId":"ada")"), HasSubstr(R"("userId":"bea")")));
  // Decided at its due time, not when the clock got there.
  EXPECT_THAT(expired[0], HasSubstr(FormatRfc3339(kStart + 7 * kDay)));
}

TEST(PipelineTest, APartitionNotHeardOfHoldsTheClock) {
  Service service({.source_partitions = 2, .mode = journey::ClockMode::kWall});
  service.clock().Set(kStart + 20 * kDay);
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart, R"({"role":"admin"})"), kStart);
  service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + 20 * kDay),
                  kStart + 20 * kDay);

  service.Run();

  const JourneyTask* task = service.journey_task(PartitionId{PartitionOfKey("acme", 2)});
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(task->clock().now(), std::nullopt);
  EXPECT_EQ(task->ClockHolder(), "product events[1]");

  // Read to its end and idle for 10 s: then the other one carries it.
  service.clock().Advance(milliseconds{11'000});
  service.Run();

  // Idle all of them, they follow the wall.
  EXPECT_EQ(task->clock().now(), kStart + 20 * kDay + milliseconds{11'000} - 10 * kMinute);
  EXPECT_THAT(UserActivations(&service), Contains(HasSubstr("window_expired")));
}

// The newest wall time that the journal knows stands before an event, not behind it: what the first
// records of a backlog decide is no more of today than the rest.
TEST(PipelineTest, ABacklogIsBackfillFromItsFirstEventOn) {
  Service service({.source_partitions = 1, .mode = journey::ClockMode::kWall});
  service.clock().Set(kStart + 20 * kDay);
  service.Start();
  const auto produce = [&](const std::string& user, Instant at) {
    service.Produce(0, Track("acme", user, "Signed Up", at, R"({"role":"admin"})"), at);
    service.Produce(0, Track("acme", user, "Integration Connected", at + kHour, R"({"name":"a"})"),
                    at + kHour);
  };
  const auto modes_of = [&](const std::string& user) {
    std::vector<std::string> modes;
    for (const Output& output : service.Decisions()) {
      if (output.headers.at("ce_subject") == "account/acme/user/" + user) {
        modes.push_back(output.headers.at("ce_fhmode"));
      }
    }
    return modes;
  };

  produce("ada", kStart);
  service.Run();
  EXPECT_THAT(modes_of("ada"), AllOf(Not(IsEmpty()), Each("backfill")));

  // As it comes: live.
  service.clock().Advance(kHour);
  produce("bea", kStart + 20 * kDay);
  service.Run();
  EXPECT_THAT(modes_of("bea"), AllOf(Not(IsEmpty()), Each("live")));

  // After ten days without an instance.
  service.Stop();
  service.clock().Advance(10 * kDay);
  service.Start();
  produce("cy", kStart + 22 * kDay);
  service.Run();
  EXPECT_THAT(modes_of("cy"), AllOf(Not(IsEmpty()), Each("backfill")));
}

TEST(PipelineTest, TheEndOfTheInputMovesTheClockAndRefreshesEveryStatus) {
  Service service({});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart, R"({"role":"admin"})"));
  service.Produce(0, Track("globex", "gus", "Signed Up", kStart, R"({"role":"admin"})"));

  ASSERT_TRUE(service.TryFinish(kStart + 60 * kDay).ok());

  const auto statuses = service.LastStatuses();
  EXPECT_THAT(statuses.at("onboarding.user-status acme|ada"), HasSubstr("window_expired"));
  EXPECT_THAT(statuses.at("onboarding.user-status globex|gus"), HasSubstr("window_expired"));
  EXPECT_TRUE(service.intake_stage().outlook().is_finished);
}

TEST(PipelineTest, AServiceThatBeginsAnewKnowsTheEventTimesOfAllThatWasRead) {
  Service service({});
  service.Start();
  ProduceActivation(&service);
  // Less than a minute after what progress told last.
  service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + 3 * kDay));
  service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + 3 * kDay + milliseconds{7}));
  service.Run();
  const IntakeStage::Outlook before = service.intake_stage().outlook();
  service.Kill();

  service.Start();
  service.Run();

  EXPECT_EQ(service.intake_stage().outlook(), before);
  EXPECT_EQ(before.event_time_max, kStart + 3 * kDay + milliseconds{7});
  // What is too far ahead of them is so at once.
  service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + 400 * kDay));
  service.Run();
  ASSERT_THAT(service.DeadLetters(), SizeIs(1));
  EXPECT_EQ(service.DeadLetters()[0].headers.at("dlq_reason"), "bad_time");
}

TEST(PipelineTest, TheJournalBeginsWithPlaybookAndRoster) {
  Service service({});
  service.Start();
  ProduceActivation(&service);
  service.Run();

  for (const std::int32_t partition : {0, 1}) {
    std::vector<std::string> batches;
    for (const Output& output : service.Committed({service.topics().journal})) {
      if (output.partition == partition) {
        batches.push_back(*output.value);
      }
    }
    ASSERT_FALSE(batches.empty());
    const auto first = codec::JournalBatchReader::Open(batches.front());
    ASSERT_TRUE(first.has_value());
    ASSERT_EQ(first->count(), 2U);
    EXPECT_TRUE(std::holds_alternative<codec::Control>(first->entry(0).value()));
    EXPECT_TRUE(std::holds_alternative<journey::Roster>(first->entry(1).value()));
  }
}

TEST(PipelineTest, TheFirstRunKeepsTheStartItFoundWhateverHappensThen) {
  Service service({.source_partitions = 1, .start = {.kind = StartAt::Kind::kLatest, .time = {}}});
  service.Produce(0, Track("acme", "old", "Signed Up", kStart, R"({"role":"admin"})"));
  service.Start();
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_TRUE(service.intake().RunOnce().has_value());
  }
  service.Kill();
  ProduceActivation(&service, "new");

  service.Start();
  service.Run();

  const auto statuses = service.LastStatuses();
  EXPECT_FALSE(statuses.contains("onboarding.user-status acme|old"));
  EXPECT_TRUE(statuses.contains("onboarding.user-status acme|new"));
}

TEST(PipelineTest, InputsFarAheadOfTheOthersWait) {
  Service service({.source_partitions = 2, .intake_entries_max = 1, .intake_batch_records_max = 1});
  // In one input a month passes quickly, in the other slowly.
  for (int i = 0; i < 30; ++i) {
    service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + i * kDay));
  }
  for (int i = 0; i < 300; ++i) {
    service.Produce(1, Track("acme", "bea", "user.logged_in", kStart + i * kHour));
  }
  service.Start();

  milliseconds ahead_max{0};
  for (int turn = 0; turn < 60; ++turn) {
    ASSERT_TRUE(service.intake().RunOnce().has_value());
    std::map<std::string, Instant> newest;
    for (const Output& output : service.Committed({service.topics().journal})) {
      const auto batch = codec::JournalBatchReader::Open(*output.value);
      for (std::size_t i = 0; i < batch->count(); ++i) {
        const codec::JournalEntry entry = batch->entry(i).value();
        if (const auto* event = std::get_if<journey::Event>(&entry)) {
          newest[std::string(event->user)] = event->occurred_at;
        }
      }
    }
    if (newest.contains("bea") && newest.contains("ada")) {
      ahead_max = std::max(ahead_max, newest["ada"] - newest["bea"]);
    }
  }

  EXPECT_GT(ahead_max, milliseconds{0});
  EXPECT_LE(ahead_max, IntakeStage::kAheadMax + kDay);
  service.Run();
  EXPECT_EQ(service.intake_stage().outlook().partitions_at_end, 2U);
}

}  // namespace
}  // namespace foothold::stream
