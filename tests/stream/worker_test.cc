// What the loop does when calls fail, partitions move and rivals come.

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <regex>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// Asks the test what becomes of each call.
class Saboteur final : public log::FaultInjector {
 public:
  std::function<Status(const log::Call&)> before;
  std::function<Status(const log::Call&)> after;

  Status Before(const log::Call& call) override { return before ? before(call) : Status(); }
  Status After(const log::Call& call) override { return after ? after(call) : Status(); }
  milliseconds MarkerDelay(const log::TopicPartition& /*target*/) override {
    return milliseconds{0};
  }
};

void ProduceStory(Service* service) {
  for (const StoryEvent& event : MakeStory(11, 8, 1)) {
    service->Produce(event.partition, event.value);
  }
}

struct Outcome {
  std::vector<std::string> decisions;
  std::map<std::string, std::string> statuses;
};

Outcome OutcomeOf(Service* service) {
  return {Sorted(service->Decisions()), service->LastStatuses()};
}

// Names the first difference only: the records are long.
void ExpectSame(const Outcome& outcome, const Outcome& expected) {
  EXPECT_EQ(outcome.decisions.size(), expected.decisions.size());
  const auto decision = std::ranges::mismatch(outcome.decisions, expected.decisions);
  if (decision.in1 != outcome.decisions.end() && decision.in2 != expected.decisions.end()) {
    EXPECT_EQ(*decision.in1, *decision.in2);
  }
  EXPECT_EQ(outcome.statuses.size(), expected.statuses.size());
  const auto status = std::ranges::mismatch(outcome.statuses, expected.statuses);
  if (status.in1 != outcome.statuses.end() && status.in2 != expected.statuses.end()) {
    EXPECT_EQ(*status.in1, *status.in2);
  }
}

Outcome CalmOutcome(const ServiceOptions& options) {
  Service service(options);
  ProduceStory(&service);
  service.Start();
  EXPECT_TRUE(service.TryFinish(kStoryEnd).ok());
  return OutcomeOf(&service);
}

ServiceOptions SmallCommits() {
  return {.source_partitions = 1,
          .intake_entries_max = 25,
          .journey_entries_max = 20,
          .intake_batch_records_max = 25};
}

// The stores lag by many commits.
ServiceOptions LaggingStores() {
  ServiceOptions options = SmallCommits();
  options.store_write_interval = 60 * kDay;
  options.store_write_bytes = 60'000;
  return options;
}

