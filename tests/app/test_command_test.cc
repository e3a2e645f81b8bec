#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "tests/app/child.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kStory[] =
    "playbook: default\n"
    "history: 2025-06-01\n"
    "\n"
    "2026-03-01 09:00  ada@acme  Signed Up  role=admin\n"
    "clock 2026-03-08 09:00\n";
constexpr char kExpired[] =
    "=> ada@acme: not_started > window_expired (admin) at 2026-03-08 09:00\n"
    "  because: The window of role admin closed on 2026-03-08 09:00 UTC with integration.connected "
    "(0 of 1); user.invited, 2 distinct invitee (0 of 2).\n"
    "  window: 2026-03-01 09:00 to 2026-03-08 09:00, from signup\n"
    "  how: by timer:window due 2026-03-08 09:00\n";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TestCommandTest, AStoryThatGoesAsToldPasses) {
  const Folder folder;
  const std::string path = folder.Write("expired.txt", std::string(kStory) + kExpired);

  const Ending ending = RunFoothold({"test", path});

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_EQ(ending.out, "ok    " + path + "\n1 story: 1 as told\n");
}

TEST(TestCommandTest, WhatFollowsAndIsNotToldFailsWithItsPlace) {
  const Folder folder;
  const std::string path = folder.Write("silent.txt", kStory);

  const Ending ending = RunFoothold({"test", path});

  EXPECT_EQ(ending.code, kExitFailure);
  EXPECT_THAT(ending.out, HasSubstr("FAIL  " + path + "\n" + path + ":5\n"));
  EXPECT_THAT(ending.out, HasSubstr("     5  clock 2026-03-08 09:00\n"
                                    "+       => ada@acme: not_started > window_expired"));
  EXPECT_THAT(ending.out, HasSubstr("1 story: 0 as told, 1 not\n"));
}

TEST(TestCommandTest, WhatIsToldAndDoesNotFollowFailsWithItsPlace) {
  const Folder folder;
  const std::string path =
      folder.Write("early.txt",
                   "playbook: default\nhistory: 2025-06-01\n"
                   "2026-03-01 09:00  ada@acme  Signed Up  role=admin\nclock 2026-03-08 08:59\n" +
                       std::string(kExpired));

  const Ending ending = RunFoothold({"test", path});

  EXPECT_EQ(ending.code, kExitFailure);
  EXPECT_THAT(ending.out, HasSubstr(path + ":5\n"));
  EXPECT_THAT(ending.out, HasSubstr("-    5  => ada@acme: not_started > window_expired"));
  EXPECT_THAT(ending.out, Not(HasSubstr("\n+")));
}

TEST(TestCommandTest, BlanksAndEndsOfLinesMakeNoDifference) {
  const Folder folder;
  std::string text = std::string(kStory) + kExpired;
  for (std::size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 4) {
    text.replace(i, 1, "  \r\n");
  }
  text.pop_back();  // The last line has no end.

  EXPECT_EQ(RunFoothold({"test", folder.Write("windows.txt", text)}).code, kExitOk);
}

TEST(TestCommandTest, RewritingWritesWhatFollowsAndThenItPasses) {
  const Folder folder;
  const std::string path = folder.Write("new.txt", kStory);

  const Ending rewritten = RunFoothold({"test", "--rewrite", path});

  EXPECT_EQ(rewritten.code, kExitOk);
  EXPECT_THAT(rewritten.out, HasSubstr("wrote " + path));
  EXPECT_EQ(ReadFile(path), std::string(kStory) + kExpired);
  EXPECT_EQ(RunFoothold({"test", path}).code, kExitOk);
}

TEST(TestCommandTest, AllStoriesOfAFolderArePlayedAndOneThatFailsFailsAll) {
  const Folder folder;
  folder.Write("b.txt", std::string(kStory) + kExpired);
  folder.Write("a.txt", kStory);
  folder.Write("notes.md", "no story");

  const Ending ending = RunFoothold({"test", folder.path().string()});

  EXPECT_EQ(ending.code, kExitFailure);
  EXPECT_LT(ending.out.find("a.txt"), ending.out.find("b.txt"));
  EXPECT_THAT(ending.out, HasSubstr("2 stories: 1 as told, 1 not\n"));
}

TEST(TestCommandTest, AnotherPlaybookMayBeTried) {
  const Folder folder;
  const std::string playbook =
      folder.Write("longer.yaml",
                   "extends: default\nplaybook: longer\nroles:\n  admin:\n    milestone: {did: "
                   "integration.connected, within: 10d of signup}\n");
  const std::string path = folder.Write("expired.txt", std::string(kStory) + kExpired);

  const Ending ending = RunFoothold({"test", "--playbook", playbook, path});

  EXPECT_EQ(ending.code, kExitFailure) << ending.error;
  EXPECT_THAT(ending.out, HasSubstr("-    6  => ada@acme: not_started > window_expired"));
}

