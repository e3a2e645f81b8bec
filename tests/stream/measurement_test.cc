// What is measured of an account is incomplete: who hears of it, and for how long.

#include <map>
#include <string>
#include <tuple>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/codec/journal.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

// A call that names its account, and no event.
std::string Nameless(std::string_view tenant, Instant at) { return Track(tenant, "ada", "", at); }

std::string AccountStatusOf(Service* service, const std::string& tenant) {
  const auto statuses = service->LastStatuses();
  const auto found = statuses.find("onboarding.account-status " + tenant);
  return found == statuses.end() ? "" : found->second;
}

TEST(MeasurementTest, ADeadLetterMakesTheAccountIncompleteForADay) {
  Service service({.source_partitions = 1});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart, R"({"role":"admin"})"));
  service.Produce(0, Track("globex", "bo", "Signed Up", kStart, R"({"role":"admin"})"));
  service.Produce(0, Track("acme", "ada", "Signed In", kStart + 2 * kHour));
  service.Run();
  EXPECT_THAT(AccountStatusOf(&service, "acme"), HasSubstr(R"("measurement":{"complete":true)"));

  service.Produce(0, Nameless("acme", kStart + 2 * kHour));
  service.Run();

  EXPECT_THAT(service.DeadLetters(), SizeIs(1));
  EXPECT_THAT(AccountStatusOf(&service, "acme"),
              HasSubstr(R"("measurement":{"complete":false,"why":["dead_letters"])"));
  EXPECT_THAT(AccountStatusOf(&service, "globex"), HasSubstr(R"("measurement":{"complete":true)"));

  service.Produce(0, Track("globex", "bo", "Signed In", kStart + 27 * kHour));
  service.Run();

  EXPECT_THAT(AccountStatusOf(&service, "acme"), HasSubstr(R"("measurement":{"complete":true)"));
}

// Its tenant is one that nobody has heard of: a dead letter makes no account.
TEST(MeasurementTest, ADeadLetterMakesNoAccount) {
  Service service({.source_partitions = 1});
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed Up", kStart, R"({"role":"admin"})"));
  service.Produce(0, Nameless("globex", kStart));

  service.Run();

  EXPECT_THAT(service.DeadLetters(), SizeIs(1));
  EXPECT_EQ(AccountStatusOf(&service, "globex"), "");
}

// How often each event came, as the journal's first partition is told it.
std::map<std::string, std::uint64_t> CountsTold(Service* service) {
  std::map<std::string, std::uint64_t> counts;
  for (const Output& record : service->Committed({service->topics().journal})) {
    if (record.partition != 0) {
      continue;
    }
    const auto batch = codec::JournalBatchReader::Open(*record.value);
    EXPECT_TRUE(batch.has_value());
    for (std::size_t i = 0; i < batch->count(); ++i) {
      const auto entry = batch->entry(i);
      const auto* progress = std::get_if<journey::Progress>(&*entry);
      if (progress != nullptr && progress->counts.has_value()) {
        for (const auto& [name, times] : progress->counts->events) {
          counts[name] += times;
        }
      }
    }
  }
  return counts;
}

// While a backlog is read, a commit is hours of event time: what it counted was lost with a worker
// that was killed, and names that had come all the time seemed to have gone quiet.
TEST(MeasurementTest, CountsOfABacklogAreToldInTheCommitThatCounted) {
  Service service({.source_partitions = 1, .mode = journey::ClockMode::kWall});
  service.clock().Set(kStart + 10 * kDay);
  service.Start();
  for (int i = 0; i < 5; ++i) {
    service.Produce(0, Track("acme", "ada", "Signed In", kStart + i * kHour));
    service.Run();
    EXPECT_THAT(CountsTold(&service), ElementsAre(Pair("Signed In", i + 1))) << i;
  }

  service.Kill();
  service.Start();
  service.Produce(0, Track("acme", "ada", "Signed In", kStart + 5 * kHour));
  service.Run();

  EXPECT_THAT(CountsTold(&service), ElementsAre(Pair("Signed In", 6)));
}

// After a pause a backlog comes to two inputs, and that of one is read first: the clock must not go
// there on the word of before that the other has nothing.
class EndedInputTest : public testing::TestWithParam<std::tuple<journey::ClockMode, bool>> {
};  // Is it killed?
INSTANTIATE_TEST_SUITE_P(ByClockWithAKillOrWithout, EndedInputTest,
                         testing::Combine(testing::Values(journey::ClockMode::kWall,
                                                          journey::ClockMode::kEvent),
                                          testing::Bool()));

TEST_P(EndedInputTest, IsAskedAgainBeforeTheClockGoesOn) {
  const auto [mode, is_killed] = GetParam();
  Service service({.source_partitions = 2, .mode = mode});
  service.clock().Set(kStart + 10 * kDay);
  service.Start();
  for (const std::int32_t partition : {0, 1}) {
    service.Produce(partition, Track("acme", "ada", "Signed In", kStart));
  }
  service.Run();
  service.clock().Advance(2 * IntakeStage::kIdleAtEnd);
  service.Run();
  if (is_killed) {
    service.Kill();
  }

  for (const std::int32_t partition : {0, 1}) {
    for (int i = 1; i <= 5; ++i) {
      service.Produce(partition, Track("acme", "ada", "Signed In", kStart + i * kHour));
    }
  }
  if (is_killed) {
    service.Start();
  }
  service.Run();

  std::map<std::int32_t, journey::PartitionProgress> told;
  bool has_ended = false;
  for (const Output& record : service.Committed({service.topics().journal})) {
    const auto batch = codec::JournalBatchReader::Open(*record.value);
    ASSERT_TRUE(batch.has_value());
    for (std::size_t i = 0; record.partition == 0 && i < batch->count(); ++i) {
      const auto entry = batch->entry(i);
      const auto* progress = std::get_if<journey::Progress>(&*entry);
      if (progress == nullptr) {
        continue;
      }
      for (const auto& [input, read] : progress->partitions) {
        told[input.partition] = read;
      }
      const journey::PartitionProgress& first = told[0];
      const journey::PartitionProgress& second = told[1];
      has_ended = has_ended || (first.is_at_end && second.is_at_end);
      if (has_ended) {
        const milliseconds apart = *first.event_time_max - *second.event_time_max;
        EXPECT_TRUE(apart == milliseconds{0} || (!first.is_at_end && !second.is_at_end))
            << FormatRfc3339(*first.event_time_max) << first.is_at_end << " and "
            << FormatRfc3339(*second.event_time_max) << second.is_at_end;
      }
    }
  }
  EXPECT_TRUE(has_ended);
}

}  // namespace
}  // namespace foothold::stream
