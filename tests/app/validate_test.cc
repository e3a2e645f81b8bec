#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "tests/app/child.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kPlaybook[] =
    "extends: default\n"                                              // 1
    "playbook: mine\n"                                                // 2
    "events:\n"                                                       // 3
    "  service.deployed: [Service Rollout]\n"                         // 4
    "  incident.created: []\n"                                        // 5
    "roles:\n"                                                        // 6
    "  dev:\n"                                                        // 7
    "    milestone: {did: service.deployed, within: 7d of signup}\n"  // 8
    "    steps:\n"                                                    // 9
    "      - {name: a, class: setup, did: login}\n"                   // 10
    "      - {name: b, class: setup, did: querry.executed}\n"         // 11
    "      - {name: c, class: value, milestone: true}\n";             // 12

std::string Event(const std::string& name, int number) {
  return R"({"type":"track","event":")" + name + R"(","userId":"u","messageId":"m)" +
         std::to_string(number) +
         R"(","timestamp":"2026-03-02T09:00:00Z","context":{"groupId":"acme"}})" + "\n";
}

TEST(ValidateTest, SourcesAreCounted) {
  const Folder folder;
  const std::string head = "app: shop\nkafka: {bootstrap.servers: \"localhost:1\"}\nsources:\n";
  const std::string one =
      folder.Write("one.yaml", head + "  - {name: a, topics: [a], preset: segment}\n");
  const std::string two =
      folder.Write("two.yaml", head +
                                   "  - {name: a, topics: [a], preset: segment}\n  - {name: b, "
                                   "topics: [b], preset: segment}\n");

  EXPECT_EQ(RunFoothold({"validate", "-c", one}).out, one + ": shop, 1 source\n");
  EXPECT_EQ(RunFoothold({"validate", "-c", two}).out, two + ": shop, 2 sources\n");
}

// The service would end with it, and say so in its log alone.
TEST(ValidateTest, APropertyThatTheClientDoesNotKnowIsRefusedWithTheOneThatWasMeant) {
  const Folder folder;
  const std::string file = folder.Write(
      "one.yaml",
      "app: shop\nkafka: {bootstrap.servers: \"localhost:1\", sasl.usrname: x}\nsources:\n"
      "  - {name: a, topics: [a], preset: segment}\n");

  const Ending ending = RunFoothold({"validate", "-c", file});

  EXPECT_EQ(ending.code, kExitConfig);
  EXPECT_THAT(ending.error, HasSubstr(file + ": kafka: sasl.usrname: librdkafka "));
  EXPECT_THAT(ending.error, HasSubstr("did you mean sasl.username?"));
  EXPECT_EQ(ending.out, "");
}

class ValidateSeenTest : public testing::Test {
 protected:
  Folder folder_;
  std::string playbook_ = folder_.Write("mine.yaml", kPlaybook);
  std::string events_ = folder_.Write(
      "events.ndjson", Event("Service Rollout", 1) + Event("User Signed In", 2) +
                           Event("Query Executed", 3) + Event("Query Executed", 4) + "{broken\n");
};

TEST_F(ValidateSeenTest, AnEventThatNeverOccursIsNamedWithItsLineAndTheOneThatWasMeant) {
  const Ending ending = RunFoothold({"validate", playbook_, "--seen-in", events_});

  EXPECT_EQ(ending.code, kExitOk);
  EXPECT_EQ(ending.error, "warning: " + playbook_ + ":5: 'incident.created' never occurs in " +
                              events_ + "\n" + "warning: " + playbook_ +
                              ":11: 'querry.executed' never occurs in " + events_ +
                              "; did you mean 'query.executed'?\n");
}

TEST_F(ValidateSeenTest, OtherNamesOfAnEventCount) {
  const std::string error = RunFoothold({"validate", playbook_, "--seen-in", events_}).error;

  EXPECT_THAT(error, Not(HasSubstr("service.deployed")));
  EXPECT_THAT(error, Not(HasSubstr("login")));
}

TEST_F(ValidateSeenTest, WhatIsInheritedAndWhatIsNotNamedIsSummedUp) {
  const std::string out = RunFoothold({"validate", playbook_, "--seen-in", events_}).out;

  EXPECT_THAT(out, HasSubstr("  " + events_ +
                             ": 5 records, 3 event names, 2 of them named by the playbook\n"
                             "  1 records could not be read as events"));
  EXPECT_THAT(out, HasSubstr("  inherited and never seen: account.created, "));
  EXPECT_THAT(out, HasSubstr("  seen and not named: query.executed (2)\n"));
}

TEST_F(ValidateSeenTest, TheMappingIsThatOfTheOptions) {
  const std::string events = folder_.Write(
      "mixpanel.ndjson",
      R"({"event":"incident created","time":1772442000,"insert_id":"i","user_id":"u"})"
      "\n");

  const Ending ending = RunFoothold({"validate", playbook_, "--seen-in", events, "--mapping",
                                     "mixpanel", "--set", "tenant=const:acme"});

  EXPECT_THAT(ending.error, Not(HasSubstr("incident.created")));
  EXPECT_THAT(ending.error, HasSubstr(":4: 'service.deployed' never occurs"));
}

TEST_F(ValidateSeenTest, AFileThatIsNotThereIsNamed) {
  const Ending ending = RunFoothold({"validate", playbook_, "--seen-in", "/nowhere.ndjson"});

  EXPECT_EQ(ending.code, kExitConfig);
  EXPECT_THAT(ending.error, HasSubstr("/nowhere.ndjson"));
}

}  // namespace
}  // namespace foothold::app
