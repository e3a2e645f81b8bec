// Kills the service at every step that a commit of any stage takes, before and after it took
// effect, and begins again with what the log and the stores hold.

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

// Counts the steps of transactions, and at the chosen one the process is gone: nothing it calls
// happens any more.
class Executioner final : public log::FaultInjector {
 public:
  void KillAtStep(std::optional<int> step) {
    kill_at_ = step;
    step_ = 0;
    is_dead_ = false;
  }
  int steps() const { return step_; }
  bool is_dead() const { return is_dead_; }

  Status Step() {
    if (!is_dead_ && kill_at_.has_value() && step_ == *kill_at_) {
      is_dead_ = true;
    }
    ++step_;
    return is_dead_ ? Status(Code::kFatal, "killed") : Status();
  }

  Status Before(const log::Call& call) override {
    if (is_dead_) {
      return Status(Code::kFatal, "killed");
    }
    return IsStep(call) ? Step() : Status();
  }
  Status After(const log::Call& call) override { return IsStep(call) ? Step() : Status(); }
  milliseconds MarkerDelay(const log::TopicPartition& /*target*/) override {
    return milliseconds{0};
  }

 private:
  static bool IsStep(const log::Call& call) {
    using Kind = log::Call::Kind;
    switch (call.kind) {
      case Kind::kSend:
      case Kind::kSendOffsets:
      case Kind::kCommit:
        return call.who.find("control") == std::string_view::npos;
      case Kind::kPoll:
      case Kind::kCommitted:
      case Kind::kQueryWatermarks:
      case Kind::kOffsetForTime:
      case Kind::kInit:
      case Kind::kAbort:
        return false;
    }
    return false;
  }

  std::optional<int> kill_at_;
  int step_ = 0;
  bool is_dead_ = false;
};

