#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/backtest_report.h"
#include "src/app/command.h"
#include "src/intake/json_tree.h"
#include "tests/app/child.h"
#include "tests/app/small_company.h"

namespace foothold::app {
namespace {

using intake::JsonTree;
using testing::HasSubstr;
using testing::Not;

// Signs of life every six hours, so that time goes on in a file.
std::string Heartbeats(int days) {
  std::string text;
  for (int i = 0; i < days * 4; ++i) {
    text +=
        fmt::format(R"({{"type":"track","event":"heartbeat","timestamp":"2026-03-{:02}T{:02}:30:)"
                    R"(00Z","messageId":"b{}","context":{{"groupId":"nobody"}}}})"
                    "\n",
                    2 + i / 4, 9 + i % 4, i);
  }
  return text;
}

constexpr char kOld[] =
    "extends: default\nplaybook: old\ngate: {holdout: 0, quiet_hours: none, user: {per_day: 0, "
    "per_week: 0}, account: {per_week: 0}, breaker: none}\n";

constexpr char kNewRules[] =
    "rules:\n"
    "  never_logged_in: {title: Never, for: user, mode: 'off', when: {not: {did: access}}, rungs: "
    "[{at: 5d of invite_or_signup, channel: email, template: x}]}\n"
    "  admin_no_integration:\n"
    "    title: The admin has not connected an integration\n"
    "    for: user\n"
    "    when: {all: [{role: admin}, {did: account.created}, {not: {account_did: "
    "integration.connected}}]}\n"
    "    rungs: [{at: 5d of signup, until: 14d, channel: email, template: connect_your_data}]\n"
    "  viewer_alone:\n"
    "    title: A viewer has seen one dashboard\n"
    "    for: user\n"
    "    when: {all: [{role: viewer}, {did: dashboard.viewed}]}\n"
    "    rungs: [{at: 2d of first_access, until: 5d, channel: in_app, template: more}]\n";

class BacktestTest : public testing::Test {
 protected:
  Ending Backtest(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"backtest", old_, new_, events_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunFoothold(arguments);
  }
  JsonTree Report(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = more;
    arguments.insert(arguments.end(), {"-o", "json"});
    const Ending ending = Backtest(arguments);
    const Result<JsonTree> tree = JsonTree::Read(ending.out);
    EXPECT_TRUE(tree.has_value()) << ending.out << ending.error;
    return tree.value_or(JsonTree());
  }
  static std::string RuleOf(const JsonTree& report, const std::string& rule) {
    for (const JsonTree& row : report["rules"].items) {
      if (row["rule"].text == rule) {
        return fmt::format("{}: {} > {}, same {}, moved {}, gone {}, new {}", row["role"].text,
                           row["before"].text, row["after"].text, row["same"].text,
                           row["moved"].text, row["gone"].text, row["new"].text);
      }
    }
    return "";
  }

  Folder folder_;
  // By kind and not by time, as an export might be.
  std::string events_ = folder_.Write("events.ndjson", Heartbeats(20) + std::string(kSmallCompany));
  std::string old_ = folder_.Write("old.yaml", kOld);
  std::string new_ = folder_.Write(
      "new.yaml", std::string(kOld).replace(std::string(kOld).find("old"), 3, "new") + kNewRules);
};

TEST_F(BacktestTest, WhatStaysMovesEndsAndBeginsIsCountedByRuleAndRole) {
  const JsonTree report = Report();

  EXPECT_EQ(RuleOf(report, "admin_no_integration"), "admin: 1 > 1, same 0, moved 1, gone 0, new 0");
  EXPECT_EQ(RuleOf(report, "never_logged_in"), "analyst: 2 > 0, same 0, moved 0, gone 2, new 0");
  EXPECT_EQ(RuleOf(report, "viewer_alone"), "viewer: 0 > 1, same 0, moved 0, gone 0, new 1");
  EXPECT_EQ(RuleOf(report, "invitees_inactive"), "account: 1 > 1, same 1, moved 0, gone 0, new 0");
}

TEST_F(BacktestTest, TheTableSaysByHowMuchSomethingMovedAndShowsSamples) {
  const std::string out = Backtest().out;

  EXPECT_THAT(out, HasSubstr("before: old@1   after: new@1\n"));
  EXPECT_THAT(out, HasSubstr("2.0 d later\n"));
  EXPECT_THAT(out, HasSubstr("    moved 2026-03-05 "));
  EXPECT_THAT(out, HasSubstr("u_1@acme  email connect_your_data\n          The admin has not "
                             "connected an integration: "));
  EXPECT_THAT(out, HasSubstr("    new   2026-03-07 "));
  EXPECT_THAT(out, HasSubstr("    gone  2026-03-07 "));
}

