// The page of `foothold serve` in a real browser: what it shows, the keys, and that it keeps to
// itself.

#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/show.h"
#include "tests/app/browser.h"
#include "tests/app/child.h"
#include "tests/readmodel/records.h"

namespace foothold::app {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kHostile = "<img src=/x onerror=alert(1)><script>alert(2)</script>";
constexpr const char* kDown = "\uE015";
constexpr const char* kEnter = "\uE007";
constexpr const char* kRight = "\uE014";
constexpr const char* kEscape = "\uE00C";

// 60 accounts: two pages; one with a hostile name, in trouble, with a person.
std::vector<journey::OutputRecord> SomeRecords() {
  std::vector<journey::OutputRecord> records;
  for (int i = 0; i < 60; ++i) {
    journey::AccountStatus account = readmodel::AccountOf(fmt::format("t{:02}", i));
    account.stage_entered_at = readmodel::Day(2) + i * kHour;
    account.funnel = {{.transition = "analyst/first", .entered = 3, .completed = 1, .median_s = 9}};
    if (i == 7) {
      account.account.name = kHostile;
      account.account.owner = kHostile;
      account.blockers = {{.name = kHostile, .since = readmodel::Day(3), .detail = kHostile}};
      account.dropoff_risk = "high";
      account.risk_score = 90;
      account.risk_reasons = {
          {.signal = kHostile, .weight = 9, .fact = kHostile, .since = readmodel::Day(3)}};
      account.open_interventions = {"risk_high#1 waits for approval"};
    }
    records.emplace_back(account);
  }
  journey::UserStatus person = readmodel::PersonOf("t07", "u");
  person.name = kHostile;
  person.email = "ann@acme.example";
  person.steps = {{.name = kHostile, .step_class = "setup", .met_at = std::nullopt}};
  records.emplace_back(person);
  journey::InterventionRequested request = readmodel::RequestOf("t07", "i1");
  request.common.reason = kHostile;
  request.ask.recipient.name = kHostile;
  records.emplace_back(request);
  return records;
}

class PageTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    browser_ = Browser::Start().release();
    ApiOptions options;
    options.listen = "127.0.0.1:0";
    show_ = Show::Open({}, std::move(options), {}).value().release();
    readmodel::Take(show_->model(), SomeRecords());
    ASSERT_TRUE(show_->Serve().ok());
  }
  static void TearDownTestSuite() {
    delete browser_;
    delete show_;
  }

  void SetUp() override { ASSERT_NE(browser_, nullptr); }
  // Whatever a test does: the page says nothing wrong and asks nobody else.
  void TearDown() override {
    EXPECT_THAT(browser_->ConsoleProblems(), IsEmpty());
    EXPECT_THAT(browser_->Requests(), Each(StartsWith(show_->url())));
  }

  static void Open(const std::string& view, const std::string& ready) {
    Leave();
    browser_->Open(show_->url() + "#/" + view);
    EXPECT_TRUE(browser_->Await("document.body.dataset.ready === '" + ready + "'")) << view;
  }
  // Before a server of the test's own ends: the page would go on asking it.
  static void Leave() {
    browser_->Open("about:blank");
    static_cast<void>(browser_->Requests());
  }
  static std::string Text() { return browser_->Run("return document.body.innerText"); }

  static inline Browser* browser_ = nullptr;
  static inline Show* show_ = nullptr;
};

TEST_F(PageTest, TheAccountsAreShownTheLongestInTheirStageFirst) {
  Open("accounts", "accounts");

  EXPECT_EQ(browser_->Run("return document.querySelectorAll('tbody tr').length"), "50");
  EXPECT_EQ(browser_->Run("return document.querySelector('tbody tr a').textContent"),
            "Account t00");
  EXPECT_THAT(Text(), HasSubstr("50 of 60"));
}

