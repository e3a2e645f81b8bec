// What the program says to wrong flags, configurations and playbooks: where, what, and the remedy.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "tests/app/child.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A mistake ends with 78, nothing on stdout, and these words on one line of stderr.
void ExpectMistake(const std::vector<std::string>& arguments, const std::string& words,
                   const ChildOptions& options = {}) {
  const Ending ending = RunFoothold(arguments, options);
  EXPECT_EQ(ending.code, kExitConfig) << ending.error;
  EXPECT_THAT(ending.out, IsEmpty());
  EXPECT_THAT(ending.error, HasSubstr(words));
  EXPECT_EQ(LineCount(ending.error), 1U) << ending.error;
}

constexpr const char* kConfig = R"(app: mistakes
kafka: {bootstrap.servers: "127.0.0.1:1"}
sources:
  - {name: product, topics: [events], preset: segment}
clock: {idle: event}
)";

TEST(MistakesTest, AFlagThatIsUnknownIsNamedWithTheNearestOne) {
  ExpectMistake({"replay", "--maping", "segment", "x"}, "--maping; did you mean --mapping?");
  ExpectMistake({"replay", "--zzz", "x"}, "--zzz; `foothold replay --help` lists the options");
  ExpectMistake({"run"}, "--config says where foothold.yaml is");
  ExpectMistake({"replay"}, "which FILE?");
  ExpectMistake({"validate"}, "which PLAYBOOK, or which --config?");
}

TEST(MistakesTest, AValueThatIsWrongIsNamedWithWhatIsTaken) {
  ExpectMistake({"replay", "--until", "tomorrow", "x"}, "a time (2026-05-01T00:00:00Z) or +30d");
  ExpectMistake({"replay", "--mapping", "sement", "x"},
                "replay: unknown preset \"sement\"; did you mean \"segment\"?");
  ExpectMistake({"replay", "--set", "tenat=const:a", "x"}, "did you mean \"tenant\"?");
  ExpectMistake({"replay", "--set", "tenant", "x"}, "field=path or field=const:value");
  ExpectMistake({"replay", "x"}, "--commit-entries",
                {.environment = {{"FOOTHOLD_COMMIT_ENTRIES", "many"}}});
}

TEST(MistakesTest, AKeyOfTheConfigurationThatIsWrongHasFileLineAndSuggestion) {
  const Folder folder;
  const std::string file = folder.Write("foothold.yaml", std::string(kConfig) + "jurnal: {}\n");

  ExpectMistake({"run", "-c", file}, file + ":6: no key 'jurnal'; did you mean 'journal'?");
  ExpectMistake({"validate", "-c", file}, file + ":6: no key 'jurnal'");
  ExpectMistake({"config", "-c", file}, file + ":6: no key 'jurnal'");
}

TEST(MistakesTest, APropertyOfTheClientThatIsWrongIsTheConfigurationsFault) {
  const Folder folder;
  const auto with = [&](const std::string& property) {
    std::string text = kConfig;
    text.insert(text.find("bootstrap"), property + ", ");
    return folder.Write("foothold.yaml", text + "state: {dir: " + folder.PathOf("state") + "}\n");
  };

  ExpectMistake({"run", "-c", with("fetch.mn.bytes: 1")}, "did you mean fetch.min.bytes?");
  ExpectMistake({"run", "-c", with("fetch.min.bytes: few")}, "\"fetch.min.bytes\"");
  ExpectMistake({"run", "-c", with("group.id: mine")}, "group.id is set by Foothold itself");
}

TEST(MistakesTest, APlaybookThatIsWrongHasFileLineAndSuggestion) {
  const Folder folder;
  const std::string playbook = folder.Write("playbook.yaml", "playbook: mine\nextnds: default\n");
  const std::string config =
      folder.Write("foothold.yaml", std::string(kConfig) + "playbook: playbook.yaml\n");

  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"validate", playbook}, {"run", "-c", config, "--drain"}}) {
    const Ending ending = RunFoothold(arguments);

    EXPECT_EQ(ending.code, kExitConfig);
    EXPECT_THAT(ending.error, HasSubstr("playbook.yaml:2: "));
    EXPECT_THAT(ending.error, HasSubstr("did you mean 'extends'?"));
  }
}

TEST(MistakesTest, AFolderOfStateThatCannotBeMadeIsNamedThoughNoBrokerAnswers) {
  const Folder folder;
  const std::string file = folder.Write("a-file", "");
  const std::string config =
      folder.Write("foothold.yaml", std::string(kConfig) + "state: {dir: " + file + "/state}\n");

  const Ending ending = RunFoothold({"run", "-c", config, "--drain"});

  EXPECT_EQ(ending.code, kExitFailure);
  EXPECT_THAT(ending.error, HasSubstr("state folder " + file + "/state/mistakes cannot be made"));
  EXPECT_THAT(ending.error, HasSubstr("correct state.dir"));
  EXPECT_THAT(ending.error, testing::Not(HasSubstr("no broker")));
}

TEST(MistakesTest, ABrokerThatDoesNotAnswerIsNamedInTheEnd) {
  const Folder folder;
  const std::string config = folder.Write(
      "foothold.yaml", std::string(kConfig) + "state: {dir: " + folder.PathOf("state") + "}\n");

  const Ending ending = RunFoothold({"run", "-c", config});

  EXPECT_EQ(ending.code, kExitFailure);
  EXPECT_THAT(ending.error, HasSubstr("no broker of 127.0.0.1:1 answers"));
  // One line at once, one at the end.
  EXPECT_LE(LineCount(ending.error), 2U) << ending.error;
}

}  // namespace
}  // namespace foothold::app