// The journal tells of somebody until their word stands in it, and the word is kept for ever.
TEST(BacktestReportTest, WhoWasErasedIsCountedAndNotNamed) {
  const auto asked = [](const std::string& user) {
    return fmt::format(
        R"({{"tenantId":"a b","userId":"{}","role":"analyst","ladder":{{"name":"stalled","rung":1}},)"
        R"("channel":"email","template":"t","reason":"{} stopped","decidedAt":"2026-03-02T09:00:00Z"}})",
        user, user);
  };
  const std::vector<log::Header> headers{
      {.key = "ce_type", .value = "foothold.intervention.requested.v1"}};
  const std::string ada = asked("ada");
  const std::string ben = asked("ben");
  BacktestSide before;
  BacktestSide after;
  log::RecordView record{.topic = "interventions.email",
                         .partition = PartitionId{0},
                         .timestamp = kEpoch,
                         .key = "a b",
                         .value = ada,
                         .headers = headers};
  std::vector<log::RecordView> records{record, record, record};
  records[1].value = ben;
  records[2].key = "a%20b|ada";
  records[2].value = std::nullopt;
  ASSERT_TRUE(after.tally.Take(records).ok());

  const BacktestReport report = Compare(before, after, 5);

  ASSERT_EQ(report.rules.size(), 1U);
  EXPECT_EQ(report.rules.front().added, 2);
  EXPECT_THAT(TextOf(report), HasSubstr("ben stopped"));
  EXPECT_THAT(TextOf(report), Not(HasSubstr("ada")));
}

TEST_F(BacktestTest, LoadIsToldByChannelAndRule) {
  const JsonTree report = Report();

  bool has_in_app = false;
  for (const JsonTree& channel : report["channels"].items) {
    if (channel["name"].text == "in_app") {
      has_in_app = true;
      // viewer_alone, and stalled of the same person.
      EXPECT_EQ(channel.At("after/most").text, "2");
      EXPECT_EQ(channel.At("after/mostOn").text, "2026-03-07");
    }
  }
  EXPECT_TRUE(has_in_app);
  bool has_rule = false;
  for (const JsonTree& rule : report["loads"].items) {
    if (rule["name"].text == "viewer_alone") {
      has_rule = true;
      EXPECT_EQ(rule.At("after/mostOn").text, "2026-03-07");
      EXPECT_TRUE(rule.At("before/mostOn").is_null());
    }
  }
  EXPECT_TRUE(has_rule);
}

TEST_F(BacktestTest, APlaybookAgainstItselfChangesNothing) {
  const Ending ending = RunFoothold({"backtest", old_, old_, events_, "-o", "json"});

  const JsonTree report = JsonTree::Read(ending.out).value();
  ASSERT_FALSE(report["rules"].items.empty());
  for (const JsonTree& row : report["rules"].items) {
    EXPECT_EQ(row["same"].text, row["before"].text) << row.text;
    EXPECT_EQ(row["same"].text, row["after"].text) << row.text;
  }
  EXPECT_TRUE(report["samples"].items.empty());
}

TEST_F(BacktestTest, RecordsAreTakenByTimeUnlessTheyAreToBeTakenAsTheyLie) {
  // The heartbeats stand first: as they lie, time is over before anybody signs up.
  EXPECT_EQ(RuleOf(Report(), "admin_no_integration"),
            "admin: 1 > 1, same 0, moved 1, gone 0, new 0");

  EXPECT_EQ(RuleOf(Report({"--in-order"}), "admin_no_integration"), "");
}

TEST_F(BacktestTest, TheHoldoutKeepsBackUnderBoth) {
  const std::string all =
      folder_.Write("all.yaml", "extends: default\nplaybook: all\ngate: {holdout: 1}\n");

  const Ending ending = RunFoothold({"backtest", all, all, events_});

  EXPECT_THAT(ending.out, HasSubstr("\nNeither playbook asked anything.\n"));
  EXPECT_THAT(ending.out, HasSubstr("  never_logged_in: 2 holdout, as before\n"));
}