// Runs the story with every `nth` call of `kind` answered by `code`, and compares.
void ExpectSameWith(log::Call::Kind kind, Code code, int nth, bool is_reply_lost,
                    const ServiceOptions& options = SmallCommits()) {
  const Outcome expected = CalmOutcome(SmallCommits());
  Saboteur saboteur;
  Service service(options, &saboteur);
  ProduceStory(&service);
  service.Start();
  int calls = 0;
  int failures = 0;
  const auto sabotage = [&](const log::Call& call) {
    if (call.kind != kind || ++calls % nth != 0) {
      return Status();
    }
    ++failures;
    // A fenced producer that is opened anew at once must not look like a rival.
    service.clock().Advance(milliseconds{11'000});
    return Status(code, "injected");
  };
  (is_reply_lost ? saboteur.after : saboteur.before) = sabotage;

  const Status finished = service.TryFinish(kStoryEnd);

  ASSERT_TRUE(finished.ok()) << finished.ToString();
  EXPECT_GT(failures, 2);
  const Outcome outcome = OutcomeOf(&service);
  ExpectSame(outcome, expected);
}

TEST(WorkerTest, ACommitThatTookLongDoesNotHoldTheNextOnesBackForLong) {
  constexpr milliseconds kOutage{9'000};  // Within the transaction's timeout.
  Saboteur saboteur;
  Service service({.source_partitions = 1, .intake_batch_records_max = 1}, &saboteur);
  saboteur.before = [&](const log::Call& call) {
    if (call.kind == log::Call::Kind::kCommit && call.who.starts_with("shop-intake")) {
      service.clock().Advance(kOutage);
    }
    return Status();
  };
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart));
  service.Run();
  saboteur.before = nullptr;
  // More than is read meanwhile: nothing is committed because all has been read.
  for (int i = 0; i < 300; ++i) {
    service.Produce(0, Track("acme", "ada", "user.logged_in", kStart + i * kMinute));
  }

  milliseconds waited{0};
  do {
    service.clock().Advance(milliseconds{100});
    waited += milliseconds{100};
    ASSERT_TRUE(service.intake().RunOnce().has_value());
  } while (service.intake_stage().staged_entries() > 0 && waited < 4 * kOutage);

  EXPECT_LE(waited, milliseconds{3'000});
}

TEST(WorkerTest, AnAbortedCommitIsDroppedAndDoneAgain) {
  ExpectSameWith(log::Call::Kind::kCommit, Code::kAborted, 5, false);
}
TEST(WorkerTest, AnAbortTakesBackNothingThatIsCommittedAndNotYetInTheStores) {
  ExpectSameWith(log::Call::Kind::kCommit, Code::kAborted, 5, false, LaggingStores());
  ExpectSameWith(log::Call::Kind::kSend, Code::kAborted, 50, false, LaggingStores());
}
TEST(WorkerTest, AStaleGenerationAtTheOffsetsIsDroppedAndDoneAgain) {
  ExpectSameWith(log::Call::Kind::kSendOffsets, Code::kAborted, 4, false);
}
TEST(WorkerTest, ACallThatPassesLaterIsMadeAgain) {
  ExpectSameWith(log::Call::Kind::kCommit, Code::kRetry, 3, false);
  // A round of the workers takes three to five polls: the one that fails is another's each time.
  ExpectSameWith(log::Call::Kind::kPoll, Code::kRetry, 7, false);
}
TEST(WorkerTest, ACommitWhoseReplyIsLostIsNeitherLostNorDoneTwice) {
  ExpectSameWith(log::Call::Kind::kCommit, Code::kFenced, 7, true);
}
// The log does not answer while the state is to be built anew, or the transaction to be voided:
// what is not sound is not worked on meanwhile.
TEST(WorkerTest, WhatCannotBeSettledAtOnceIsSettledBeforeAnythingElse) {
  const Outcome expected = CalmOutcome(SmallCommits());
  Saboteur saboteur;
  Service service(SmallCommits(), &saboteur);
  ProduceStory(&service);
  int writes = 0;
  int unanswered = 0;
  service.before_store_write = [&]() -> Status {
    if (++writes % 20 != 5) {
      return Status();
    }
    unanswered = 10;  // More than a call is made again.
    return Status(Code::kCorrupt, "a checksum is wrong");
  };
  int commits = 0;
  saboteur.before = [&](const log::Call& call) {
    const bool is_journey = call.who.starts_with("shop-journey");
    if (is_journey && call.kind == log::Call::Kind::kCommit && ++commits % 6 == 0) {
      unanswered = 10;
      return Status(Code::kAborted, "injected");
    }
    const bool settles =
        call.kind == log::Call::Kind::kCommitted || call.kind == log::Call::Kind::kAbort;
    if (!is_journey || !settles || unanswered == 0) {
      return Status();
    }
    --unanswered;
    return Status(Code::kRetry, "no answer");
  };
  service.Start();

  const Status finished = service.TryFinish(kStoryEnd);

  ASSERT_TRUE(finished.ok()) << finished.ToString();
  EXPECT_GT(writes, 5);
  EXPECT_GT(commits, 6);
  ExpectSame(OutcomeOf(&service), expected);
}

TEST(WorkerTest, AFencedProducerIsOpenedAnew) {
  ExpectSameWith(log::Call::Kind::kSend, Code::kFenced, 60, false);
  ExpectSameWith(log::Call::Kind::kSend, Code::kFenced, 60, false, LaggingStores());
}

TEST(WorkerTest, FencedTwiceWithinATransactionsTimeoutThereIsARival) {
  Saboteur saboteur;
  Service service(SmallCommits(), &saboteur);
  ProduceStory(&service);
  service.Start();
  saboteur.before = [](const log::Call& call) {
    const bool is_journey = call.who.find("journey") != std::string_view::npos;
    return call.kind == log::Call::Kind::kSendOffsets && is_journey
               ? Status(Code::kFenced, "injected")
               : Status();
  };

  const Status ran = service.TryRun();

  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.code(), Code::kFatal);
  EXPECT_THAT(ran.message(), HasSubstr("fenced twice"));
  EXPECT_THAT(ran.message(), HasSubstr("shop-journey-test-0"));
}

TEST(WorkerTest, CommitsCutAnywhereGiveTheSameDecisionsToTheByte) {
  std::optional<std::vector<Output>> expected;
  for (const std::size_t entries_max : {1000UL, 7UL, 1UL}) {
    for (const std::size_t cache_bytes_max : {std::size_t{8} << 20U, std::size_t{0}}) {
      Service service({.source_partitions = 1,
                       .journal_partitions = 1,
                       .journey_entries_max = entries_max,
                       .cache_bytes_max = cache_bytes_max});
      ProduceStory(&service);
      service.Start();
      // The intake to its end first: one and the same journal.
      for (int turn = 0; turn < 100; ++turn) {
        ASSERT_TRUE(service.intake().RunOnce().has_value());
      }
      service.intake_stage().RequestFinish(kStoryEnd);
      ASSERT_TRUE(service.TryRun().ok());

      const std::vector<Output> decisions =
          service.Committed({service.topics().activation_changed});
      ASSERT_GT(decisions.size(), 5U);
      if (!expected.has_value()) {
        expected = decisions;
      }
      EXPECT_EQ(decisions, *expected) << entries_max << " " << cache_bytes_max;
    }
  }
}

// Some of the story arrives late: behind up to six later events.
std::vector<StoryEvent> Delayed(std::vector<StoryEvent> story, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i + 6 < story.size(); ++i) {
    if (random() % 4 == 0) {
      std::rotate(story.begin() + static_cast<std::ptrdiff_t>(i),
                  story.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                  story.begin() + static_cast<std::ptrdiff_t>(i + 2 + random() % 5));
    }
  }
  return story;
}

// How a process folds a journal.
struct Folding {
  std::size_t entries_max = 1'000;
  int aborted = 0;  // Every n-th commit is; 0: none.
  bool is_draining = false;
};

// The intake to its end first: one and the same journal for a seed. Some of it arrives late.
std::vector<Output> DecisionsOf(std::uint64_t seed, const Folding& folding) {
  Saboteur saboteur;
  Service service({.source_partitions = 1,
                   .journal_partitions = 1,
                   .intake_entries_max = 20,
                   .journey_entries_max = folding.entries_max,
                   .cache_bytes_max = folding.aborted == 0 ? std::size_t{8} << 20U : std::size_t{0},
                   .is_draining = folding.is_draining,
                   .intake_batch_records_max = 10},
                  &saboteur);
  for (const StoryEvent& event : Delayed(MakeStory(seed, 12, 1), seed)) {
    service.Produce(event.partition, event.value);
  }
  service.Start();
  for (int turn = 0; turn < 200; ++turn) {
    EXPECT_TRUE(service.intake().RunOnce().has_value());
  }
  service.intake_stage().RequestFinish(kStoryEnd);
  int calls = 0;
  saboteur.before = [&](const log::Call& call) {
    const bool is_hit = folding.aborted > 0 && call.kind == log::Call::Kind::kCommit &&
                        call.who.find("journey") != std::string_view::npos &&
                        ++calls % folding.aborted == 0;
    return is_hit ? Status(Code::kAborted, "injected") : Status();
  };
  const Status ran = service.TryRun();
  EXPECT_TRUE(ran.ok()) << ran.ToString();
  EXPECT_TRUE(folding.aborted == 0 || calls > 20);
  return service.Decisions();
}

void ExpectSameDecisions(const Folding& folding, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::vector<Output> expected = DecisionsOf(seed, {});
    ASSERT_GT(expected.size(), 20U);
    const std::vector<Output> decisions = DecisionsOf(seed, folding);
    for (std::size_t i = 0; i < std::min(decisions.size(), expected.size()); ++i) {
      ASSERT_EQ(decisions[i], expected[i]) << "seed " << seed;
    }
    ASSERT_EQ(decisions.size(), expected.size()) << "seed " << seed;
  }
}

