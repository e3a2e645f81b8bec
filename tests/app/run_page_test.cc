// The page and the API of a running system on a real broker: in `run` itself, and in `serve` beside
// it. What they show is what the status topics hold, and an approval makes the held request go out.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "src/base/time.h"
#include "src/codec/journal.h"
#include "src/stream/control_writer.h"
#include "tests/app/http_client.h"
#include "tests/app/running.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr const char* kToken = "a-token-of-the-test";

// A failed export is somebody's task at once, once somebody has approved it; nobody is held out.
constexpr const char* kPlaybook = R"(playbook: careful
extends: default
gate: {holdout: 0}
rules:
  call_at_once:
    title: An export failed, and somebody has to call
    for: user
    when: {did: report.export_failed}
    rungs:
      - {at: trigger, until: 7d, channel: cs, task: {type: todo, subject: "Call them back"}, approval: required}
)";

class RunPageTest : public testing::Test {
 protected:
  RunPageTest()
      : log_(kafka::OpenLog(kafka::SharedServers())),
        setup_(NewSetup(kafka::SharedServers(), folder_)) {
    setup_.source = kafka::MakeTopic(log_.get(), 1);
    setup_.clock = "wall";
    setup_.playbook = folder_.Write("careful.yaml", kPlaybook);
    tenant_ = setup_.app;  // The topics of interventions are those of every app of these tests.
  }

  // Two people; the export of one fails, two hours ago, and the source goes on until now.
  void TakeAFailedExport() {
    const Instant now = SystemWallClock().Now();
    std::vector<PlainRecord> records;
    const auto add = [&](std::string_view user, std::string_view event, milliseconds ago,
                         std::string_view properties) {
      records.push_back(
          {.value = fmt::format(R"({{"type":"track","event":"{}","userId":"{}","messageId":"m{}",)"
                                R"("timestamp":"{}","context":{{"groupId":"{}"}},)"
                                R"("properties":{{{}}}}})",
                                event, user, records.size(), FormatRfc3339(now - ago), tenant_,
                                properties)});
    };
    add("ada", "account.created", 3 * kHour, R"("role":"admin")");
    add("ben", "Signed Up", 3 * kHour, R"("role":"analyst")");
    add("ben", "Report Export Failed", 2 * kHour, "");
    add("ada", "Profile Completed", milliseconds(0), "");
    Produce(log_.get(), setup_.source, records);
  }

  HttpReply Ask(const std::string& path, const std::string& token = kToken) const {
    return HttpAsk(port_, {.target = "/api/v1/" + path, .authorization = "Bearer " + token});
  }
  // Asks until the words are in the answer.
  std::string AskUntil(const std::string& path, const std::string& words) const {
    const auto deadline = std::chrono::steady_clock::now() + 3 * kafka::kPatience;
    HttpReply reply = Ask(path);
    while (reply.body.find(words) == std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
      reply = Ask(path);
    }
    EXPECT_THAT(reply.body, HasSubstr(words)) << path;
    return reply.body;
  }
  int Say(const std::string& decision, const std::string& token = kToken) const {
    return HttpAsk(port_, {.method = "POST",
                           .target = "/api/v1/approvals",
                           .authorization = "Bearer " + token,
                           .content_type = "application/json",
                           .body = fmt::format(R"({{"tenantId":"{}","userId":"ben",)"
                                               R"("rule":"call_at_once","rung":1,)"
                                               R"("decision":"{}","reason":"they asked"}})",
                                               tenant_, decision)})
        .status;
  }

  // The newest value of each key.
  std::map<std::string, std::string> Newest(const std::string& topic) const {
    std::map<std::string, std::string> newest;
    for (const PlainRecord& record : Consume(log_.get(), topic, kOutputPartitions)) {
      newest[record.key.value_or("")] = record.value.value_or("");
    }
    return newest;
  }
  // What was asked for the account, or said of it, on a topic of interventions.
  std::vector<std::string> Asked() const {
    std::vector<std::string> asked;
    for (const PlainRecord& record : Consume(log_.get(), "interventions.cs", kOutputPartitions)) {
      if (record.key == tenant_ && record.value->find("Call them back") != std::string::npos) {
        asked.push_back(*record.value);
      }
    }
    return asked;
  }
  // The last word of the ledger, if it is of an approval.
  codec::ApprovalWord LastWord() const {
    stream::ControlWriter::Options options;
    options.app = setup_.app;
    options.instance = "test";
    options.topics = stream::TopicNames::ForApp(setup_.app);
    options.retry.wait = [](milliseconds duration) { std::this_thread::sleep_for(duration); };
    stream::ControlWriter writer(log_.get(), options);
    const auto ledger = kafka::Must(writer.ReadLedger());
    const auto* const word =
        ledger.history.empty()
            ? nullptr
            : std::get_if<codec::ApprovalWord>(&ledger.history.back().control.action);
    return word == nullptr ? codec::ApprovalWord{} : *word;
  }