TEST_F(PageTest, EveryViewIsThere) {
  for (const std::string view :
       {"accounts", "funnel", "cohorts", "upcoming", "interventions", "approvals"}) {
    Open(view, view);
    EXPECT_NE(browser_->Run("return document.querySelector('main h1').textContent"), "") << view;
    EXPECT_EQ(
        browser_->Run("return document.querySelector('[aria-current]').textContent.length > 0"),
        "true");
  }
}

TEST_F(PageTest, WhatComesFromRecordsIsTextAndNeverMarkup) {
  for (const auto& [view, ready] :
       std::vector<std::pair<std::string, std::string>>{{"accounts?q=img", "accounts"},
                                                        {"account/t07", "account"},
                                                        {"interventions", "interventions"},
                                                        {"approvals", "approvals"}}) {
    Open(view, ready);
    EXPECT_THAT(Text(), HasSubstr(kHostile)) << view;
    EXPECT_EQ(browser_->Run("return document.querySelectorAll('main img, main script').length"),
              "0");
  }
}

TEST_F(PageTest, TheKeysGoThroughRowsPagesAndViews) {
  Open("accounts", "accounts");

  browser_->Press(std::string(kDown) + kDown);
  EXPECT_EQ(browser_->Run("return document.activeElement.querySelector('a').textContent"),
            "Account t01");
  browser_->Press(kEnter);
  EXPECT_TRUE(browser_->Await("document.querySelector('h1').textContent === 'Account t01'"));
  browser_->Press(kEscape);
  EXPECT_TRUE(browser_->Await("document.body.dataset.ready === 'accounts'"));
  browser_->Press(kRight);
  EXPECT_TRUE(browser_->Await("document.querySelectorAll('tbody tr').length === 10"));
  browser_->Press("2");
  EXPECT_TRUE(browser_->Await("document.body.dataset.ready === 'funnel'"));
}

TEST_F(PageTest, ASlashSearches) {
  Open("accounts", "accounts");

  browser_->Press("/");
  browser_->Press("T42");

  EXPECT_EQ(browser_->Run("return document.activeElement.id"), "q");
  EXPECT_TRUE(browser_->Await("document.querySelectorAll('tbody tr').length === 1"));
  EXPECT_THAT(Text(), HasSubstr("Account t42"));
}

TEST_F(PageTest, ANarrowWindowNeedsNoScrollingSideways) {
  browser_->Resize({.width = 500, .height = 900});
  for (const std::string view : {"accounts", "account/t07", "funnel", "cohorts", "approvals"}) {
    Open(view, view.substr(0, view.find('/')));
    EXPECT_EQ(browser_->Run("return document.documentElement.scrollWidth <= window.innerWidth"),
              "true")
        << view;
  }
  // As on a telephone, which is narrower than this browser's window can be: each view is in sight.
  EXPECT_EQ(browser_->Run("document.querySelector('header').style.width = '360px';"
                          "const nav = document.querySelector('nav');"
                          "return nav.scrollWidth <= nav.clientWidth"),
            "true");
  browser_->Resize({});
}

TEST_F(PageTest, AnEmptySystemSaysSo) {
  ApiOptions options;
  options.listen = "127.0.0.1:0";
  const auto empty = Show::Open({}, std::move(options), {}).value();
  ASSERT_TRUE(empty->Serve().ok());

  browser_->Open(empty->url());

  EXPECT_TRUE(browser_->Await("document.body.innerText.includes('No accounts yet')"));
  EXPECT_THAT(browser_->Requests(), Each(StartsWith(empty->url())));
  Leave();
}

TEST_F(PageTest, ATokenIsAskedForOnce) {
  ApiOptions options;
  options.listen = "127.0.0.1:0";
  options.token = "a-token-of-the-test";
  const auto closed = Show::Open({}, std::move(options), {}).value();
  readmodel::Take(closed->model(), SomeRecords());
  ASSERT_TRUE(closed->Serve().ok());

  browser_->Open(closed->url());
  EXPECT_TRUE(browser_->Await("document.querySelector('input[name=token]')"));
  EXPECT_THAT(Text(), Not(HasSubstr("Account t00")));
  static_cast<void>(browser_->ConsoleProblems());  // The answer 401 is one.
  browser_->Press("a-token-of-the-test");
  browser_->Press(kEnter);

  EXPECT_TRUE(browser_->Await("document.querySelectorAll('tbody tr').length === 50"));
  Leave();
}

