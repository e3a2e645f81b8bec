// Real records, damaged at random: whatever comes, the decoder says one of its outcomes, the same
// one each time, and what it accepts keeps its promises. FOOTHOLD_SEED=n repeats a run.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/intake/describe.h"

namespace foothold::intake {
namespace {

constexpr int kRounds = 20'000;

using Random = std::mt19937_64;

std::size_t Below(std::size_t bound, Random* random) { return (*random)() % bound; }

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

struct Sample {
  std::size_t preset = 0;  // Index in PresetNames().
  std::string record;
};

constexpr char kMessage[] =
    "\x08\x01\x12\x01"
    "E\x1a\x01t\x22\x01u\x32\x06\x08\xf8\xea\xdc\xca\x06"
    "\x4a\x0a\x0a\x01n\x12\x05\x2a\x03[1]\x4a\x0e\x0a\x01x\x12\x09\x19\0\0\0\0\0\0\xf8\x3f";

// Records of all presets to begin with; those without a file of examples are written out, as often
// as the examples that are accepted.
std::vector<Sample> Corpus() {
  std::vector<Sample> corpus;
  for (const std::string& line :
       ReadLines(FOOTHOLD_SOURCE_DIR "/tests/data/segment_spec_examples.ndjson")) {
    corpus.push_back({.preset = 0, .record = line});
  }
  for (int i = 0; i < 15; ++i) {
    corpus.push_back({.preset = 3,
                      .record =
                          R"({"event":"service deployed","time":"2026-01-18T02:05:21.311Z",)"
                          R"("insert_id":"f","user_id":"u","company_id":"221","n":[1,{"a":null}],)"
                          R"("x":1.5e300,"big":18446744073709551615})"});
    corpus.push_back({.preset = 2,
                      .record =
                          R"({"event":"$groupidentify","distinct_id":"$company_a","uuid":"m",)"
                          R"("properties":{"$group_type":"company","$group_key":"a",)"
                          R"("$group_set":{"plan":"pro"}}})"});
    corpus.push_back(
        {.preset = 3,
         .record =
             R"({"event":"$merge","properties":{"$distinct_ids":["a","b"],"company_id":"t"}})"});
    corpus.push_back({.preset = 4, .record = std::string(kMessage, sizeof(kMessage) - 1)});
  }
  return corpus;
}

constexpr std::string_view kFragments[] = {"null",
                                           "{}",
                                           "[]",
                                           "\"\"",
                                           "0",
                                           "-1",
                                           "1e999",
                                           "18446744073709551616",
                                           "true",
                                           "\\ud800",
                                           "\xff",
                                           "\"type\":\"page\",",
                                           "\"userId\":7,",
                                           "{\"a\":",
                                           "[[[[",
                                           "}}",
                                           "\"1969-12-31T23:59:59Z\"",
                                           "\"timestamp\":\"x\",",
                                           std::string_view("\0\0\0\0\0\0", 6)};

std::string Mutate(std::string record, Random* random) {
  const std::size_t times = Below(2, random) == 0 ? 1 : 1 + Below(4, random);
  for (std::size_t i = 0; i < times && !record.empty(); ++i) {
    const std::size_t at = Below(record.size(), random);
    switch (Below(6, random)) {
      case 0:
        record[at] = static_cast<char>((*random)());
        break;
      case 1:
        record.erase(at, 1 + Below(8, random));
        break;
      case 2:
        record.insert(at, kFragments[Below(std::size(kFragments), random)]);
        break;
      case 3:
        record.resize(at);
        break;
      case 4:  // A part of it once more.
        record.insert(at, record.substr(Below(record.size(), random), 40));
        break;
      default: {  // A value for another: keeps the JSON whole more often.
        const std::size_t colon = record.find(':', at);
        const std::size_t end = record.find_first_of(",}", colon);
        if (colon != std::string::npos && end != std::string::npos) {
          record.replace(colon + 1, end - colon - 1,
                         kFragments[Below(std::size(kFragments), random)]);
        }
      }
    }
  }
  return record;
}

void CheckPromises(const Outcome& outcome) {
  if (const auto* const rejected = std::get_if<Rejected>(&outcome)) {
    EXPECT_FALSE(rejected->detail.empty());
    return;
  }
  if (const auto* const accepted = std::get_if<Accepted>(&outcome)) {
    const Event& event = accepted->event;
    EXPECT_FALSE(event.tenant.empty());
    EXPECT_FALSE(event.id.empty());
    EXPECT_TRUE(event.properties.IsWellFormed());
    EXPECT_TRUE(event.traits.IsWellFormed());
    EXPECT_GE(event.occurred_at, kEpoch);
    EXPECT_LE(event.occurred_at, kBrokerTime + 40'000 * kDay);
  }
}

TEST(FuzzTest, DamagedRecordsAlwaysHaveOneOfTheOutcomes) {
  const char* const given = std::getenv("FOOTHOLD_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "FOOTHOLD_SEED=" << seed << "\n";
  Random random(seed);
  const std::vector<Sample> corpus = Corpus();
  std::vector<std::unique_ptr<Decoder>> decoders;
  std::vector<std::unique_ptr<Decoder>> fresh;
  for (const std::string& preset : PresetNames()) {
    decoders.push_back(std::make_unique<Decoder>(OptionsOf(preset)));
    fresh.push_back(std::make_unique<Decoder>(OptionsOf(preset)));
  }
  std::size_t accepted = 0;

  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    const Sample& sample = corpus[Below(corpus.size(), &random)];
    const std::string record = Mutate(sample.record, &random);
    const std::size_t preset =
        Below(8, &random) == 0 ? Below(decoders.size(), &random) : sample.preset;
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));

    const Outcome outcome = decoders[preset]->Decode(LiveRecord(record));

    CheckPromises(outcome);
    // What was decoded before leaves no trace: a decoder with another past says the same.
    (void)fresh[preset]->Decode(LiveRecord(corpus[Below(corpus.size(), &random)].record));
    const std::string described = Describe(outcome);
    EXPECT_EQ(described, Describe(fresh[preset]->Decode(LiveRecord(record))));
    accepted += std::holds_alternative<Accepted>(outcome) ? 1U : 0U;
  }

  EXPECT_GT(accepted, 300U) << "too much damage to test what follows parsing";
}

}  // namespace
}  // namespace foothold::intake
