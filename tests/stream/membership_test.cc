// A client that does not come back to its group by itself.

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/log/memory_log.h"
#include "src/metrics/registry.h"
#include "src/metrics/worker_metrics.h"
#include "src/stream/worker.h"
#include "tests/fakes/manual_clock.h"
#include "tests/sim/pass.h"

namespace foothold::stream {
namespace {

using ::testing::SizeIs;

constexpr milliseconds kSession{6'000};
constexpr int kTurns = 20;

// What its consumers are given after they lost partitions, they keep to themselves.
class SulkingConsumer final : public sim::PassConsumer {
 public:
  using PassConsumer::PassConsumer;

  Result<log::Batch> Poll(milliseconds timeout) override {
    if (is_sulking_) {
      return log::Batch{};
    }
    return inner_->Poll(timeout);
  }
  Status AcceptRevoked(std::span<const log::TopicPartition> partitions) override {
    is_sulking_ = true;
    return inner_->AcceptRevoked(partitions);
  }

 private:
  bool is_sulking_ = false;
};

class SulkingLog final : public sim::PassLog {
 public:
  using PassLog::PassLog;

  Result<std::unique_ptr<log::Consumer>> NewConsumer(const log::ConsumerOptions& options) override {
    FOOTHOLD_ASSIGN(std::unique_ptr<log::Consumer> consumer, inner_->NewConsumer(options));
    return std::make_unique<SulkingConsumer>(std::move(consumer));
  }
};

// Has partitions, and nothing to do with them.
class IdleStage final : public Stage {
 public:
  void Attach(log::Consumer*) override {}
  Result<std::vector<log::Position>> Assign(
      std::span<const log::TopicPartition> partitions) override {
    std::vector<log::Position> starts;
    for (const log::TopicPartition& partition : partitions) {
      assigned_.push_back(partition);
      starts.push_back({.source = partition, .next = NextOffset{0}});
    }
    return starts;
  }
  void Release(std::span<const log::TopicPartition> partitions) override {
    std::erase_if(assigned_, [&](const log::TopicPartition& partition) {
      return std::ranges::find(partitions, partition) != partitions.end();
    });
  }
  std::vector<log::TopicPartition> assigned() const override { return assigned_; }
  std::vector<log::TopicPartition> readable() const override { return assigned_; }
  Status Take(const log::RecordView&) override { return {}; }
  Status ObserveIdle() override { return {}; }
  Result<bool> Work(std::size_t, Instant) override { return false; }
  bool has_backlog() const override { return false; }
  std::size_t staged_entries() const override { return 0; }
  Status Collect(Instant, Checkpoints, StagedWrites*) override { return {}; }
  void Apply() override {}
  Result<std::vector<log::Position>> Rewind() override { return std::vector<log::Position>{}; }
  Result<std::vector<log::Position>> Repair() override { return std::vector<log::Position>{}; }

 private:
  std::vector<log::TopicPartition> assigned_;
};

TEST(MembershipTest, AClientThatDoesNotJoinAgainByItselfIsReplaced) {
  ManualWallClock clock;
  log::MemoryLog memory(clock);
  ASSERT_TRUE(memory.NewAdmin()
                  .value()
                  ->CreateTopics(std::vector<log::TopicSpec>{{.name = "events", .partitions = 2}})
                  .ok());
  SulkingLog log(&memory);
  std::vector<std::string> said;
  const Logger logger({}, clock, [&](std::string_view line) { said.emplace_back(line); });
  metrics::Registry registry;
  metrics::WorkerMetrics metrics(&registry, "intake", 0);
  IdleStage stage;
  WorkerOptions options;
  options.name = "intake-0";
  options.subscription = {"events"};
  options.consumer = {.group = "g", .instance_id = "one", .session_timeout = kSession};
  options.producer = {.transactional_id = "one", .topics = {"events"}};
  options.poll_timeout = milliseconds{0};
  options.wait = [&](milliseconds pause) { clock.Advance(pause); };
  Worker worker(options,
                {.log = &log,
                 .clock = &clock,
                 .logger = &logger,
                 .metrics = &metrics,
                 .heartbeat = std::make_shared<Heartbeat>("intake-0", kMinute)},
                &stage);
  ASSERT_TRUE(worker.Open().ok());
  const auto turn = [&] {
    for (int i = 0; i < kTurns; ++i) {
      ASSERT_TRUE(worker.RunOnce().has_value());
    }
  };
  turn();
  ASSERT_THAT(stage.assigned(), SizeIs(2));

  memory.ExpireSession("g", "one");
  turn();
  EXPECT_THAT(stage.assigned(), SizeIs(0));
  clock.Advance(kSession);
  turn();
  EXPECT_THAT(stage.assigned(), SizeIs(0));  // A group may take its time.
  clock.Advance(kMinute);
  turn();

  EXPECT_THAT(stage.assigned(), SizeIs(2));
  EXPECT_THAT(said, ::testing::Contains(::testing::HasSubstr("has given it no partitions")));
  EXPECT_TRUE(worker.Close().ok());
}

}  // namespace
}  // namespace foothold::stream
