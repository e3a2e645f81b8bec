#include "src/app/demo.h"

#include <fstream>
#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/http/server.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code = 0;
  std::string out;
  std::string error;
};

Outcome RunSmallDemo(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"--no-pace", "--weeks=3", "--accounts=12"};
  if (more.empty() || more.back().find("--http-listen") == std::string::npos) {
    arguments.emplace_back("--http-listen=127.0.0.1:0");
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::ostringstream out;
  std::ostringstream error;
  const int code = RunDemo(arguments, {.out = out, .error = error});
  return {.code = code, .out = out.str(), .error = error.str()};
}

// From the first week to what depends on the machine: the port before, the cost behind.
std::string CompanyPart(const std::string& out) {
  const std::size_t begin = out.find("week 1");
  return out.substr(begin, out.rfind(" out, in ") - begin);
}

// The row of a role in the summary.
std::string RowOf(const std::string& out, const std::string& role) {
  const std::size_t begin = out.find("  " + role + " ", out.find("\ndone after"));
  return begin == std::string::npos ? "" : out.substr(begin, out.find('\n', begin) - begin);
}

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

TEST(DemoTest, AStreamGetsABlockAWeekAndASummary) {
  const Outcome outcome = RunSmallDemo();

  EXPECT_EQ(outcome.code, kExitOk) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  EXPECT_THAT(outcome.out, HasSubstr("week 1 of 3, until 2026-01-12: "));
  EXPECT_THAT(outcome.out, HasSubstr("week 2 of 3, until 2026-01-19: "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("week 3 of 3")));
  EXPECT_THAT(outcome.out, HasSubstr("done after 21.0 d of event time under playbook default@1"));
  for (const char* role : {"admin", "analyst", "operator", "viewer"}) {
    EXPECT_NE(RowOf(outcome.out, role), "") << role;
  }
  EXPECT_THAT(outcome.out, HasSubstr("unparseable "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
}

TEST(DemoTest, TheSameSeedTellsTheSameStoryAndAnotherADifferentOne) {
  const std::string story = CompanyPart(RunSmallDemo().out);

  EXPECT_EQ(CompanyPart(RunSmallDemo().out), story);
  EXPECT_NE(CompanyPart(RunSmallDemo({"--seed=2"}).out), story);
}

// How finely the clock moves between the events decides what is said on the way, and who is asked
// for what, as that depends on what was known by then; not the outcome.
TEST(DemoTest, ThePaceChangesNothingOfWhereItEnds) {
  const auto end_of = [](const std::string& out) {
    const std::size_t begin = out.find("\ndone after");
    std::string end = out.substr(begin, out.find(" records in, ", begin) - begin);
    const std::size_t asked = end.find("  asked ");
    const std::size_t behind = end.find("  worth a call", asked);
    EXPECT_NE(behind, std::string::npos) << end;
    return end.erase(asked, behind - asked);
  };

  const Outcome paced = RunSmallDemo({"--no-pace=false", "--seconds=1"});

  EXPECT_EQ(end_of(paced.out), end_of(RunSmallDemo().out));
}

TEST(DemoTest, AnotherPlaybookChangesTheNumbers) {
  const std::string playbook = WriteFile("easy.yaml",
                                         "playbook: easy\n"
                                         "extends: default\n"
                                         "roles:\n"
                                         "  viewer:\n"
                                         "    milestone: {did: access, within: 30d of invite}\n");

  const Outcome standard = RunSmallDemo();
  const Outcome easy = RunSmallDemo({"--playbook", playbook});

  ASSERT_EQ(easy.code, kExitOk) << easy.error;
  EXPECT_THAT(easy.out, HasSubstr("under playbook easy@1"));
  EXPECT_NE(RowOf(easy.out, "viewer"), RowOf(standard.out, "viewer"));
  EXPECT_EQ(RowOf(easy.out, "analyst"), RowOf(standard.out, "analyst"));
}

TEST(DemoTest, ABadPlaybookIsRefusedBeforeAnythingRuns) {
  const std::string playbook = WriteFile("bad.yaml", "playbook: bad\nrols: {}\n");

  const Outcome outcome = RunSmallDemo({"--playbook", playbook});

  EXPECT_EQ(outcome.code, kExitConfig);
  EXPECT_THAT(outcome.error, HasSubstr("bad.yaml:2"));
  EXPECT_EQ(outcome.out, "");
}

TEST(DemoTest, APortThatIsTakenIsSaidAndAnotherOneServes) {
  const Result<std::unique_ptr<http::HttpServer>> rival =
      http::HttpServer::Start({.listen = "127.0.0.1:0", .handlers = {}});
  ASSERT_TRUE(rival.has_value());
  const std::string taken = fmt::format("127.0.0.1:{}", (*rival)->port());

  const Outcome outcome = RunSmallDemo({"--http-listen=" + taken});

  EXPECT_EQ(outcome.code, kExitOk);
  EXPECT_THAT(outcome.error, HasSubstr(taken));
  EXPECT_THAT(outcome.error, HasSubstr("going on with port "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("http://" + taken + "/")));
}

TEST(DemoTest, AnAddressThatIsNoneIsRefused) {
  const Outcome outcome = RunSmallDemo({"--http-listen=nowhere"});

  EXPECT_NE(outcome.code, kExitOk);
  EXPECT_THAT(outcome.error, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace foothold::app