// 60 people of one account sign up; the first 30 look at a dashboard in their first week and are
// active in the week after `later`, of the others every third.
std::string PeopleOfTwoKinds(int later) {
  std::string text =
      R"({"type":"track","event":"heartbeat","timestamp":"2025-06-01T00:00:00Z","messageId":"h","context":{"groupId":"nobody"}})"
      "\n";
  const Instant begin = ParseRfc3339("2026-03-01T10:00:00Z")->instant;
  int number = 0;
  const auto add = [&](int user, std::string_view event, int day) {
    text += fmt::format(R"({{"type":"track","event":"{}","userId":"u{}","messageId":"m{}",)"
                        R"("timestamp":"{}","context":{{"groupId":"acme"}}}})"
                        "\n",
                        event, user, ++number, FormatRfc3339(begin + day * kDay));
  };
  for (int user = 0; user < 60; ++user) {
    add(user, "Signed Up", 0);
    add(user, "Profile Completed", 0);
    if (user < 30) {
      add(user, "Dashboard Viewed", 6);
    } else {
      add(user, "Dashboard Viewed", 8);  // Not in the first week.
    }
    if (user < 30 || user % 3 == 0) {
      add(user, "Report Opened", later + 3);
    }
  }
  add(99, "Profile Completed", later + 20);
  return text;
}

TEST_F(BacktestTest, RetentionComparesWhoDidSomethingInTheFirstWeekWithWhoDidNot) {
  const std::string events = folder_.Write("people.ndjson", PeopleOfTwoKinds(90));

  const Ending ending = RunFoothold({"backtest", old_, old_, events, "--retention"});

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.out, HasSubstr("Still there after 90d: "));
  EXPECT_THAT(ending.out, HasSubstr("  60 people are judged; 1 are not, "));
  EXPECT_THAT(ending.out, HasSubstr("  dashboard.viewed                 30 of    30  100 %      10 "
                                    "of    30   33 %   +67 points, +-17\n"));
  // All of them did it: there is nobody to compare with.
  EXPECT_THAT(ending.out, HasSubstr("  profile.completed                40 of    60   67 %       0 "
                                    "of     0      -   too few\n"));
}

TEST_F(BacktestTest, RetentionTellsWhoCameBackAfterBeingAsked) {
  // Half of them are there on day 8.
  const std::string nudge = folder_.Write(
      "nudge.yaml", std::string(kOld) +
                        "rules:\n"
                        "  nudge:\n"
                        "    title: Come back\n"
                        "    for: user\n"
                        "    when: {did: access}\n"
                        "    rungs: [{at: 6d of first_access, until: 14d, channel: email, "
                        "template: back}]\n");
  const std::string events = folder_.Write("people.ndjson", PeopleOfTwoKinds(30));

  const Ending ending = RunFoothold(
      {"backtest", old_, nudge, events, "--retention", "--retention-after", "30d", "-o", "json"});

  const JsonTree report = JsonTree::Read(ending.out).value();
  EXPECT_EQ(report.At("retention/judged").text, "60");
  bool has_rule = false;
  for (const JsonTree& rule : report["retention"]["cameBackAfter"].items) {
    if (rule["rule"].text == "nudge") {
      has_rule = true;
      EXPECT_EQ(rule["asked"].text, R"({"people":60,"back":30,"isFew":false})");
    }
  }
  EXPECT_TRUE(has_rule);
  EXPECT_EQ(RunFoothold({"backtest", old_, old_, events, "--retention-after", "soon"}).code,
            kExitConfig);
}

TEST_F(BacktestTest, TwoRunsSayTheSameByteForByte) {
  EXPECT_EQ(Backtest({"-o", "json"}).out, Backtest({"-o", "json"}).out);
}

TEST_F(BacktestTest, WhatIsWrongIsNamed) {
  EXPECT_EQ(RunFoothold({"backtest", old_, "/nowhere.yaml", events_}).code, kExitConfig);
  EXPECT_EQ(RunFoothold({"backtest", old_, new_}).error,
            "backtest: of what? Files of events, or -c foothold.yaml of a running system\n");
  EXPECT_EQ(RunFoothold({"backtest", old_, new_, "-"}).error,
            "backtest: - can be read once only, and there are two playbooks\n");
  EXPECT_THAT(RunFoothold({"backtest", old_, new_, "/nowhere.ndjson"}).error,
              HasSubstr("/nowhere.ndjson"));
}

}  // namespace
}  // namespace foothold::app
