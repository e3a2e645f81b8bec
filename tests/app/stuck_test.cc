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

class StuckTest : public testing::Test {
 protected:
  Ending Stuck(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"stuck", "--until", "2026-03-11T12:00:00Z", events_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunFoothold(arguments);
  }
  std::vector<std::string> Users(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = more;
    arguments.insert(arguments.end(), {"-o", "json"});
    std::vector<std::string> users;
    const Ending ending = Stuck(arguments);
    const Result<JsonTree> tree = JsonTree::Read(ending.out);
    EXPECT_TRUE(tree.has_value()) << ending.out << ending.error;
    for (const JsonTree& person : (*tree)["people"].items) {
      users.push_back(person["userId"].text);
    }
    return users;
  }

  Folder folder_;
  // Beside the small company another one, which pays more and whose member is stuck for less long.
  std::string events_ = folder_.Write(
      "events.ndjson",
      std::string(kSmallCompany) +
          R"({"type":"track","event":"Dashboard Viewed","userId":"z","messageId":"z1","timestamp":"2026-03-06T09:00:00Z","properties":{"dashboardId":"d"},"context":{"groupId":"zeta","traits":{"role":"viewer"}}}
{"type":"group","userId":"z","groupId":"zeta","messageId":"z2","timestamp":"2026-03-06T09:00:01Z","traits":{"mrr":5000}}
)");
};

TEST_F(StuckTest, WhoIsStuckIsListedLongestFirstWithWhyAndWhatIsNeededToCall) {
  const Ending ending = Stuck();

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.out, HasSubstr("4 people stuck for 3d to 14d, as of 2026-03-11 12:00 UTC, "
                                    "playbook default@1\n"));
  EXPECT_THAT(
      ending.out,
      HasSubstr("\n 9.1 d  Ada Park <ada@acme.example>, admin of Acme Inc (plan business, "
                "900 a month)\n"
                "        at step 2 of 4, integration, since 2026-03-02 09:12 UTC; risk high "
                "(100)\n"
                "        no integration.connected yet; last seen 2026-03-02 09:12 UTC; "
                "admin_no_integration#1 was asked\n"));
  EXPECT_THAT(ending.out, HasSubstr("missing dashboard.viewed, 3 distinct dashboardId (1 of 3)"));
  EXPECT_EQ(Users({}), (std::vector<std::string>{"email:bo@acme.example", "u_1", "u_3", "z"}));
}

TEST_F(StuckTest, ByValueTheAccountThatPaysMostComesFirst) {
  EXPECT_EQ(Users({"--sort", "value"}),
            (std::vector<std::string>{"z", "email:bo@acme.example", "u_1", "u_3"}));
}

TEST_F(StuckTest, RoleStepAccountAndRiskFilter) {
  EXPECT_EQ(Users({"--role", "admin"}), std::vector<std::string>{"u_1"});
  EXPECT_EQ(Users({"--step", "activated"}), (std::vector<std::string>{"u_3", "z"}));
  EXPECT_EQ(Users({"--tenant", "zeta"}), std::vector<std::string>{"z"});
  EXPECT_EQ(Users({"--risk", "high"}), (std::vector<std::string>{"email:bo@acme.example", "u_1"}));
}

TEST_F(StuckTest, TheUsefulWindowIsHalfOpenAndWhoLiesOutsideIsCounted) {
  // u_3 has been there for exactly 6 d 2 h 48 m.
  const Ending from = Stuck({"--older", "8808m"});
  EXPECT_THAT(from.out, HasSubstr("3 people stuck"));
  const Ending until = Stuck({"--older", "1d", "--younger", "8808m"});

  EXPECT_THAT(until.out, HasSubstr("1 person stuck"));
  EXPECT_THAT(until.out, HasSubstr("; 3 longer\n"));
}

TEST_F(StuckTest, WhoWasThereBeforeUsIsCountedAndNotListed) {
  const std::string events = folder_.Write(
      "old.ndjson",
      R"({"type":"track","event":"Dashboard Viewed","userId":"old","messageId":"m","timestamp":)"
      R"("2026-03-02T09:00:00Z","context":{"groupId":"acme","traits":{"role":"viewer"}}})"
      "\n");

  const Ending ending = RunFoothold({"stuck", "--until", "+5d", events});

  EXPECT_THAT(ending.out, HasSubstr("0 people stuck"));
  EXPECT_THAT(ending.out, HasSubstr("not counted: 1 who were there before our history began\n"));
}

TEST_F(StuckTest, TheListMayBeCutAndSaysSo) {
  const Ending ending = Stuck({"--limit", "1"});

  EXPECT_THAT(ending.out, HasSubstr("bo@acme.example"));
  EXPECT_THAT(ending.out, Not(HasSubstr("Ada Park")));
  EXPECT_THAT(ending.out, HasSubstr("... and 3 more; --limit 0 shows all\n"));
}

TEST_F(StuckTest, JsonHasTheWholeStatusOfEach) {
  const JsonTree tree = JsonTree::Read(Stuck({"-o", "json", "--role", "admin"}).out).value();

  const JsonTree& ada = tree["people"].items.at(0);
  EXPECT_EQ(ada["missing"].text, "no integration.connected yet");
  EXPECT_EQ(ada["mrr"].text, "900");
  EXPECT_EQ(ada["status"]["email"].text, "ada@acme.example");
  EXPECT_EQ(ada["blockers"].items.at(0).text, "integration_not_connected");
}

TEST_F(StuckTest, ARelativeStateFolderIsNoHindrance) {
  const std::string config =
      folder_.Write("foothold.yaml",
                    "kafka: {bootstrap.servers: \"localhost:1\"}\n"
                    "sources: [{name: product, topics: [events], preset: segment}]\n"
                    "state: {dir: state}\n");

  const Ending ending = Stuck({"-c", config});

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_EQ(ending.out, Stuck().out);
}

TEST_F(StuckTest, SlipsAreNamed) {
  EXPECT_EQ(Stuck({"--step", "actvated"}).error,
            "stuck: the playbook has no step 'actvated'; did you mean 'activated'?\n");
  EXPECT_EQ(Stuck({"--older", "soon"}).code, kExitConfig);
  EXPECT_EQ(Stuck({"--older", "14d", "--younger", "3d"}).code, kExitConfig);
  EXPECT_EQ(RunFoothold({"stuck"}).code, kExitConfig);
}

}  // namespace
}  // namespace foothold::app
