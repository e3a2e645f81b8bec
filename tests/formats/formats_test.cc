// What was ever written is read, and says what it said. After a change of a format see
// tests/README.md.

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/codec/published.h"
#include "tests/formats/descriptors.h"
#include "tests/formats/samples.h"
#include "tests/formats/stored.h"

namespace foothold::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kRecord = ": see 'Stored formats' in tests/README.md";

std::string FromRoot(const std::string& path) {
  return path.substr(std::string_view(FOOTHOLD_SOURCE_DIR "/").size());
}

TEST(FormatsTest, EveryStoredSampleSaysWhatItSaid) {
  const std::vector<StoredSample> samples = StoredSamples();

  ASSERT_FALSE(samples.empty());
  for (const StoredSample& sample : samples) {
    const Result<Opened> opened = Open(sample.format, sample.name, ReadFile(sample.path));
    ASSERT_TRUE(opened.has_value()) << sample.path << ": " << opened.error().ToString();
    EXPECT_EQ(opened->version, sample.version) << sample.path;
    codec::ExpectPublished(FromRoot(sample.path + ".txt"), opened->text + "\n");
  }
}

TEST(FormatsTest, EveryFormatHasSamplesOfTheVersionThatIsWritten) {
  std::set<std::string> missing;
  for (const Sample& sample : SamplesOfToday()) {
    const Result<Opened> opened = Open(sample.format, sample.name, sample.bytes);
    ASSERT_TRUE(opened.has_value()) << sample.format << ": " << opened.error().ToString();
    const std::string path = PathOfSample(sample.format, opened->version, sample.name);
    if (!std::filesystem::exists(path)) {
      missing.insert(path);
    }
  }

  EXPECT_THAT(missing, IsEmpty()) << kRecord;
}

// Equal values are equal bytes within a version. Where this fails, bytes changed and the version
// did not: a build of yesterday and one of today would read each other's wrongly.
TEST(FormatsTest, WhatIsReadOfTheVersionThatIsWrittenIsWrittenAsItWas) {
  std::map<std::string, int> versions;
  for (const Sample& sample : SamplesOfToday()) {
    versions[sample.format] = Open(sample.format, sample.name, sample.bytes)->version;
  }
  std::size_t compared = 0;
  for (const StoredSample& sample : StoredSamples()) {
    const std::string bytes = ReadFile(sample.path);
    const Result<Opened> opened = Open(sample.format, sample.name, bytes);
    ASSERT_TRUE(opened.has_value()) << sample.path << ": " << opened.error().ToString();
    if (opened->again.has_value() && versions[sample.format] == sample.version) {
      ++compared;
      EXPECT_TRUE(*opened->again == bytes) << sample.path << kRecord;
    }
  }

  EXPECT_GE(compared, 20U);
}

TEST(FormatsTest, NoSampleIsWholeWithoutItsEnd) {
  for (const StoredSample& sample : StoredSamples()) {
    const std::string bytes = ReadFile(sample.path);
    // Text as it is has no end of its own, and Protobuf may end behind any field.
    static const std::set<std::string> kOpen = {"output-json", "output-protobuf", "progress-note",
                                                "state-email", "state-gate",      "state-place",
                                                "state-salt",  "timer-key"};
    if (!kOpen.contains(sample.format)) {
      EXPECT_FALSE(
          Open(sample.format, sample.name, std::string_view(bytes).substr(0, bytes.size() - 1))
              .has_value())
          << sample.path;
    }
  }
}

// Of what a reader of yesterday looks for in a record of JSON nothing is gone: each line of the
// sample, without its value, stands in today's too, as often and in the same order.
TEST(FormatsTest, RecordsOfTodayHaveEveryFieldThatTheyHad) {
  const auto names = [](const std::string& text) {
    std::vector<std::string> lines = LinesOf(text);
    for (std::string& line : lines) {
      const std::size_t colon = line.find("\": ");
      line = colon == std::string::npos ? "" : line.substr(0, colon);
    }
    std::erase(lines, "");
    return lines;
  };
  std::map<std::string, std::vector<std::string>> today;
  for (const Sample& sample : SamplesOfToday()) {
    if (sample.format == "output-json") {
      today[sample.name] = names(Open(sample.format, sample.name, sample.bytes)->text);
    }
  }
  for (const StoredSample& sample : StoredSamples()) {
    if (sample.format != "output-json") {
      continue;
    }
    const std::vector<std::string>& there = today[sample.name];
    auto next = there.begin();
    for (const std::string& name : names(ReadFile(sample.path + ".txt"))) {
      next = std::find(next, there.end(), name);
      ASSERT_NE(next, there.end()) << sample.path << " has" << name << "\", today's record has not";
      ++next;
    }
  }
}

