// chaos [--seed N] [--extent short|long] [--hours N] [--brokers 1|3] [--kafka VERSION]
//       [--rate EVENTS_PER_SECOND] [--history FILE] [--log FILE] [--only FAULT]...
//
// Runs Foothold on a real Kafka through faults that the seed chooses, and checks what is left.
// Exits with 1 if anything is not as it must be.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/kafka/chaos/campaign.h"

namespace {

using foothold::chaos::CampaignOptions;
using foothold::chaos::Extent;

bool Parse(const std::vector<std::string>& words, CampaignOptions* options) {
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    const auto number = std::strtoull(value.c_str(), nullptr, 10);
    if (words[i] == "--seed") {
      options->seed = number;
    } else if (words[i] == "--extent" && (value == "short" || value == "long")) {
      options->extent = value == "short" ? Extent::kShort : Extent::kLong;
    } else if (words[i] == "--hours" && number > 0) {
      options->extent = Extent::kHours;
      options->hours = static_cast<int>(number);
    } else if (words[i] == "--brokers" && (value == "1" || value == "3")) {
      options->brokers = static_cast<std::size_t>(number);
    } else if (words[i] == "--kafka") {
      options->kafka_version = value;
    } else if (words[i] == "--rate" && number > 0) {
      options->events_per_second = static_cast<int>(number);
    } else if (words[i] == "--history") {
      options->history_file = value;
    } else if (words[i] == "--log") {
      options->log_file = value;
    } else if (words[i] == "--only") {
      options->only.push_back(value);
    } else {
      return false;
    }
  }
  return words.size() % 2 == 0;
}

}  // namespace

int main(int count, char** words) {
  CampaignOptions options;
  if (const char* seed = std::getenv("FOOTHOLD_SEED")) {
    options.seed = std::strtoull(seed, nullptr, 10);
  }
  if (!Parse({words + 1, words + count}, &options)) {
    std::fputs(
        "chaos [--seed N] [--extent short|long] [--hours N] [--brokers 1|3] [--kafka VERSION]\n"
        "      [--rate EVENTS_PER_SECOND] [--history FILE] [--log FILE]\n      [--only FAULT]...\n",
        stderr);
    return 64;
  }
  const foothold::chaos::CampaignReport report = foothold::chaos::RunCampaign(options);
  std::fputs(report.ToString().c_str(), stdout);
  return report.is_sound() ? 0 : 1;
}