// A stimulus that was begun is done again from its first part that is not committed.
TEST(WorkerTest, AStimulusBrokenOffAnywhereIsDoneAgainTheSameWay) {
  ExpectSameDecisions({.entries_max = 3, .aborted = 2}, 4);
}

// When a status is refreshed is for the process to choose, and nothing is decided by it.
TEST(WorkerTest, RefreshesDecideNothing) { ExpectSameDecisions({.is_draining = true}, 20); }

std::map<std::string, std::string> LastUserStatuses(const std::vector<StoryEvent>& story) {
  Service service({.source_partitions = 1, .journal_partitions = 1, .intake_batch_records_max = 1});
  for (const StoryEvent& event : story) {
    service.Produce(event.partition, event.value);
  }
  service.Start();
  EXPECT_TRUE(service.TryFinish(kStoryEnd).ok());
  std::map<std::string, std::string> statuses = service.LastStatuses();
  for (auto& [key, status] :
       statuses) {  // Of what has no time of its own it is that of its notice.
    status = std::regex_replace(status, std::regex("\"since\":\"[^\"]*\""), "");
  }
  std::erase_if(statuses,
                [](const auto& entry) { return entry.first.find('|') == std::string::npos; });
  return statuses;
}

TEST(WorkerTest, WhatArrivesLateEndsInTheSameStatus) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const std::vector<StoryEvent> story = MakeStory(seed, 12, 1);
    const std::map<std::string, std::string> expected = LastUserStatuses(story);
    const std::map<std::string, std::string> statuses = LastUserStatuses(Delayed(story, seed));
    ASSERT_EQ(statuses.size(), expected.size());
    for (const auto& [user, status] : expected) {
      EXPECT_EQ(statuses.at(user), status) << user << ", seed " << seed;
    }
  }
}

