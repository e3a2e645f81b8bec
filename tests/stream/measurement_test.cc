// What is measured of an account is incomplete: who hears of it, and for how long.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::HasSubstr;
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

}  // namespace
}  // namespace foothold::stream