TEST(TestCommandTest, APlaybookIsNamedFromTheFolderOfTheStory) {
  const Folder folder;
  folder.Write("mine.yaml", "extends: default\nplaybook: mine\n");
  const std::string path = folder.Write(
      "expired.txt", "playbook: mine.yaml" + (std::string(kStory) + kExpired).substr(17));

  const Ending ending = RunFoothold({"test", path});

  EXPECT_EQ(ending.code, kExitOk) << ending.out << ending.error;
}

TEST(TestCommandTest, JunitHasOneTestcaseAStoryAndItsDifference) {
  const Folder folder;
  folder.Write("good.txt", std::string(kStory) + kExpired);
  const std::string bad = folder.Write("bad.txt", kStory);
  const std::string junit = folder.PathOf("results.xml");

  RunFoothold({"test", "--junit", junit, folder.path().string()});

  const std::string xml = ReadFile(junit);
  EXPECT_THAT(xml, HasSubstr("tests=\"2\" failures=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"good\""));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"" + bad + ":5\">"));
  EXPECT_THAT(xml, HasSubstr("+       =&gt; ada@acme: not_started &gt; window_expired"));
}

TEST(TestCommandTest, AMistakeIsNamedWithFileAndLine) {
  struct Case {
    std::string line;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"mode: fast", "mode is files or live, not fast"},
      {"show: everything", "show takes activation, steps, risk, asks, not everything"},
      {"history: long ago", "history takes a time, not long ago"},
      {"largest record: 0", "largest record takes a number of bytes"},
      {"source: crm preset=none", "none"},
      {"source: crm 0", "not 0"},
      {"shwo: risk", "'shwo:' does not begin a line of the header"},
      {"2026-03-01 09:00 [crm] ada@acme login", "there is no source crm"},
      {"2026-03-01 09:00 [product/7] ada@acme login",
       "source product has no partition 7; it has 1"},
      {"2026-03-01 09:00 [product/x] ada@acme login", "source product has no partition -1"},
      {"2026-03-01 09:00 [crm", "expected [SOURCE] or [SOURCE/PARTITION], found [crm"},
      {"2026-03-01 09:00 login", "expected user@account"},
      {"2026-03-01 09:00 ada@acme", "expected what was done"},
      {"tomorrow", "expected a time, or one of raw"},
      {"clock", "expected a time behind clock"},
      {"rule pause nothing_like_it", "nothing_like_it"},
      {"rule stop stalled", "a rule is not to be told: stop"},
  };
  for (const Case& bad : cases) {
    const Folder folder;
    const std::string path = folder.Write("bad.txt", "# About nothing.\n" + bad.line + "\n");

    const Ending ending = RunFoothold({"test", path});

    EXPECT_EQ(ending.code, kExitFailure) << bad.line;
    EXPECT_THAT(ending.out, HasSubstr("FAIL  " + path + "\n" + path + ":2: ")) << bad.line;
    EXPECT_THAT(ending.out, HasSubstr(bad.message)) << bad.line;
  }
}

TEST(TestCommandTest, APathThatIsNotThereIsABadArgument) {
  const Ending ending = RunFoothold({"test", "/nowhere/at/all"});

  EXPECT_EQ(ending.code, kExitConfig);
  EXPECT_EQ(ending.error, "test: /nowhere/at/all: there is no such file or folder\n");
}

TEST(TestCommandTest, TheStoriesOfTheDeployedPlaybooksGo) {
  const Ending ending = RunFoothold({"test", FOOTHOLD_SOURCE_DIR "/deploy/playbooks"});

  EXPECT_EQ(ending.code, kExitOk) << ending.out;
}

TEST(TestCommandTest, TheStoryOfTheGuideGoesAsItStandsThere) {
  const std::string guide = ReadFile(FOOTHOLD_SOURCE_DIR "/deploy/playbooks/README.md");
  constexpr char kFence[] = "```story\n";
  const std::size_t begin = guide.find(kFence) + sizeof kFence - 1;
  const Folder folder;
  const std::string path =
      folder.Write("guide.txt", guide.substr(begin, guide.find("```", begin) - begin));

  const Ending ending = RunFoothold({"test", path});

  EXPECT_EQ(ending.code, kExitOk) << ending.out;
}

}  // namespace
}  // namespace foothold::app
