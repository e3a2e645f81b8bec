// What a worker shows of itself: whether it is ready, and since when a transaction is open.

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/log/fault_injector.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using testing::AnyOf;
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

}  // namespace
}  // namespace foothold::stream
