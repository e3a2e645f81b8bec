// /metrics, /livez and /readyz of a `foothold run` that runs.

#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "tests/app/running.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::Not;

// A call to brokers that are away takes its time to fail, and a session to be taken up again.
constexpr milliseconds kAskMax{120'000};

// Asks until the answer is so.
template <class IsSo>
HttpAnswer AskUntil(int port, const std::string& path, const IsSo& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + kAskMax;
  HttpAnswer answer = HttpGet(port, path);
  while (!is_so(answer) && std::chrono::steady_clock::now() < deadline) {
    answer = HttpGet(port, path);
  }
  return answer;
}

TEST(RunHealthTest, ARunThatHasReadAllIsReadyAndItsMetricsSayWhatItDid) {
  const Folder folder;
  const std::string& servers = kafka::SharedServers();
  const auto log = kafka::OpenLog(servers);
  RunSetup setup = NewSetup(servers, folder);
  setup.source = kafka::MakeTopic(log.get(), 1);
  setup.clock = "wall";
  Produce(
      log.get(), setup.source,
      {{.key = "a", .value = EventOf("person-of-secret-name", "Report Exported", 1), .headers = {}},
       {.key = "a",
        .value = EventOf("person-of-secret-name", "Dashboard Created", 2),
        .headers = {}},
       {.key = "b", .value = "{", .headers = {}}});

  const auto child = Child::Start({"run", "-c", WriteConfig(setup, folder)});
  ASSERT_TRUE(child->AwaitError("http=\"port ")) << child->error();
  const int port = HttpPortOf(child->error());
  EXPECT_EQ(HttpGet(port, "/livez").status, 200);
  const HttpAnswer ready =
      AskUntil(port, "/readyz", [](const HttpAnswer& answer) { return answer.status == 200; });
  EXPECT_EQ(ready.status, 200) << ready.body;
  const HttpAnswer metrics = AskUntil(port, "/metrics", [](const HttpAnswer& answer) {
    return answer.body.find("foothold_journey_statuses_total{type=\"user_status\"} ") !=
               std::string::npos &&
           answer.body.find("foothold_journey_timers_held{") != std::string::npos &&
           answer.body.find("foothold_worker_lag_records{") != std::string::npos;
  });
  child->Signal(SIGTERM);
  const Ending ending = child->Wait();

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  for (const std::string_view line : {
           "foothold_build_info{",
           "foothold_intake_records_total{source=\"product\"} 3",
           "foothold_intake_rejected_records_total{reason=\"unparseable\",source=\"product\"} 1",
           "foothold_journey_statuses_total{type=\"user_status\"}",
           "foothold_journey_stimuli_total{kind=\"event\"} 2",
           "foothold_journey_clock_timestamp_seconds{",
           "foothold_journey_cache_hits_total ",
           "foothold_journey_timers_due{",
           "foothold_journey_timers_held{",
           "foothold_journey_restore_records{",
           "foothold_journey_state_bytes{",
           "foothold_worker_assigned_partitions{",
           "foothold_worker_commit_duration_seconds_count{stage=\"intake\"}",
           "foothold_worker_commit_duration_seconds_count{stage=\"journey\"}",
           "foothold_worker_lag_records{",
           "foothold_worker_lag_seconds{",
           "foothold_worker_rebalances_total{",
           "foothold_worker_transaction_open_timestamp_seconds{",
       }) {
    EXPECT_THAT(metrics.body, HasSubstr(std::string(line)));
  }
  // Of nobody, and of no account.
  EXPECT_THAT(metrics.body, Not(HasSubstr("secret")));
  EXPECT_THAT(metrics.body, Not(HasSubstr("acme")));
}

TEST(RunHealthTest, ARunWhoseBrokersAreAwayIsNotReadyAndIsAgainWhenTheyAreBack) {
  const Folder folder;
  const auto broker = kafka::Must(kafka::TestBroker::Start({}));
  const auto log = kafka::OpenLog(broker->servers());
  RunSetup setup = NewSetup(broker->servers(), folder);
  setup.source = kafka::MakeTopic(log.get(), 1);
  setup.clock = "wall";
  Produce(log.get(), setup.source,
          {{.key = "a", .value = EventOf("ada", "Report Exported", 1), .headers = {}}});
  const auto child = Child::Start({"run", "-c", WriteConfig(setup, folder)});
  ASSERT_TRUE(child->AwaitError("http=\"port ")) << child->error();
  const int port = HttpPortOf(child->error());
  const auto is_ready = [](const HttpAnswer& answer) { return answer.status == 200; };
  ASSERT_EQ(AskUntil(port, "/readyz", is_ready).status, 200);

  broker->Stop();
  const HttpAnswer away = AskUntil(port, "/readyz", [&](const HttpAnswer& answer) {
    return answer.body.find("gets no answer from the brokers") != std::string::npos;
  });
  const HttpAnswer alive = HttpGet(port, "/livez");
  kafka::Must(broker->Restart());
  const HttpAnswer back = AskUntil(port, "/readyz", is_ready);
  child->Signal(SIGTERM);
  const Ending ending = child->Wait();

  EXPECT_EQ(away.status, 503);
  EXPECT_THAT(away.body, HasSubstr("gets no answer from the brokers"));
  EXPECT_EQ(alive.status, 200) << "it waits, and is not stuck";
  EXPECT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(ending.code, kExitOk) << ending.error;
}

}  // namespace
}  // namespace foothold::app
