// What a worker shows of itself: whether it is ready, since when a transaction is open, and
// that it is not stuck.

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/log/fault_injector.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::Not;

// Asks the test what becomes of each call.
class Saboteur final : public log::FaultInjector {
 public:
  std::function<Status(const log::Call&)> before;

  Status Before(const log::Call& call) override { return before ? before(call) : Status(); }
  Status After(const log::Call& /*call*/) override { return Status(); }
  milliseconds MarkerDelay(const log::TopicPartition& /*target*/) override {
    return milliseconds{0};
  }
};

TEST(WorkerSignsTest, AWorkerForWhomThereIsNoPartitionIsReadyAllTheSame) {
  Service service({.source_partitions = 1, .intake_workers = 2});
  service.Start();
  EXPECT_FALSE(service.intake(0).is_ready());
  EXPECT_FALSE(service.intake(1).is_ready());

  service.Run();

  EXPECT_TRUE(service.intake(0).is_ready());
  EXPECT_TRUE(service.intake(1).is_ready());
}

// Its readers wait until then, and the alert is for them.
TEST(WorkerSignsTest, ATransactionIsShownAsOpenUntilItIsVoided) {
  Saboteur saboteur;
  Service service({.source_partitions = 1}, &saboteur);
  for (const StoryEvent& event : MakeStory(11, 8, 1)) {
    service.Produce(event.partition, event.value);
  }
  bool is_answered = false;
  bool has_failed = false;
  saboteur.before = [&](const log::Call& call) {
    const bool is_concerned = call.who.starts_with("shop-journey") && !is_answered;
    if (is_concerned && call.kind == log::Call::Kind::kCommit) {
      has_failed = true;
      return Status(Code::kAborted, "injected");
    }
    return is_concerned && call.kind == log::Call::Kind::kAbort ? Status(Code::kRetry, "no answer")
                                                                : Status();
  };
  service.Start();
  for (int turn = 0; turn < 100 && !has_failed; ++turn) {
    ASSERT_TRUE(service.intake().RunOnce().has_value());
    ASSERT_TRUE(service.journey().RunOnce().has_value());
  }
  ASSERT_TRUE(has_failed);
  const auto shown = [&] {
    const std::string text = service.registry().Render();
    const std::string name = "foothold_worker_transaction_open_timestamp_seconds{stage=\"journey\"";
    const std::size_t line = text.find(name);
    return line == std::string::npos ? "" : text.substr(text.find("} ", line) + 2, 2);
  };

  EXPECT_THAT(shown(), Not(AnyOf("", "0\n")));
  is_answered = true;
  ASSERT_TRUE(service.journey().RunOnce().has_value());

  EXPECT_EQ(shown(), "0\n");
}

// The watchdog is for calls that never come back.
TEST(WorkerSignsTest, ACommitThatGetsNoAnswerAgainAndAgainIsNoWorkerThatIsStuck) {
  Saboteur saboteur;
  Service service({.source_partitions = 1}, &saboteur);
  service.Produce(0, Track("acme", "ann", "user.logged_in", kStart));
  std::vector<std::chrono::steady_clock::time_point> asked;
  std::vector<bool> has_time;
  saboteur.before = [&](const log::Call& call) {
    if (!call.who.starts_with("shop-journey") || call.kind != log::Call::Kind::kCommit ||
        asked.size() == 3) {
      return Status();
    }
    if (!asked.empty()) {
      has_time.push_back(
          service.last_heartbeat().IsAlive(asked.back() + kServiceHeartbeatPatience));
    }
    // Later than the beginning of the commit by what its clock can tell.
    const auto began = std::chrono::steady_clock::now();
    auto now = began;
    while (now - began < milliseconds{2}) {
      now = std::chrono::steady_clock::now();
    }
    asked.push_back(now);
    return Status(Code::kRetry, "no answer");
  };

  service.Start();
  service.Run();

  EXPECT_THAT(has_time, ElementsAre(true, true));
}

}  // namespace
}  // namespace foothold::stream