TEST(WorkerTest, PartitionsThatMoveBetweenWorkersLoseAndRepeatNothing) {
  ServiceOptions options = SmallCommits();
  const Outcome expected = CalmOutcome(options);
  options.journey_workers = 2;
  options.intake_workers = 2;
  Service service(options);
  ProduceStory(&service);
  service.Start();
  for (int round = 0; round < 12; ++round) {
    for (int turn = 0; turn < 7; ++turn) {
      for (const std::size_t i : {0UL, 1UL}) {
        ASSERT_TRUE(service.intake(i).RunOnce().has_value());
        ASSERT_TRUE(service.journey(i).RunOnce().has_value());
      }
    }
    service.log().ForceRebalance("shop-journey");
    service.log().ForceRebalance("shop-intake");
  }
  ASSERT_TRUE(service.TryFinish(kStoryEnd).ok());

  const Outcome outcome = OutcomeOf(&service);
  ExpectSame(outcome, expected);
}

TEST(WorkerTest, AWorkerThrownOutOfTheGroupWritesNothingMore) {
  ServiceOptions options = SmallCommits();
  const Outcome expected = CalmOutcome(options);
  options.journey_workers = 2;
  Service service(options);
  ProduceStory(&service);
  service.Start();
  for (int turn = 0; turn < 6; ++turn) {
    ASSERT_TRUE(service.intake().RunOnce().has_value());
    ASSERT_TRUE(service.journey(0).RunOnce().has_value());
    ASSERT_TRUE(service.journey(1).RunOnce().has_value());
  }
  service.log().ExpireSession("shop-journey", "shop-journey-test-0");
  // The other takes over and goes on, while the first does not know yet.
  for (int turn = 0; turn < 20; ++turn) {
    ASSERT_TRUE(service.intake().RunOnce().has_value());
    const auto turned = service.journey(1).RunOnce();
    ASSERT_TRUE(turned.has_value()) << turned.error().ToString();
  }

  ASSERT_TRUE(service.TryFinish(kStoryEnd).ok());

  const Outcome outcome = OutcomeOf(&service);
  ExpectSame(outcome, expected);
}

TEST(WorkerTest, OnThreadsOfTheirOwnTheWorkersDecideTheSame) {
  ServiceOptions options = SmallCommits();
  const Outcome expected = CalmOutcome(options);
  options.has_threads = true;
  options.journey_workers = 2;
  Service service(options);
  ProduceStory(&service);
  service.Start();
  bool is_asked = false;

  service.RunThreads([&] {
    const IntakeStage::Outlook outlook = service.intake_stage().outlook();
    if (outlook.partitions_at_end == 1 && !is_asked) {
      is_asked = true;
      service.intake_stage().RequestFinish(kStoryEnd);
    }
    return outlook.is_finished && Sorted(service.Decisions()).size() >= expected.decisions.size();
  });
  // The final walk may still have been under way.
  service.Kill();
  service.clock().Advance(kMinute);

  EXPECT_EQ(Sorted(service.Decisions()), expected.decisions);
}

TEST(WorkerTest, AStopCommitsWhatIsDone) {
  const Outcome expected = CalmOutcome(SmallCommits());
  Service service(SmallCommits());
  ProduceStory(&service);
  service.Start();
  for (int turn = 0; turn < 5; ++turn) {
    ASSERT_TRUE(service.intake().RunOnce().has_value());
    ASSERT_TRUE(service.journey().RunOnce().has_value());
  }

  service.Stop();
  service.Start();
  ASSERT_TRUE(service.TryFinish(kStoryEnd).ok());

  ExpectSame(OutcomeOf(&service), expected);
}

// The commit took effect, and nobody hears of it, or it did not: the next start finds out.
TEST(WorkerTest, AStopWhoseLastCommitIsNotAnsweredLeavesItToTheNextStart) {
  const std::string last = Track("acme", "ada", "Signed Up", kStart);
  Service calm(SmallCommits());
  calm.Start();
  calm.Produce(0, last);
  ASSERT_TRUE(calm.TryFinish(kStoryEnd).ok());
  for (const bool has_effect : {true, false}) {
    Saboteur saboteur;
    Service service(SmallCommits(), &saboteur);
    service.Start();
    service.Run();
    service.Produce(0, last);
    ASSERT_TRUE(service.intake().RunOnce().has_value());
    ASSERT_GT(service.intake_stage().staged_entries(), 0U);
    (has_effect ? saboteur.after : saboteur.before) = [](const log::Call& call) {
      return call.kind == log::Call::Kind::kCommit ? Status(Code::kRetry, "no answer") : Status();
    };

    service.Stop();  // Every worker closes without an error.

    saboteur.before = nullptr;
    saboteur.after = nullptr;
    service.Start();
    ASSERT_TRUE(service.TryFinish(kStoryEnd).ok());
    ExpectSame(OutcomeOf(&service), OutcomeOf(&calm));
  }
}

}  // namespace
}  // namespace foothold::stream