struct Outcome {
  std::vector<std::string> decisions;
  std::map<std::string, std::string> statuses;
  std::vector<std::string> dead_letters;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class CrashTest : public ::testing::Test {
 protected:
  static ServiceOptions Options(std::size_t store_write_bytes = 0,
                                milliseconds checkpoint_interval = milliseconds{0}) {
    // Small commits: many steps to die at. One input: two are interleaved differently at every
    // start, and a decision shows what was known when it was made.
    return {.source_partitions = 1,
            .intake_entries_max = 25,
            .journey_entries_max = 20,
            .intake_batch_records_max = 25,
            .checkpoint_interval = checkpoint_interval,
            .store_write_interval = kDay,
            .store_write_bytes = store_write_bytes,
            .store_flush_every = 3};
  }

  void Prepare(Service* service) {
    for (const StoryEvent& event : MakeStory(7, 8, 1)) {
      service->Produce(event.partition, event.value);
    }
    service->Produce(0, "not json");
    service->Produce(0, R"({"type":"track","event":"x","userId":"u","timestamp":"2026-01-12"})");
    service->before_store_write = [this] { return executioner_.Step(); };
    service->after_store_write = [this] { return executioner_.Step(); };
  }

  static Outcome ResultOf(Service* service) {
    return {Sorted(service->Decisions()), service->LastStatuses(), Sorted(service->DeadLetters())};
  }

  enum class Comeback { kAsBefore, kDraining };
  void KillAtEvery(int stride, const ServiceOptions& options,
                   Comeback comeback = Comeback::kAsBefore);

  Executioner executioner_;
};

// A prime stride visits steps of every kind, of early and of late commits.
void CrashTest::KillAtEvery(int stride, const ServiceOptions& options, Comeback comeback) {
  Service calm(options, &executioner_);
  Prepare(&calm);
  calm.Start();
  executioner_.KillAtStep(std::nullopt);
  ASSERT_TRUE(calm.TryFinish(kStoryEnd).ok());
  const int steps = executioner_.steps();
  const Outcome expected = ResultOf(&calm);
  ASSERT_GT(steps, 100);
  ASSERT_GT(expected.decisions.size(), 10U);
  ASSERT_EQ(expected.dead_letters.size(), 2U);

  int kills = 0;
  int tails = 0;  // Starts that did not rebuild every store from nothing.
  for (int step = 0; step < steps; step += stride) {
    Service service(options, &executioner_);
    executioner_.KillAtStep(std::nullopt);
    Prepare(&service);
    service.Start();
    executioner_.KillAtStep(step);
    if (!service.TryFinish(kStoryEnd).ok()) {
      ASSERT_TRUE(executioner_.is_dead()) << "step " << step;
      ++kills;
      service.Kill();
      executioner_.KillAtStep(std::nullopt);
      // As long as a transaction and a membership may outlive their process.
      service.clock().Advance(kMinute);
      const int made_before = service.stores_made_anew();
      if (comeback == Comeback::kDraining) {
        service.BeginDraining();
      }
      service.Start();
      const Status finished = service.TryFinish(kStoryEnd);
      ASSERT_TRUE(finished.ok()) << "step " << step << ": " << finished.ToString();
      if (service.stores_made_anew() - made_before < 4) {
        ++tails;
      }
    }
    ASSERT_EQ(ResultOf(&service).decisions, expected.decisions) << "step " << step;
    ASSERT_EQ(ResultOf(&service).statuses, expected.statuses) << "step " << step;
    ASSERT_EQ(ResultOf(&service).dead_letters, expected.dead_letters) << "step " << step;
  }
  EXPECT_GT(kills, steps / stride - 2);
  EXPECT_GT(tails, 0);
}

TEST_F(CrashTest, KilledAtAnyStepTheOutcomeIsThatOfARunWithoutAKill) { KillAtEvery(11, Options()); }

// Several commits are in the log of which the store knows nothing yet.
TEST_F(CrashTest, KilledWhileTheStoresLagTheOutcomeIsThatOfARunWithoutAKill) {
  ServiceOptions options = Options(40'000);
  options.store_flush_every = 1;
  KillAtEvery(13, options);
}

// Of what was decided the changelog knows the smaller part; a checkpoint comes when the cache is
// full.
TEST_F(CrashTest, KilledBetweenCheckpointsTheOutcomeIsThatOfARunWithoutAKill) {
  ServiceOptions options = Options(40'000, kDay);
  options.cache_bytes_max = 60'000;
  options.store_flush_every = 1;
  KillAtEvery(13, options);
}

// A drain leaves refreshes to its end, so that it makes fewer steps: what was committed by who made
// them is folded as it was.
TEST_F(CrashTest, KilledBetweenCheckpointsADrainSaysTheRest) {
  ServiceOptions options = Options(40'000, kDay);
  options.cache_bytes_max = 60'000;
  options.journey_entries_max = 7;
  options.store_flush_every = 1;
  KillAtEvery(13, options, Comeback::kDraining);
}

// Users who sign up with their account, and then go on without naming it: most of what they do goes
// through the people stage, some of it waits first, some for nobody.
void PrepareForPeople(Service* service) {
  for (int i = 0; i < 12; ++i) {
    const std::string user = "u" + std::to_string(i);
    const Instant at = kStart + i * kHour;
    const auto bare = [&](const std::string& type, Instant when, const std::string& more) {
      service->Produce(0, R"({"type":")" + type + R"(","userId":")" + user + R"(","messageId":")" +
                              type + user + std::to_string(ToMs(when)) + R"(","timestamp":")" +
                              FormatRfc3339(when) + "\"" + more + "}");
    };
    bare("identify", at + kMinute,
         R"(,"traits":{"role":"operator","email":")" + user + R"(@x.example"})");
    if (i % 4 == 1) {  // Known by an address alone.
      service->Produce(0, Track("acme", "host", "user.invited", at,
                                R"({"role":"operator","email":")" + user + R"(@x.example"})"));
    } else if (i % 4 != 3) {
      service->Produce(0, Track(i % 2 == 0 ? "acme" : "globex", user, "Signed Up", at));
    }
    for (int n = 0; n < 5; ++n) {
      bare("track", at + kHour + n * kMinute,
           R"(,"event":"Form Completed","properties":{"n":)" + std::to_string(n) + "}");
    }
  }
}

TEST_F(CrashTest, KilledInThePeopleStageNothingIsLostOrDoneTwice) {
  // Every worker's commits are small, so that many steps are the people stage's.
  ServiceOptions options = Options();
  options.people_entries_max = 5;
  const auto prepare = [&](Service* service) {
    PrepareForPeople(service);
    service->before_store_write = [this] { return executioner_.Step(); };
    service->after_store_write = [this] { return executioner_.Step(); };
  };
  Service calm(options, &executioner_);
  prepare(&calm);
  calm.Start();
  executioner_.KillAtStep(std::nullopt);
  ASSERT_TRUE(calm.TryFinish(kStoryEnd).ok());
  const int steps = executioner_.steps();
  const Outcome expected = ResultOf(&calm);
  ASSERT_FALSE(expected.statuses.empty());
  ASSERT_FALSE(expected.dead_letters.empty());

  for (int step = 0; step < steps; step += 7) {
    Service service(options, &executioner_);
    executioner_.KillAtStep(std::nullopt);
    prepare(&service);
    service.Start();
    executioner_.KillAtStep(step);
    if (!service.TryFinish(kStoryEnd).ok()) {
      ASSERT_TRUE(executioner_.is_dead()) << "step " << step;
      service.Kill();
      executioner_.KillAtStep(std::nullopt);
      service.clock().Advance(kMinute);
      service.Start();
      const Status finished = service.TryFinish(kStoryEnd);
      ASSERT_TRUE(finished.ok()) << "step " << step << ": " << finished.ToString();
    }
    // What was decided on the way depends on which stage came first; where it ends does not.
    ASSERT_EQ(ResultOf(&service).statuses, expected.statuses) << "step " << step;
    ASSERT_EQ(ResultOf(&service).dead_letters, expected.dead_letters) << "step " << step;
  }
}

}  // namespace
}  // namespace foothold::stream
