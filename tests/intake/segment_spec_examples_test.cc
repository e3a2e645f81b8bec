// What becomes of every example of the Segment spec, and why: segment_spec_examples.expected, one
// line each. FOOTHOLD_REWRITE=1 writes the file anew; it is read before it is committed.

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/intake/describe.h"

namespace foothold::intake {
namespace {

constexpr const char* kExamples = FOOTHOLD_SOURCE_DIR "/tests/data/segment_spec_examples.ndjson";
constexpr const char* kExpected =
    FOOTHOLD_SOURCE_DIR "/tests/intake/segment_spec_examples.expected";
constexpr int kExampleCount = 75;

TEST(SegmentSpecExamplesTest, EveryLineBecomesWhatTheTableSays) {
  std::ifstream examples(kExamples);
  ASSERT_TRUE(examples.is_open()) << kExamples;
  Decoder decoder(OptionsOf("segment"));
  std::string actual;
  int count = 0;

  for (std::string line; std::getline(examples, line); ++count) {
    actual += fmt::format("{}: {}\n", count, Describe(decoder.Decode(LiveRecord(line))));
  }

  EXPECT_EQ(count, kExampleCount);
  if (std::getenv("FOOTHOLD_REWRITE") != nullptr) {
    std::ofstream(kExpected) << actual;
  }
  std::ifstream expected_file(kExpected);
  ASSERT_TRUE(expected_file.is_open()) << kExpected;
  std::stringstream expected;
  expected << expected_file.rdbuf();
  EXPECT_EQ(actual, expected.str());
}

}  // namespace
}  // namespace foothold::intake
