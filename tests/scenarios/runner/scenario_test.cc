// Plays every story of tests/scenarios and holds what follows against what the file says follows.
// FOOTHOLD_REWRITE=1 writes it into the file instead: read it before you commit it.

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenarios/runner/player.h"
#include "tests/scenarios/runner/story.h"
#include "tests/scenarios/runner/teller.h"

namespace foothold::scenarios {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> StoryNames() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(FOOTHOLD_SOURCE_DIR "/tests/scenarios")) {
    if (entry.path().extension() == ".txt" && entry.path().stem() != "CMakeLists") {
      names.push_back(entry.path().stem());
    }
  }
  std::ranges::sort(names);
  return names;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The story with what follows from each step behind it.
Result<std::string> Perform(const Story& story) {
  Instant begin = kEpoch;
  const auto first =
      std::ranges::find_if(story.steps, [](const Step& step) { return step.at.has_value(); });
  if (first != story.steps.end()) {
    begin = *first->at;
  }
  FOOTHOLD_ASSIGN(const std::unique_ptr<Player> player, Player::Open(story.header, begin));
  Teller teller(story.header);
  std::string text;
  for (const Step& step : story.steps) {
    text += step.text + "\n";
    FOOTHOLD_TRY(player->Play(step));
    FOOTHOLD_ASSIGN(const std::vector<Output> outputs, player->TakeOutputs());
    teller.Tell(outputs, player->TakeRemarks(), &text);
    if (step.kind == Step::Kind::kStatus) {
      teller.TellStatus(step.who, step.fields, &text);
    }
  }
  return text;
}

class ScenarioTest : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, Goes) {
  const fs::path path =
      fs::path(FOOTHOLD_SOURCE_DIR) / "tests" / "scenarios" / (GetParam() + ".txt");
  const std::string told = ReadFile(path);
  const Result<Story> story = ReadStory(told);
  ASSERT_TRUE(story.has_value()) << story.error().message();

  const Result<std::string> performed = Perform(*story);

  ASSERT_TRUE(performed.has_value()) << performed.error().message();
  EXPECT_EQ(performed->find("\n!!"), std::string::npos) << *performed;
  if (std::getenv("FOOTHOLD_REWRITE") != nullptr) {
    std::ofstream(path) << *performed;
    return;
  }
  EXPECT_EQ(*performed, told);
}

std::string TestName(const testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Stories, ScenarioTest, testing::ValuesIn(StoryNames()), TestName);

}  // namespace
}  // namespace foothold::scenarios
