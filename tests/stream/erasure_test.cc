// A person is erased, in the whole service: from state, changelogs and statuses, for a restart
// without its volumes too; what comes late of them is dropped, and later the id begins anew.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kMail = "ada.low@acme.example";

// A record whose id says nothing of the person. Without a tenant it goes by the person.
std::string Record(std::string_view type, std::string_view tenant, std::string_view user,
                   Instant at, std::string_view more) {
  static int number = 0;
  const std::string context =
      tenant.empty() ? std::string() : fmt::format(R"(,"context":{{"groupId":"{}"}})", tenant);
  return fmt::format(R"({{"type":"{}","userId":"{}","messageId":"m{}","timestamp":"{}"{}{}}})",
                     type, user, ++number, FormatRfc3339(at), context, more);
}

std::string Event(std::string_view tenant, std::string_view user, std::string_view event,
                  Instant at, std::string_view properties = "{}") {
  return Record("track", tenant, user, at,
                fmt::format(R"(,"event":"{}","properties":{})", event, properties));
}

std::string Bare(std::string_view type, std::string_view user, Instant at,
                 std::string_view more = "") {
  return Record(type, "", user, at, more);
}

class ErasureTest : public ::testing::Test {
 protected:
  explicit ErasureTest(ServiceOptions options = {.source_partitions = 1,
                                                 .mode = journey::ClockMode::kWall})
      : service_(options) {
    service_.Start();
  }

  Instant now() { return service_.clock().Now(); }
  void Take(const std::string& record) {
    service_.Produce(0, record, now());
    service_.Run();
  }
  void Pass(milliseconds span) {
    for (const Instant end = now() + span; now() < end;) {
      service_.clock().Advance(std::min(end - now(), milliseconds{6 * kHour}));
      Take(Event("other", "eve", "heartbeat", now()));
    }
  }
  void Erase(std::vector<std::string> users) {
    ControlWriter writer(&service_.log(), {.app = "shop",
                                           .instance = "desk",
                                           .topics = service_.topics(),
                                           .journal_partitions = 2,
                                           .people_partitions = 2,
                                           .retry = {.retries_max = 3}});
    const Result<ControlWriter::Ledger> said = writer.Say(
        codec::EraseWord{.tenant = "acme", .at = now(), .users = std::move(users), .hashes = {}},
        std::nullopt);
    ASSERT_TRUE(said.has_value()) << said.error().message();
    service_.Run();
  }
  // What a compacted topic holds in the end, each key with its value.
  std::vector<std::string> Compacted(const std::vector<std::string>& topics) {
    std::map<std::string, std::string> last;
    for (const Output& output : service_.Committed(topics)) {
      const std::string key = fmt::format("{}[{}] {}", output.topic, output.partition, output.key);
      if (output.value.has_value()) {
        last[key] = *output.value;
      } else {
        last.erase(key);
      }
    }
    std::vector<std::string> texts;
    for (const auto& [key, value] : last) {
      texts.push_back(key + " " + value);
    }
    return texts;
  }
  // Of all that is kept by key: what names the person.
  std::vector<std::string> Naming(const std::vector<std::string>& topics) {
    std::vector<std::string> naming = Compacted(topics);
    std::erase_if(naming, [](const std::string& text) {
      return text.find("adalow77") == std::string::npos && text.find(kMail) == std::string::npos;
    });
    return naming;
  }
  std::vector<std::string> NamingState() {
    const TopicNames& topics = service_.topics();
    return Naming(
        {topics.changelog, topics.people_changelog, topics.user_status, topics.account_status});
  }
  double Counter(const std::string& line_begin) {
    const std::string text = service_.registry().Render();
    const std::size_t at = text.find("\n" + line_begin + " ");
    return at == std::string::npos ? -1 : std::atof(text.c_str() + at + line_begin.size() + 2);
  }
  std::string StatusOfAda() {
    const auto statuses = service_.LastStatuses();
    const auto found = statuses.find("onboarding.user-status acme|adalow77");
    return found == statuses.end() ? "" : found->second;
  }
  // Ada signs up, is asked for things, and is known by her address, too.
  void SignUp() {
    Take(Event("acme", "adalow77", "Signed Up", now(), R"({"role":"admin"})"));
    Take(Record("identify", "acme", "adalow77", now(),
                fmt::format(R"(,"traits":{{"email":"{}","name":"Ada Low"}})", kMail)));
    Take(Event("acme", "ben", "user.invited", now(),
               fmt::format(R"({{"inviteeEmail":"{}","role":"viewer"}})", kMail)));
    Take(Event("acme", "ben", "Signed Up", now(), R"({"role":"admin"})"));
    Take(Event("acme", "adalow77", "Integration Connected", now()));
  }

  Service service_;
};

TEST_F(ErasureTest, NeitherChangelogsNorStatusesHoldThePersonAfterwards) {
  SignUp();
  Pass(4 * kDay);
  ASSERT_GT(NamingState().size(), 5U);

  Erase({"adalow77", fmt::format("email:{}", kMail)});
  Pass(kHour);

  EXPECT_THAT(NamingState(), IsEmpty());
  EXPECT_TRUE(service_.LastStatuses().contains("onboarding.user-status acme|ben"));
}

TEST_F(ErasureTest, TheLedgerWhichIsKeptForEverDoesNotNameThePerson) {
  SignUp();

  Erase({"adalow77", fmt::format("email:{}", kMail)});

  for (const Output& output : service_.Committed({service_.topics().control})) {
    const std::string value = output.value.value_or("");
    EXPECT_EQ(value.find("adalow77"), std::string::npos);
    EXPECT_EQ(value.find(kMail), std::string::npos);
  }
}

