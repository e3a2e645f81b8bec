// The corpus once through every target, in every build: tests/fuzz/corpus/<target>/*. What a fuzzer
// ever found stays there.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fuzz/targets.h"

namespace foothold::fuzz {

// As gtest is to print it.
static void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

namespace {

namespace fs = std::filesystem;

constexpr const char* kCorpus = FOOTHOLD_SOURCE_DIR "/tests/fuzz/corpus";
constexpr std::size_t kSeedBytesMax = 64 * 1024;

// By name, so that the order is the same everywhere.
std::map<std::string, std::string> ReadSeeds(const fs::path& folder) {
  std::map<std::string, std::string> seeds;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace(entry.path().filename().string(),
                  std::string(std::istreambuf_iterator<char>(file), {}));
  }
  return seeds;
}

// A name as gtest has it.
std::string NameOf(const testing::TestParamInfo<Target>& target) {
  return std::string(target.param.name);
}

class CorpusTest : public testing::TestWithParam<Target> {};

TEST_P(CorpusTest, EveryInputKeepsThePromises) {
  const std::map<std::string, std::string> seeds = ReadSeeds(fs::path(kCorpus) / GetParam().name);

  EXPECT_GE(seeds.size(), 3U) << "a fuzzer needs something to begin with";
  for (const auto& [name, bytes] : seeds) {
    RecordProperty("input", name);
    EXPECT_LE(bytes.size(), kSeedBytesMax) << name;
    EXPECT_EQ(GetParam().run(bytes), "") << name;
  }
}

// What the fuzzer does first, and where readers of bytes go wrong most.
TEST_P(CorpusTest, EveryBeginningOfAnInputKeepsThePromises) {
  constexpr std::size_t kCutsMax = 64;
  for (const auto& [name, bytes] : ReadSeeds(fs::path(kCorpus) / GetParam().name)) {
    const std::size_t stride = 1 + bytes.size() / kCutsMax;
    for (std::size_t size = 0; size < bytes.size(); size += stride) {
      ASSERT_EQ(GetParam().run(bytes.substr(0, size)), "")
          << name << ", " << size << " bytes of it";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, CorpusTest, testing::ValuesIn(Targets().begin(), Targets().end()),
                         NameOf);

TEST(TargetsTest, EveryFolderOfTheCorpusHasItsTarget) {
  std::vector<std::string> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(kCorpus)) {
    folders.push_back(entry.path().filename().string());
  }
  std::ranges::sort(folders);

  std::vector<std::string> names;
  for (const Target& target : Targets()) {
    names.emplace_back(target.name);
  }
  EXPECT_EQ(folders, names);
}

}  // namespace
}  // namespace foothold::fuzz