TEST(DescriptorsTest, NothingOfProtoIsGoneOrAnotherThingThanItWas) {
  const std::vector<std::string> stored = LinesOf(ReadFile(FolderOfFormats() + "descriptors.txt"));
  const std::vector<std::string> today = DescriptorLines();

  EXPECT_THAT(Breaks(stored, today), IsEmpty()) << "see proto/README.md";
  EXPECT_EQ(Merged(stored, today), stored) << "what is new is not stored" << kRecord;
}

TEST(DescriptorsTest, EveryFileOfProtoIsAmongThem) {
  const std::string lines = TextOf(DescriptorLines());

  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FOOTHOLD_SOURCE_DIR "/proto")) {
    if (entry.path().extension() != ".proto") {
      continue;
    }
    ++files;
    // What it defines first: a message, or, in annotations.proto, an option of fields.
    constexpr std::string_view kMessage = "\nmessage ";
    const std::string text = ReadFile(entry.path().string());
    std::string owner = "google.protobuf.FieldOptions";
    if (const std::size_t at = text.find(kMessage); at != std::string::npos) {
      const std::size_t begin = at + kMessage.size();
      owner = "foothold.v1." + text.substr(begin, text.find(' ', begin) - begin);
    }
    EXPECT_NE(lines.find(owner + " "), std::string::npos) << entry.path();
  }
  EXPECT_GE(files, 11U);
}

TEST(DescriptorsTest, AFieldMayGoWhenItsNumberAndNameAreReserved) {
  const std::vector<std::string> stored = {"m.A 1 optional int64 at", "m.A 2 plain string name"};

  EXPECT_THAT(Breaks(stored, stored), IsEmpty());
  EXPECT_THAT(Breaks(stored, {"m.A 2 plain string name"}), ElementsAre("m.A 1 optional int64 at"));
  EXPECT_THAT(Breaks(stored, {"m.A 1 reserved -", "m.A 2 plain string name"}),
              ElementsAre("m.A 1 optional int64 at"));
  EXPECT_THAT(Breaks(stored, {"m.A - reserved at", "m.A 1 reserved -", "m.A 2 plain string name"}),
              IsEmpty());
}

TEST(DescriptorsTest, AFieldOfAnotherTypeNumberOrNameIsABreak) {
  const std::vector<std::string> stored = {"m.A 1 optional int64 at"};

  for (const char* const other : {"m.A 1 optional int32 at", "m.A 1 plain int64 at",
                                  "m.A 2 optional int64 at", "m.A 1 optional int64 when"}) {
    EXPECT_THAT(Breaks(stored, {other}), ElementsAre(stored[0])) << other;
  }
}

TEST(DescriptorsTest, WhatWentNeverComesBackAsAnotherThing) {
  const std::vector<std::string> stored =
      Merged({"m.A 1 optional int64 at"}, {"m.A - reserved at", "m.A 1 reserved -"});

  EXPECT_THAT(Breaks(stored, {"m.A 1 plain string name"}), testing::SizeIs(3));
}

TEST(PlaybooksTest, WhatWasAcceptedIsAcceptedAndMeansWhatItMeant) {
  const std::vector<StoredPlaybook> playbooks = StoredPlaybooks();

  ASSERT_GE(playbooks.size(), 3U);
  for (const StoredPlaybook& playbook : playbooks) {
    codec::ExpectPublished(FromRoot(playbook.path + ".txt"),
                           CompiledText(ReadFile(playbook.path), playbook.name));
  }
}

}  // namespace
}  // namespace foothold::formats
