#include "src/app/company.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "src/base/names.h"
#include "src/base/time.h"

namespace foothold::app {
namespace {

using testing::Contains;
using testing::Key;

constexpr CompanyOptions kSmall{.seed = 5, .weeks = 6, .accounts = 25};

std::vector<CompanyRecord> AllRecords(const CompanyOptions& options) {
  Company company(options);
  std::vector<CompanyRecord> records;
  while (std::optional<CompanyRecord> record = company.Next()) {
    records.push_back(std::move(*record));
  }
  EXPECT_EQ(records.size(), company.record_count());
  return records;
}

std::string Field(const simdjson::dom::element& call, std::string_view pointer) {
  std::string_view text;
  return call.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

// What one user did, by canonical event name, earliest time first.
using Deeds = std::map<std::string, std::vector<Instant>>;

struct Reading {
  std::map<std::string, Deeds> users;
  std::map<std::string, std::string> role_by_user;
  std::set<std::string> invited_ids;
  std::set<std::string> invited_emails;
  std::set<std::string> identified_emails;
  std::map<std::string, int> calls;             // By type.
  std::map<std::string, int> copies_of;         // By message id.
  std::map<std::string, int> wrong;             // By what is wrong.
  std::map<std::string, std::string> accounts;  // Facts of group calls, by "account/trait".
};

std::string WhatIsWrong(const CompanyRecord& record, simdjson::dom::parser* parser) {
  simdjson::dom::element call;
  const simdjson::error_code error = parser->parse(record.value).get(call);
  if (error == simdjson::UTF8_ERROR) {
    return "utf8";
  }
  if (error != simdjson::SUCCESS) {
    return "json";
  }
  if (!call.is_object()) {
    return "not an object";
  }
  static const std::set<std::string> kTypes{"track", "identify", "group", "page"};
  const std::string type = Field(call, "/type");
  if (!kTypes.contains(type)) {
    return "type";
  }
  simdjson::dom::element user;
  if (call.at_pointer("/userId").get(user) == simdjson::SUCCESS && !user.is_string()) {
    return "user";
  }
  if (Field(call, "/context/groupId").empty()) {
    return "tenant";
  }
  if (type == "track" && Field(call, "/event").empty()) {
    return "event";
  }
  return ParseRfc3339(Field(call, "/timestamp")).has_value() ? "" : "time";
}

Reading Read(const std::vector<CompanyRecord>& records) {
  simdjson::dom::parser parser;
  Reading reading;
  for (const CompanyRecord& record : records) {
    const std::string wrong = WhatIsWrong(record, &parser);
    if (!wrong.empty()) {
      ++reading.wrong[wrong];
      continue;
    }
    const simdjson::dom::element call = parser.parse(record.value);
    const std::string type = Field(call, "/type");
    const std::string user = Field(call, "/userId");
    const Instant at = ParseRfc3339(Field(call, "/timestamp"))->instant;
    ++reading.calls[type];
    ++reading.copies_of[Field(call, "/messageId")];
    if (type == "group") {
      const std::string account = Field(call, "/groupId");
      for (const char* const trait : {"name", "plan", "segment", "productModel", "owner"}) {
        reading.accounts[account + "/" + trait] = Field(call, "/traits/" + std::string(trait));
      }
    } else if (type == "identify") {
      reading.identified_emails.insert(Field(call, "/traits/email"));
      reading.role_by_user[user] = Field(call, "/traits/role");
    } else if (type == "track") {
      reading.users[user][CanonicalEventName(Field(call, "/event"))].push_back(at);
      reading.invited_ids.insert(Field(call, "/properties/inviteeId"));
      reading.invited_emails.insert(Field(call, "/properties/inviteeEmail"));
    }
  }
  for (auto& [user, deeds] : reading.users) {
    for (auto& [name, times] : deeds) {
      std::ranges::sort(times);
    }
  }
  return reading;
}

const std::vector<CompanyRecord>& SmallRecords() {
  static const std::vector<CompanyRecord> kRecords = AllRecords(kSmall);
  return kRecords;
}

const Reading& SmallReading() {
  static const Reading kReading = Read(SmallRecords());
  return kReading;
}

bool Did(const Deeds& deeds, const std::string& name) { return deeds.contains(name); }

// How many users of a role satisfy `condition`.
template <class Condition>
int CountUsers(const Reading& reading, std::string_view role, const Condition& condition) {
  int count = 0;
  for (const auto& [user, deeds] : reading.users) {
    const auto found = reading.role_by_user.find(user);
    if (found != reading.role_by_user.end() && found->second == role && condition(deeds)) {
      ++count;
    }
  }
  return count;
}

TEST(CompanyTest, TheSameSeedTellsTheSameStory) {
  const std::vector<CompanyRecord> again = AllRecords(kSmall);

  ASSERT_EQ(again.size(), SmallRecords().size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    ASSERT_EQ(again[i].key, SmallRecords()[i].key);
    ASSERT_EQ(again[i].value, SmallRecords()[i].value);
    ASSERT_EQ(again[i].at, SmallRecords()[i].at);
  }
}

TEST(CompanyTest, AnotherSeedTellsAnotherOne) {
  CompanyOptions options = kSmall;
  options.seed = 6;

  EXPECT_NE(AllRecords(options).front().value, SmallRecords().front().value);
}

TEST(CompanyTest, RecordsArriveInOrderAndTheirEventsNearlySo) {
  simdjson::dom::parser parser;
  Instant newest_arrival = kEpoch;
  Instant newest_event = kEpoch;
  int late = 0;
  int very_late = 0;
  for (const CompanyRecord& record : SmallRecords()) {
    ASSERT_GE(record.at, newest_arrival);
    newest_arrival = record.at;
    if (!WhatIsWrong(record, &parser).empty()) {
      continue;
    }
    const simdjson::dom::element call = parser.parse(record.value);
    const Instant at = ParseRfc3339(Field(call, "/timestamp"))->instant;
    ASSERT_LE(at, record.at) << record.value;
    ASSERT_LE(record.at - at, 4 * kHour) << record.value;
    late += at < newest_event ? 1 : 0;
    very_late += at < newest_event - 10 * kMinute ? 1 : 0;
    newest_event = std::max(newest_event, at);
  }
  EXPECT_GT(late, 100);
  EXPECT_GT(very_late, 2);
  EXPECT_LT(very_late * 200, static_cast<int>(SmallRecords().size()));
}

TEST(CompanyTest, OneRecordInTwoHundredIsWrongInEachOfTheWays) {
  int wrong = 0;
  for (const char* const kind :
       {"utf8", "json", "not an object", "type", "user", "tenant", "event", "time"}) {
    EXPECT_THAT(SmallReading().wrong, Contains(Key(kind)));
  }
  for (const auto& [kind, count] : SmallReading().wrong) {
    wrong += count;
  }
  const double share = static_cast<double>(wrong) / static_cast<double>(SmallRecords().size());
  EXPECT_GT(share, 0.004);
  EXPECT_LT(share, 0.006);
}

TEST(CompanyTest, SomeMessagesComeTwice) {
  const auto copies = std::ranges::count_if(SmallReading().copies_of,
                                            [](const auto& entry) { return entry.second > 1; });

  EXPECT_GT(copies, 20);
}

TEST(CompanyTest, AllKindsOfCallsAreThere) {
  for (const char* const type : {"track", "identify", "group", "page"}) {
    EXPECT_GT(SmallReading().calls.at(type), 100) << type;
  }
  EXPECT_THAT(SmallReading().invited_ids, testing::SizeIs(testing::Gt(20)));
}

TEST(CompanyTest, AccountsHaveTheirFacts) {
  std::set<std::string> plans;
  std::set<std::string> models;
  bool has_owner = false;
  bool lacks_owner = false;
  for (const auto& [fact, value] : SmallReading().accounts) {
    if (fact.ends_with("/plan")) {
      plans.insert(value);
    } else if (fact.ends_with("/productModel")) {
      models.insert(value);
    } else if (fact.ends_with("/owner")) {
      has_owner = has_owner || !value.empty();
      lacks_owner = lacks_owner || value.empty();
    } else if (fact.ends_with("/name")) {
      EXPECT_NE(value, "");
    }
  }
  EXPECT_GE(plans.size(), 3U);
  EXPECT_GE(models.size(), 3U);
  EXPECT_TRUE(has_owner);
  EXPECT_TRUE(lacks_owner);
}

TEST(CompanyTest, AdminsReachTheirMilestoneInTimeLateOrNever) {
  const auto days_to_connect = [](const Deeds& deeds) -> std::optional<double> {
    if (!Did(deeds, "account.created") || !Did(deeds, "integration.connected")) {
      return std::nullopt;
    }
    const auto taken =
        deeds.at("integration.connected").front() - deeds.at("account.created").front();
    return static_cast<double>(taken.count()) / static_cast<double>(kDay.count());
  };
  const Reading& reading = SmallReading();

  EXPECT_GT(CountUsers(reading, "admin",
                       [&](const Deeds& deeds) { return days_to_connect(deeds).value_or(9) < 7; }),
            3);
  EXPECT_GT(CountUsers(reading, "admin",
                       [&](const Deeds& deeds) {
                         return Did(deeds, "account.created") && !days_to_connect(deeds);
                       }),
            0);
}

TEST(CompanyTest, AnalystsExportInTimeLateOrStopAfterTheDashboard) {
  const auto days_to_export = [](const Deeds& deeds) {
    const auto taken = deeds.at("report.exported").front() - deeds.at("signed.in").front();
    return static_cast<double>(taken.count()) / static_cast<double>(kDay.count());
  };
  const auto exported_within = [&](double low, double high) {
    return CountUsers(SmallReading(), "analyst", [&](const Deeds& deeds) {
      return Did(deeds, "signed.in") && Did(deeds, "report.exported") &&
             days_to_export(deeds) >= low && days_to_export(deeds) < high;
    });
  };

  EXPECT_GT(exported_within(0, 4), 3);
  EXPECT_GT(exported_within(4, 14), 3);
  EXPECT_GT(exported_within(14, 40), 0);
  EXPECT_GT(CountUsers(SmallReading(), "analyst",
                       [](const Deeds& deeds) {
                         return Did(deeds, "signed.in") && !Did(deeds, "report.exported");
                       }),
            3);
}

TEST(CompanyTest, OperatorsAndViewersReachTheirsOrDoNot) {
  const auto records_of = [](const Deeds& deeds) {
    std::size_t count = 0;
    for (const char* const name : {"transaction.created", "record.submitted", "form.completed"}) {
      count += Did(deeds, name) ? deeds.at(name).size() : 0;
    }
    return count;
  };

  EXPECT_GT(CountUsers(SmallReading(), "operator",
                       [&](const Deeds& deeds) { return records_of(deeds) >= 5; }),
            5);
  EXPECT_GT(CountUsers(SmallReading(), "operator",
                       [&](const Deeds& deeds) { return records_of(deeds) < 5; }),
            2);
  EXPECT_GT(CountUsers(SmallReading(), "viewer",
                       [](const Deeds& deeds) { return Did(deeds, "dashboard.viewed"); }),
            5);
  EXPECT_GT(CountUsers(SmallReading(), "viewer",
                       [](const Deeds& deeds) { return !Did(deeds, "dashboard.viewed"); }),
            0);
}

TEST(CompanyTest, SomeOfTheInvitedNeverCome) {
  std::set<std::string> absent;
  std::ranges::set_difference(SmallReading().invited_emails, SmallReading().identified_emails,
                              std::inserter(absent, absent.end()));

  EXPECT_GT(absent.size(), 5U);
  EXPECT_LT(absent.size() * 2, SmallReading().invited_emails.size());
}

TEST(CompanyTest, NobodySignsInBeforeTheyJoined) {
  for (const auto& [user, deeds] : SmallReading().users) {
    for (const char* const birth : {"account.created", "invite.accepted"}) {
      if (Did(deeds, birth) && Did(deeds, "signed.in")) {
        EXPECT_LT(deeds.at(birth).front(), deeds.at("signed.in").front()) << user;
      }
    }
  }
}

TEST(CompanyTest, OldCustomersComeWithoutABirth) {
  const Reading reading = Read(AllRecords({.seed = 5, .weeks = 2, .accounts = 60}));

  int veterans = 0;
  for (const auto& [user, deeds] : reading.users) {
    veterans +=
        Did(deeds, "signed.in") && !Did(deeds, "account.created") && !Did(deeds, "invite.accepted")
            ? 1
            : 0;
  }
  EXPECT_GT(veterans, 5);
}

TEST(CompanyTest, WeekendsAreQuiet) {
  std::map<bool, int> records_on_weekend;
  for (const CompanyRecord& record : SmallRecords()) {
    const std::int64_t day = (record.at - kSmall.start) / kDay;
    ++records_on_weekend[day % 7 >= 5];
  }

  EXPECT_GT(records_on_weekend[true], 50);
  EXPECT_LT(records_on_weekend[true] * 8, records_on_weekend[false]);
}

TEST(CompanyTest, TheDefaultIsAMinutesWorkForTheEngine) {
  const Company company(CompanyOptions{});

  EXPECT_GT(company.record_count(), 150'000U);
  EXPECT_LT(company.record_count(), 300'000U);
}

}  // namespace
}  // namespace foothold::app
