// Bugs built in on purpose are found, each by itself. A mutant may end its program, so each runs in
// one of its own.

#include "tests/sim/mutants.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace foothold::sim {
namespace {

constexpr int kSchedulesMax = 2'000;

// What it wrote, and how it ended.
struct Ending {
  std::string text;
  int code = 0;
};

Ending EndingOf(const std::string& command) {
  Ending ending;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    return {.text = "cannot be started", .code = 0};
  }
  char bytes[4096];
  for (std::size_t count = 0; (count = std::fread(bytes, 1, sizeof(bytes), pipe)) > 0;) {
    ending.text.append(bytes, count);
  }
  ending.code = ::pclose(pipe);
  return ending;
}

TEST(MutantsTest, EveryMutantIsFound) {
  EXPECT_GE(AllMutants().size(), 23U);
  for (const Mutant& mutant : AllMutants()) {
    const std::string name(mutant.name);

    const Ending ending = EndingOf(
        std::string(FOOTHOLD_BINARY_DIR "/tests/sim/sim --until-found --announce --seed 1") +
        " --schedules " + std::to_string(kSchedulesMax) + " --mutant " + name + " 2>&1");

    EXPECT_NE(ending.code, 0) << name << " is not found";
    const std::size_t last = ending.text.rfind("schedule ");
    ASSERT_NE(last, std::string::npos) << name << ": " << ending.text;
    std::printf("%s: found after %d schedules\n", name.c_str(),
                std::atoi(ending.text.c_str() + last + std::string("schedule ").size()));
  }
}

}  // namespace
}  // namespace foothold::sim