TEST_F(PageTest, WithoutApprovalsThereIsNothingToPress) {
  Open("approvals", "approvals");

  EXPECT_THAT(Text(), AllOf(HasSubstr("approving is off"),
                            HasSubstr("foothold rules approve 't07' risk_high 1 --execute")));
  EXPECT_EQ(browser_->Run("return document.querySelectorAll('main form, main button.yes').length"),
            "0");
}

TEST_F(PageTest, AnApprovalIsSaidWithItsReason) {
  std::vector<std::string> said;
  std::mutex mutex;  // The server's thread says it, this one reads it.
  ApiOptions options;
  options.listen = "127.0.0.1:0";
  options.token = "a-token-of-the-test";
  options.approve = [&](const ApprovalSaid& approval) {
    const std::lock_guard lock(mutex);
    said.push_back(fmt::format("{}|{} {}#{} {}: {}", approval.rung.tenant, approval.rung.user,
                               approval.rung.rule, approval.rung.rung, approval.is_granted,
                               approval.reason));
    return Status();
  };
  const auto open = Show::Open({}, std::move(options), {}).value();
  readmodel::Take(open->model(), SomeRecords());
  ASSERT_TRUE(open->Serve().ok());
  browser_->Open(open->url() + "#/approvals");
  EXPECT_TRUE(browser_->Await("document.querySelector('input[name=token]')"));
  static_cast<void>(browser_->ConsoleProblems());  // The answer 401 is one.
  browser_->Press("a-token-of-the-test");
  browser_->Press(kEnter);
  ASSERT_TRUE(browser_->Await("document.querySelector('form.approve')"));

  browser_->Run("document.querySelector('form.approve button.yes').click()");
  const std::string unsaid =
      browser_->Run("return document.querySelector('form.approve input').validity.valueMissing");
  browser_->Run("document.querySelector('form.approve input').focus()");
  browser_->Press("they asked for it");
  browser_->Run("document.querySelector('form.approve button:not(.yes)').click()");

  EXPECT_TRUE(browser_->Await("document.body.innerText.includes('Written.')"));
  EXPECT_EQ(unsaid, "true");
  EXPECT_EQ(browser_->Run("return document.querySelector('form.approve button').disabled"), "true");
  const std::lock_guard lock(mutex);
  EXPECT_THAT(said, ElementsAre("t07| risk_high#1 false: they asked for it"));
  Leave();
}

TEST_F(PageTest, ServeShowsWhatComesOfAFile) {
  const auto child =
      Child::Start({"serve", "--listen", "127.0.0.1:0", "--mapping", "mixpanel", "--set",
                    "tenant=const:cloudforge", "--playbook",
                    FOOTHOLD_SOURCE_DIR "/deploy/playbooks/cloudforge.yaml",
                    FOOTHOLD_SOURCE_DIR "/tests/data/cloudforge-300u.events.ndjson.gz"});
  ASSERT_TRUE(child->AwaitError("all of it is read")) << child->error();
  const std::string url = child->error().substr(0, child->error().find(' '));

  browser_->Open(url + "#/account/cloudforge");

  EXPECT_TRUE(browser_->Await("document.body.dataset.ready === 'account'"));
  EXPECT_THAT(Text(), HasSubstr("reached their milestone"));
  EXPECT_EQ(browser_->Run("return document.querySelectorAll('tr.row').length"), "25");
  Leave();
  child->Signal(SIGTERM);
  EXPECT_EQ(child->Wait().code, 0);
}

}  // namespace
}  // namespace foothold::app
