// Plays every story of tests/scenarios as `foothold test` does, each a test of its own. Rewrite
// them with `foothold test --rewrite tests/scenarios`, and read what came of it.

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "src/app/stories.h"
#include "src/config/playbook_file.h"

namespace foothold::app {
namespace {

std::string NameOf(const std::string& path) {
  const std::size_t begin = path.rfind('/') + 1;
  return path.substr(begin, path.rfind('.') - begin);
}

class ScenarioTest : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, Goes) {
  const std::string& path = GetParam();
  std::ifstream file(path);
  const std::string told{std::istreambuf_iterator<char>(file), {}};
  const Result<Story> story = ReadStory(path, told);
  ASSERT_TRUE(story.has_value()) << story.error().message();

  ASSERT_EQ(story->header.playbook, "default");
  const Result<std::string> performed = PerformStory(path, *story, config::DefaultPlaybook());

  ASSERT_TRUE(performed.has_value()) << performed.error().message();
  EXPECT_EQ(WhatMustNotBe(*performed), "");
  EXPECT_EQ(DifferenceOf(path, told, *performed), "");
}

std::vector<std::string> Stories() {
  return FindStories({FOOTHOLD_SOURCE_DIR "/tests/scenarios"}).value();
}

std::string TestName(const testing::TestParamInfo<std::string>& info) { return NameOf(info.param); }

INSTANTIATE_TEST_SUITE_P(Stories, ScenarioTest, testing::ValuesIn(Stories()), TestName);

}  // namespace
}  // namespace foothold::app
