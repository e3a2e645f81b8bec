#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "src/intake/json_tree.h"
#include "tests/app/child.h"
#include "tests/app/small_company.h"

namespace foothold::app {
namespace {

using intake::JsonTree;
using testing::HasSubstr;
using testing::Not;

class ExplainTest : public testing::Test {
 protected:
  Ending Explain(std::vector<std::string> who, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"explain", "--in", events_, "--until",
                                          "2026-03-11T12:00:00Z"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), who.begin(), who.end());
    return RunFoothold(arguments);
  }

  Folder folder_;
  std::string events_ = folder_.Write("events.ndjson", kSmallCompany);
};

TEST_F(ExplainTest, AUserIsExplainedFromItsRecords) {
  const Ending ending = Explain({"acme", "u_1"});

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.out, HasSubstr("Ada Park (u_1) <ada@acme.example>, role admin of Acme Inc "
                                    "(acme)\nas of 2026-03-11 12:00 UTC, playbook default@1\n"));
  EXPECT_THAT(ending.out,
              HasSubstr("Activation: window expired\n"
                        "  The window of role admin closed on 2026-03-09 09:00 UTC with"));
  EXPECT_THAT(ending.out, HasSubstr("  missing  integration.connected (0 of 1)\n"));
  EXPECT_THAT(ending.out,
              HasSubstr("    2026-03-02 09:10 UTC  user.invited  " + events_ + ":4  (id e3)\n"));
  EXPECT_THAT(ending.out, HasSubstr("> 2 integration          here since 2026-03-02 09:12 UTC"));
}

TEST_F(ExplainTest, WhatCountsAndWhatIsMissingOfEachSignalIsSaid) {
  const std::string out = Explain({"acme", "u_1"}).out;

  EXPECT_THAT(out, HasSubstr("Risk: high, score 100\n"));
  EXPECT_THAT(out, HasSubstr("   +40  window_expired           since 2026-03-09 09:00 UTC: the "
                             "activation is window expired\n"));
  EXPECT_THAT(out, HasSubstr("  does not count:\n"));
  EXPECT_THAT(out, HasSubstr("   +15  tutorial_bounced         no guide.skipped yet, 2 needed\n"));
  EXPECT_THAT(out, HasSubstr("   +15  attempts_failing         no integration.failed or "
                             "report.export_failed in the last 7d\n"));
}

TEST_F(ExplainTest, OfEachRuleItSaysWhatIsMissingOrWhenItIsDue) {
  const std::string out = Explain({"acme", "u_1"}).out;

  EXPECT_THAT(out, HasSubstr("  did not fire:\n"
                             "    admin_invited_no_one: The admin has not invited anyone\n"
                             "      user.invited by anyone on 2026-03-02 09:10 UTC\n"));
  EXPECT_THAT(out, HasSubstr("      1. email connect_your_data: asked on 2026-03-05 09:00 UTC, "
                             "open until 2026-03-16 09:00 UTC\n"));
  EXPECT_THAT(out, HasSubstr("  for other roles: export_failed\n"));
  EXPECT_THAT(out, HasSubstr("Next, if nothing happens\n"));
  EXPECT_THAT(out, HasSubstr("  2026-03-30 09:10 UTC  rule struggling_in_week_4#1 is due, if it is "
                             "still so: CS call 'Ada Park is struggling'\n"));
}

TEST_F(ExplainTest, AUserIsFoundByAddressAndByPair) {
  EXPECT_EQ(Explain({"acme", "ada@acme.example"}).out, Explain({"acme|u_1"}).out);
}

TEST_F(ExplainTest, AnAccountIsExplainedByItsMembersStageAndBlockers) {
  const std::string out = Explain({"acme"}).out;

  EXPECT_THAT(out, HasSubstr("Acme Inc (acme), plan business, segment mid_market\n"));
  EXPECT_THAT(out, HasSubstr("  missing  0 of 2 eligible members reached their milestone (asked: "
                             "at least 50 %)\n"));
  EXPECT_THAT(out,
              HasSubstr("Stage: setup, since 2026-03-02 09:10 UTC, 9 days\n"
                        "  blocked by integration not connected since 2026-03-05 09:00 UTC: "));
  EXPECT_THAT(out, HasSubstr("      2 joined members (asked: at least 6)\n"));
  EXPECT_THAT(out, HasSubstr("CS call 'Hands-on onboarding for Acme Inc': due on 2026-03-16"));
}

TEST_F(ExplainTest, WhoWasThereBeforeUsIsSaidToBe) {
  // The history begins with the first event of the file here.
  const std::string events = folder_.Write(
      "late.ndjson",
      R"({"type":"track","event":"Dashboard Viewed","userId":"old","messageId":"m","timestamp":)"
      R"("2026-03-02T09:00:00Z","context":{"groupId":"acme","traits":{"role":"viewer"}}})"
      "\n");

  const Ending ending = RunFoothold({"explain", "acme", "old", "--in", events});

  EXPECT_THAT(ending.out, HasSubstr("was there before our history began"));
  EXPECT_THAT(ending.out, HasSubstr("Risk: none is kept\n"));
  EXPECT_THAT(RunFoothold({"explain", "acme", "--in", events}).out,
              HasSubstr("Risk: none is kept\n  an account has none before its first member, nor if "
                        "it was there before our history began\n"));
}

TEST_F(ExplainTest, JsonHasTheStatusTheRecordsAndTheReasons) {
  const Ending ending = Explain({"acme", "u_1"}, {"-o", "json"});

  const JsonTree tree = JsonTree::Read(ending.out).value();
  EXPECT_EQ(tree["status"]["activationState"].text, "window_expired");
  EXPECT_EQ(tree["evidence"].items[0]["place"].text, events_ + ":4");
  bool has_rule = false;
  for (const JsonTree& rule : tree["rules"].items) {
    if (rule["rule"].text == "admin_invited_no_one") {
      has_rule = true;
      EXPECT_EQ(rule["standing"].text, "missing");
      EXPECT_EQ(rule["reasons"].items[0]["said"].text,
                "user.invited by anyone on 2026-03-02 09:10 UTC");
    }
  }
  EXPECT_TRUE(has_rule);
  EXPECT_EQ(tree["records"].items[0]["type"].text, "onboarding.progress");
}

TEST_F(ExplainTest, WhoIsNotThereIsNamedWithWhoIs) {
  const Ending user = Explain({"acme", "u_9"});
  EXPECT_EQ(user.code, kExitConfig);
  EXPECT_THAT(user.error, HasSubstr("account acme has no user 'u_9'"));
  EXPECT_THAT(user.error, HasSubstr("u_1"));

  EXPECT_EQ(Explain({"acne"}).error, "explain: there is no account 'acne'; did you mean 'acme'?\n");
}

TEST_F(ExplainTest, WithoutFilesItWantsTheSystem) {
  const Ending ending = RunFoothold({"explain", "acme"});

  EXPECT_EQ(ending.code, kExitConfig);
  EXPECT_EQ(ending.error,
            "explain: of what? Files of events, or -c foothold.yaml of a running system\n");
}

TEST_F(ExplainTest, TwoRunsSayTheSameByteForByte) {
  EXPECT_EQ(Explain({"acme"}).out, Explain({"acme"}).out);
}

}  // namespace
}  // namespace foothold::app
