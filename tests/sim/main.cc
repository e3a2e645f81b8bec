// sim [--seed N] [--schedules N] [--threads N] [--coverage]
// sim [--seed N] [--schedules N] --mutant NAME [--until-found] [--announce]
// sim --seed N --trace
// sim --mutants
//
// Runs schedules of the simulator, from the seed given (FOOTHOLD_SEED, else 1) upwards, and says of
// each that fails what is wrong with it. Exits with 1 if any did.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/sim/campaign.h"

namespace {

using foothold::sim::CampaignOptions;
using foothold::sim::CampaignReport;

struct Arguments {
  CampaignOptions campaign;
  bool traces = false;
  bool shows_coverage = false;
  bool lists_mutants = false;
};

bool Parse(const std::vector<std::string>& words, Arguments* arguments) {
  const auto number = [](const std::string& word) {
    return std::strtoull(word.c_str(), nullptr, 10);
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--trace") {
      arguments->traces = true;
    } else if (words[i] == "--coverage") {
      arguments->shows_coverage = true;
    } else if (words[i] == "--until-found") {
      arguments->campaign.stops_when_found = true;
    } else if (words[i] == "--announce") {
      arguments->campaign.announces = true;
    } else if (words[i] == "--mutants") {
      arguments->lists_mutants = true;
    } else if (words[i] == "--seed" && has_value) {
      arguments->campaign.first_seed = number(words[++i]);
    } else if (words[i] == "--schedules" && has_value) {
      arguments->campaign.schedules = number(words[++i]);
    } else if (words[i] == "--threads" && has_value) {
      arguments->campaign.threads = static_cast<int>(number(words[++i]));
    } else if (words[i] == "--mutant" && has_value) {
      arguments->campaign.mutant = foothold::sim::FindMutant(words[++i]);
      if (arguments->campaign.mutant == nullptr) {
        return false;
      }
    } else {
      return false;
    }
  }
  return true;
}

void Print(std::uint64_t seed, const std::vector<std::string>& findings) {
  std::printf("seed %llu:\n", static_cast<unsigned long long>(seed));
  for (const std::string& finding : findings) {
    std::printf("  %s\n", finding.c_str());
  }
}

int Trace(const CampaignOptions& campaign) {
  foothold::sim::Lab lab;
  const auto report = foothold::sim::RunSchedule(
      {.seed = campaign.first_seed,
       .mutant = campaign.mutant,
       .trace = [](const std::string& line) { std::printf("%s\n", line.c_str()); },
       .folder = foothold::sim::FolderOf(campaign.first_seed, campaign.on_disk_every)},
      &lab);
  std::printf(
      "%d events, %d boots, %d records, %d timers, %d corrections, %d stimuli cut, "
      "%d interventions asked for\n",
      report.events, report.boots, report.shown.decisions, report.shown.timers_fired,
      report.shown.corrections, report.shown.cut_stimuli, report.shown.requests);
  Print(campaign.first_seed, report.findings);
  return report.findings.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (const char* seed = std::getenv("FOOTHOLD_SEED")) {
    arguments.campaign.first_seed = std::strtoull(seed, nullptr, 10);
  }
  if (!Parse({words + 1, words + count}, &arguments)) {
    std::fputs(
        "sim [--seed N] [--schedules N] [--threads N] [--coverage]\n"
        "sim [--seed N] [--schedules N] --mutant NAME [--until-found] [--announce]\n"
        "sim --seed N --trace\nsim --mutants\n",
        stderr);
    return 64;
  }
  if (arguments.lists_mutants) {
    for (const foothold::sim::Mutant& mutant : foothold::sim::AllMutants()) {
      std::printf("%s\n", std::string(mutant.name).c_str());
    }
    return 0;
  }
  if (arguments.traces) {
    return Trace(arguments.campaign);
  }
  const CampaignReport report = RunCampaign(arguments.campaign);
  for (const CampaignReport::Failure& failure : report.failures) {
    Print(failure.seed, failure.findings);
  }
  if (arguments.shows_coverage) {
    std::fputs(report.ToString().c_str(), stdout);
  } else {
    std::printf("%llu schedules, %llu failed\n", static_cast<unsigned long long>(report.schedules),
                static_cast<unsigned long long>(report.failed));
  }
  return report.failed == 0 ? 0 : 1;
}