  // Until both agree: a status may come between reading the one and asking the other.
  bool ShowsTheAccountAsItsTopicHasIt() const {
    const auto deadline = std::chrono::steady_clock::now() + kafka::kPatience;
    do {
      const auto newest = Newest(setup_.app + ".account-status");
      if (newest.size() == 1 &&
          Ask("account?id=" + tenant_).body.find(newest.begin()->second) != std::string::npos) {
        return true;
      }
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
  }

  void ExpectTheTopicsAreShown() const {
    AskUntil("people?account=" + tenant_, "\"total\":2");
    AskUntil("waiting?account=" + tenant_, "\"total\":1");
    AskUntil("about", "\"isCaughtUp\":true");
    EXPECT_TRUE(ShowsTheAccountAsItsTopicHasIt());
    const auto people = Newest(UserStatusTopic(setup_));
    ASSERT_THAT(people, SizeIs(2));
    const std::string shown = Ask("people?account=" + tenant_).body;
    for (const auto& [key, value] : people) {
      const std::size_t steps = value.find("\"steps\":");
      ASSERT_NE(steps, std::string::npos) << value;
      EXPECT_THAT(shown, HasSubstr(value.substr(steps, value.find(']', steps) - steps)));
    }
  }

  void ExpectAnApprovalSendsItOnce() const {
    EXPECT_EQ(Ask("waiting", "").status, 401);
    EXPECT_EQ(Say("approve", ""), 401);
    EXPECT_EQ(Say("approve", "not-the-token-at-all"), 401);
    EXPECT_THAT(Asked(), SizeIs(0));

    EXPECT_EQ(Say("approve"), 202);

    const codec::ApprovalWord wanted{
        .tenant = tenant_, .user = "ben", .rule = "call_at_once", .rung = 1, .is_granted = true};
    EXPECT_EQ(LastWord(), wanted);
    AskUntil("interventions?account=" + tenant_ + "&state=requested", "\"total\":1");
    AskUntil("waiting?account=" + tenant_, "\"total\":0");
    EXPECT_EQ(Say("approve"), 409);
    EXPECT_EQ(Say("reject"), 409);
    EXPECT_EQ(LastWord(), wanted);
    EXPECT_THAT(Asked(), SizeIs(1));
  }

  // The port behind the words "http://127.0.0.1:" of a line.
  static int PagePortOf(std::string_view error) {
    constexpr std::string_view kBefore = "http://127.0.0.1:";
    int port = 0;
    if (const std::size_t at = error.find(kBefore); at != std::string_view::npos) {
      std::from_chars(error.data() + at + kBefore.size(), error.data() + error.size(), port);
    }
    return port;
  }

  Folder folder_;
  std::unique_ptr<log::Log> log_;
  RunSetup setup_;
  std::string tenant_;
  int port_ = 0;
};

TEST_F(RunPageTest, ARunShowsItsPageAndTakesApprovals) {
  folder_.Write("token", std::string(kToken) + "\n");
  setup_.extra = "serve: {listen: \"127.0.0.1:0\", token_file: token, approvals: true}\n";
  TakeAFailedExport();
  const auto run = Child::Start({"run", "-c", WriteConfig(setup_, folder_)});
  ASSERT_TRUE(run->AwaitError("http=\"port ")) << run->error();
  port_ = PagePortOf(run->error());

  EXPECT_THAT(HttpAsk(port_, {.target = "/"}).body, HasSubstr("<title>Foothold</title>"));
  ExpectTheTopicsAreShown();
  ExpectAnApprovalSendsItOnce();

  run->Signal(SIGTERM);
  const Ending ending = run->Wait();
  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.error, HasSubstr("reason=\"they asked\""));
  EXPECT_THAT(ending.error, Not(HasSubstr(kToken)));
}

TEST_F(RunPageTest, ServeBesideARunShowsTheSameAndApproves) {
  TakeAFailedExport();
  const std::string config = WriteConfig(setup_, folder_);
  const auto run = Child::Start({"run", "-c", config});
  ASSERT_TRUE(run->AwaitError("http=\"port ")) << run->error();
  const auto serve = Child::Start({"serve", "-c", config, "--listen", "127.0.0.1:0", "--approvals"},
                                  {.environment = {{"FOOTHOLD_SERVE_TOKEN", kToken}}});
  ASSERT_TRUE(serve->AwaitError(" until interrupted")) << serve->error();
  port_ = PagePortOf(serve->error());

  ExpectTheTopicsAreShown();
  ExpectAnApprovalSendsItOnce();

  serve->Signal(SIGTERM);
  const Ending served = serve->Wait();
  EXPECT_EQ(served.code, kExitOk) << served.error;
  EXPECT_THAT(served.error, HasSubstr("reason=\"they asked\""));
  EXPECT_THAT(served.error, Not(HasSubstr(kToken)));
  run->Signal(SIGTERM);
  EXPECT_EQ(run->Wait().code, kExitOk);
}

TEST_F(RunPageTest, ApprovalsWithoutATokenAreRefusedAtTheStart) {
  setup_.extra = "serve: {listen: \"127.0.0.1:0\", approvals: true}\n";

  const Ending ending = RunFoothold({"run", "-c", WriteConfig(setup_, folder_)});

  EXPECT_EQ(ending.code, kExitConfig);
  EXPECT_THAT(ending.error, HasSubstr("serve.token_file or FOOTHOLD_SERVE_TOKEN"));
}

}  // namespace
}  // namespace foothold::app