TEST_F(ErasureTest, WhatWasAskedIsCancelledAndConcluded) {
  Take(Event("acme", "adalow77", "Signed Up", now(), R"({"role":"admin"})"));
  Take(Record("identify", "acme", "adalow77", now(),
              fmt::format(R"(,"traits":{{"email":"{}","name":"Ada Low"}})", kMail)));
  Take(Event("acme", "adalow77", "Integration Connected", now()));
  Pass(4 * kDay);
  const auto told_of_ada = [&](const std::string& type, const std::string& what) {
    const std::vector<Output> told = service_.Committed(service_.topics().Logs());
    return std::ranges::count_if(told, [&](const Output& output) {
      const auto header = output.headers.find("ce_type");
      const std::string value = output.value.value_or("");
      return value.find(R"("userId":"adalow77")") != std::string::npos &&
             value.find(what) != std::string::npos && header != output.headers.end() &&
             header->second.find(type) != std::string::npos;
    });
  };
  const auto requested = told_of_ada("requested", "");
  const auto held_back = told_of_ada("suppressed", R"("suppressedBy":"holdout")");
  ASSERT_GT(requested, 0);
  ASSERT_EQ(told_of_ada("outcome", ""), 0);

  Erase({"adalow77"});

  EXPECT_EQ(told_of_ada("outcome", ""), requested + held_back);
  EXPECT_GT(told_of_ada("cancelled", R"("cause":"erased")"), 0);
  EXPECT_EQ(told_of_ada("cancelled", kMail), 0);
}

TEST_F(ErasureTest, ARestoreDoesNotBringThePersonBack) {
  SignUp();
  Pass(kDay);
  Erase({"adalow77", fmt::format("email:{}", kMail)});

  service_.Stop();
  service_.LoseStores();
  service_.Start();
  service_.Run();
  Take(Event("acme", "adalow77", "Dashboard Created", now() - kHour));

  EXPECT_EQ(StatusOfAda(), "");
  EXPECT_THAT(NamingState(), IsEmpty());
  EXPECT_EQ(Counter("foothold_journey_events_of_erased_total"), 1);
}

TEST_F(ErasureTest, WhatOthersSayOfThePersonIsDroppedToo) {
  SignUp();
  Erase({"adalow77"});

  Take(Event("acme", "ben", "user.invited", now(),
             fmt::format(R"({{"inviteeEmail":"{}","role":"viewer"}})", kMail)));
  Take(Event("acme", "ben", "user.role_changed", now(),
             R"({"memberId":"adalow77","role":"viewer"})"));

  EXPECT_THAT(Naming({service_.topics().user_status}), IsEmpty());
  EXPECT_EQ(Counter("foothold_journey_events_of_erased_total"), 2);
}

TEST_F(ErasureTest, AfterThirtyDaysTheIdBeginsAnew) {
  SignUp();
  Erase({"adalow77"});
  Pass(29 * kDay);
  Take(Event("acme", "adalow77", "user.logged_in", now()));
  ASSERT_EQ(StatusOfAda(), "");

  Pass(2 * kDay);
  Take(Event("acme", "adalow77", "Signed Up", now(), R"({"role":"viewer"})"));

  EXPECT_THAT(StatusOfAda(), HasSubstr(R"("role":"viewer")"));
  EXPECT_THAT(StatusOfAda(), HasSubstr(R"("email":null)"));
}

TEST_F(ErasureTest, InAnotherAccountThePersonStays) {
  SignUp();
  Take(Event("globex", "adalow77", "Signed Up", now(), R"({"role":"admin"})"));

  Erase({"adalow77"});
  Take(Bare("page", "adalow77", now(), R"(,"name":"Home")"));

  const auto statuses = service_.LastStatuses();
  EXPECT_TRUE(statuses.contains("onboarding.user-status globex|adalow77"));
  EXPECT_EQ(StatusOfAda(), "");
}

TEST_F(ErasureTest, WhatWaitsForAnAccountOfThePersonIsForgotten) {
  Take(Bare("identify", "adalow77", now(), fmt::format(R"(,"traits":{{"email":"{}"}})", kMail)));
  Take(Bare("track", "adalow77", now(), R"(,"event":"Dashboard Created")"));
  ASSERT_FALSE(Naming({service_.topics().people_changelog}).empty());

  Erase({"adalow77", fmt::format("email:{}", kMail)});
  Take(Bare("track", "adalow77", now(), R"(,"event":"Report Exported")"));
  Pass(2 * kDay);

  EXPECT_THAT(Naming({service_.topics().people_changelog}), IsEmpty());
  EXPECT_THAT(service_.DeadLetters(), IsEmpty());
  EXPECT_EQ(Counter(R"(foothold_people_skipped_records_total{why="erased"})"), 3);
}

// Where commits cut the work decides nothing.
class CutErasureTest : public ErasureTest {
 protected:
  CutErasureTest()
      : ErasureTest({.source_partitions = 1,
                     .journey_entries_max = 1,
                     .people_entries_max = 1,
                     .cache_bytes_max = 0,
                     .mode = journey::ClockMode::kWall,
                     .store_write_interval = kDay}) {}
};

TEST_F(CutErasureTest, WhatIsNotWrittenYetIsForgottenToo) {
  SignUp();
  Erase({"adalow77", fmt::format("email:{}", kMail)});
  Pass(kHour);

  EXPECT_THAT(NamingState(), IsEmpty());

  service_.Kill();
  service_.Start();
  service_.Run();

  EXPECT_EQ(StatusOfAda(), "");
  EXPECT_THAT(NamingState(), IsEmpty());
}

}  // namespace
}  // namespace foothold::stream
