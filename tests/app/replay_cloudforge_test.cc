// Four months of a product's events through `foothold replay`: the same decisions to the byte,
// however the work is cut.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "src/base/check.h"
#include "tests/app/child.h"

namespace foothold::app {
namespace {

std::string Replay(const std::vector<std::string>& flags) {
  std::vector<std::string> arguments{"replay",
                                     "--playbook",
                                     FOOTHOLD_SOURCE_DIR "/deploy/playbooks/cloudforge.yaml",
                                     "--mapping",
                                     "mixpanel",
                                     "--set",
                                     "tenant=const:cloudforge"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.emplace_back(FOOTHOLD_SOURCE_DIR "/tests/data/cloudforge-300u.events.ndjson.gz");
  Ending ending = RunFoothold(arguments);
  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  return std::move(ending.out);
}

// The lines of each partition of the log topics, in their order and with their offsets. How the
// partitions are mixed, and which statuses are written beside the last one before a commit, shows
// where commits are cut, and may.
std::map<std::string, std::string> DecisionsOf(std::string_view out) {
  std::map<std::string, std::string> decisions;
  while (!out.empty()) {
    const std::size_t end = out.find('\n') + 1;
    FOOTHOLD_CHECK(end > 0, "replay ends its last line");
    const std::string_view line = out.substr(0, end);
    if (line.starts_with(R"({"topic":"activation.changed")") ||
        line.starts_with(R"({"topic":"onboarding.progress")")) {
      decisions[std::string(line.substr(0, line.find(",\"offset\"")))].append(line);
    }
    out.remove_prefix(end);
  }
  return decisions;
}

TEST(ReplayCloudforgeTest, TheDecisionsAreTheSameToTheByteHoweverTheWorkIsCut) {
  const std::string whole = Replay({});
  const std::map<std::string, std::string> decisions = DecisionsOf(whole);
  std::size_t count = 0;
  for (const auto& [partition, lines] : decisions) {
    count += LineCount(lines);
  }
  EXPECT_GT(count, 1'000U);

  // As many as without the flag.
  EXPECT_TRUE(Replay({"--commit-entries", "1000"}) == whole) << "two runs of the same differ";
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--commit-entries", "1"},
                                                {"--commit-entries", "7"},
                                                {"--cache-bytes", "0"},
                                                {"--commit-entries", "7", "--cache-bytes", "0"}}) {
    EXPECT_TRUE(DecisionsOf(Replay(flags)) == decisions)
        << fmt::format("{}", fmt::join(flags, " "));
  }
}

}  // namespace
}  // namespace foothold::app
