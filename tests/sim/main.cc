// sim [--seed N] [--schedules N] [--mutant NAME] [--until-found] [--trace]
//
// Runs schedules of the simulator, from the seed given (FOOTHOLD_SEED, else 1) upwards, and says of
// each that fails what is wrong with it. Exits with 1 if any did.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/schedule.h"

namespace {

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t schedules = 1;
  const foothold::sim::Mutant* mutant = nullptr;
  bool stops_when_found = false;
  bool traces = false;
};

bool Parse(const std::vector<std::string>& words, Arguments* arguments) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--trace") {
      arguments->traces = true;
    } else if (words[i] == "--until-found") {
      arguments->stops_when_found = true;
    } else if (words[i] == "--seed" && has_value) {
      arguments->seed = std::strtoull(words[++i].c_str(), nullptr, 10);
    } else if (words[i] == "--schedules" && has_value) {
      arguments->schedules = std::strtoull(words[++i].c_str(), nullptr, 10);
    } else if (words[i] == "--mutant" && has_value) {
      arguments->mutant = foothold::sim::FindMutant(words[++i]);
      if (arguments->mutant == nullptr) {
        return false;
      }
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (const char* seed = std::getenv("FOOTHOLD_SEED")) {
    arguments.seed = std::strtoull(seed, nullptr, 10);
  }
  if (!Parse({words + 1, words + count}, &arguments)) {
    std::fputs("sim [--seed N] [--schedules N] [--mutant NAME] [--until-found] [--trace]\n",
               stderr);
    return 64;
  }
  foothold::sim::Lab lab;
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < arguments.schedules; ++i) {
    foothold::sim::ScheduleOptions options{
        .seed = arguments.seed + i, .mutant = arguments.mutant, .trace = {}, .folder = {}};
    if (arguments.traces) {
      options.trace = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
    }
    const foothold::sim::ScheduleReport report = foothold::sim::RunSchedule(options, &lab);
    if (arguments.traces) {
      std::printf(
          "%d events, %d boots, %d decisions, %d timers, %d corrections, %d cut, %d asked\n",
          report.events, report.boots, report.shown.decisions, report.shown.timers_fired,
          report.shown.corrections, report.shown.cut_stimuli, report.shown.requests);
    }
    if (report.findings.empty()) {
      continue;
    }
    ++failed;
    std::printf("seed %llu:\n", static_cast<unsigned long long>(options.seed));
    for (const std::string& finding : report.findings) {
      std::printf("  %s\n", finding.c_str());
    }
    std::fflush(stdout);
    if (arguments.stops_when_found) {
      break;
    }
  }
  std::printf("%llu schedules, %llu failed\n", static_cast<unsigned long long>(arguments.schedules),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
