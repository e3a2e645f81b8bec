// Every file of tests/config/bad is wrong in some way; the .txt beside it is what its author is
// told, word for word. With FOOTHOLD_REWRITE=1 in the environment the test writes the .txt files
// anew: read the difference before committing it.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "src/config/config_file.h"
#include "src/config/playbook_file.h"
#include "src/config/text_file.h"

namespace foothold::config {
namespace {

namespace fs = std::filesystem;

// What is said of the file: a playbook, unless its name begins with "foothold".
std::string SaidOf(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::string text = ReadTextFile(path.string()).value();
  if (name.starts_with("foothold")) {
    const Checked<Config> config = ReadConfig(text, name);
    return config.has_value() ? "accepted\n" : ToString(config.error()) + "\n";
  }
  const Checked<CompiledPlaybook> playbook = ReadPlaybook(text, name);
  return playbook.has_value() ? "accepted\n" : ToString(playbook.error()) + "\n";
}

std::vector<fs::path> BadFiles() {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(fs::path(FOOTHOLD_SOURCE_DIR) / "tests/config/bad")) {
    if (entry.path().extension() == ".yaml") {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

TEST(BadFilesTest, EveryProblemIsToldWithItsLineAndASuggestion) {
  const bool is_rewriting = std::getenv("FOOTHOLD_REWRITE") != nullptr;
  const std::vector<fs::path> files = BadFiles();
  ASSERT_GE(files.size(), 12U);

  for (const fs::path& file : files) {
    fs::path expected = file;
    expected.replace_extension(".txt");
    const std::string said = SaidOf(file);
    if (is_rewriting) {
      std::ofstream(expected) << said;
    }

    EXPECT_NE(said, "accepted\n") << file;
    EXPECT_EQ(said, ReadTextFile(expected.string()).value_or("")) << file;
  }
}

}  // namespace
}  // namespace foothold::config
