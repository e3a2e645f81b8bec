#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tidy/rules.h"

namespace foothold::tidy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Texts(const std::vector<Finding>& findings) {
  std::vector<std::string> texts;
  for (const Finding& finding : findings) {
    texts.push_back(finding.ToString());
  }
  return texts;
}

TEST(TidyTest, TheHouseKeepsItsRules) {
  const Tree tree = ReadTree(FOOTHOLD_SOURCE_DIR);

  ASSERT_TRUE(tree.contains("src/app/main.cc"));
  ASSERT_TRUE(tree.contains(".ci/run"));
  EXPECT_THAT(Texts(CheckAll(tree)), IsEmpty());
}

TEST(FloorsTest, ALowerFloorDoesNotKnowAHigherOne) {
  const Tree tree{{"src/journey/engine.cc", "#include <map>\n\n#include \"src/codec/state.h\"\n"}};

  EXPECT_THAT(Texts(CheckFloors(tree)),
              ElementsAre(HasSubstr("src/journey/engine.cc:3: src/journey must not know "
                                    "\"src/codec/state.h\"")));
}

TEST(FloorsTest, FoldersOfOneFloorDoNotKnowEachOther) {
  const Tree tree{{"src/config/config.h", "#include \"src/stream/worker.h\"\n"},
                  {"src/http/server.cc", " # include \"src/metrics/registry.h\"\n"},
                  {"state/store.cc", "#include \"src/journey/user.h\"\n"}};

  EXPECT_THAT(Texts(CheckFloors(tree)),
              ElementsAre(HasSubstr("src/config/config.h:1"), HasSubstr("src/http/server.cc:1"),
                          HasSubstr("state/store.cc:1")));
}

TEST(FloorsTest, OnlyThePortIsOpenToKafka) {
  const Tree tree{{"src/kafka/consumer.h", "#include \"src/log/log.h\"\n"},
                  {"src/kafka/admin.h", "#include \"src/log/memory_log.h\"\n"},
                  {"src/stream/worker.cc", "#include \"src/kafka/consumer.h\"\n"}};

  EXPECT_THAT(Texts(CheckFloors(tree)),
              ElementsAre(HasSubstr("src/kafka/admin.h:1"), HasSubstr("src/stream/worker.cc:1")));
}

TEST(FloorsTest, TheCodecKnowsTheJourneysTypesOnly) {
  const Tree tree{{"src/codec/state.cc", "#include \"src/journey/engine.h\"\n"},
                  {"src/codec/state.h", "#include \"src/journey/user.h\"\n"}};

  EXPECT_THAT(Texts(CheckFloors(tree)), ElementsAre(HasSubstr("src/codec/state.cc:1")));
}

TEST(FloorsTest, WhatTheTableAllowsIsNoFinding) {
  const Tree tree{{"src/app/main.cc", "#include \"src/kafka/kafka_log.h\"\n"},
                  {"src/stream/task.cc", "#include \"state/store.h\"\n#include \"src/base/a.h\"\n"},
                  {"src/config/playbook.h", "#include \"src/journey/playbook.h\"\n"},
                  {"src/codec/journal.cc", "#include \"proto/journal.pb.h\"\n"},
                  {"src/base/time.cc", "#include \"src/base/time.h\"\n"},
                  {"tests/log/log_test.cc", "#include \"src/kafka/kafka_log.h\"\n"}};

  EXPECT_THAT(Texts(CheckFloors(tree)), IsEmpty());
}

TEST(FloorsTest, AnIncludeIsAPathFromTheRoot) {
  const Tree tree{{"src/log/memory_log.cc", "#include \"log.h\"\n"}};

  EXPECT_THAT(Texts(CheckFloors(tree)), ElementsAre(HasSubstr("no path from the root")));
}

TEST(FloorsTest, AFolderNobodyPlannedStandsOnNoFloor) {
  const Tree tree{{"src/utils/strings.h", "#pragma once\n"}};

  EXPECT_THAT(Texts(CheckFloors(tree)), ElementsAre(HasSubstr("stands on no floor")));
}

TEST(DoorsTest, ALibraryHasOneFolder) {
  const Tree tree{{"src/journey/engine.cc", "#include <simdjson.h>\n"},
                  {"src/stream/worker.cc", "#include <librdkafka/rdkafka.h>\n"},
                  {"state/store.cc", "#include <rocksdb/db.h>\n"}};

  EXPECT_THAT(Texts(CheckDoors(tree)),
              ElementsAre(HasSubstr("<simdjson.h> is included in src/intake only"),
                          HasSubstr("<librdkafka/rdkafka.h> is included in src/kafka only")));
}

TEST(DoorsTest, WhatAFolderShowsToOthersShowsNoLibrary) {
  const Tree tree{{"src/codec/messages.h", "#include \"proto/state.pb.h\"\n"},
                  {"src/stream/restore.cc", "#include \"src/codec/messages.h\"\n"},
                  {"src/stream/task.cc", "#include \"state/store.h\"\n"},
                  {"state/rocks.h", "#include <rocksdb/db.h>\n"},
                  {"state/store.cc", "#include \"state/rocks.h\"\n"},
                  {"state/store.h", "#include \"state/rocks.h\"\n"}};

  EXPECT_THAT(
      Texts(CheckDoors(tree)),
      ElementsAre(HasSubstr("src/stream/restore.cc:1: \"src/codec/messages.h\" shows proto/"),
                  HasSubstr("src/stream/task.cc:1: \"state/store.h\" shows rocksdb/db.h")));
}

TEST(DoorsTest, BasesVocabularyIsEverybodys) {
  const Tree tree{{"src/log/log.h", "#include <tl/expected.hpp>\n#include <fmt/format.h>\n"},
                  {"src/http/server.cc", "#include <sys/socket.h>\n#include <unistd.h>\n"}};

  EXPECT_THAT(Texts(CheckDoors(tree)), IsEmpty());
}

TEST(DoorsTest, ALibraryWithoutADoorIsRefused) {
  const Tree tree{{"src/base/text.cc", "#include <boost/algorithm/string.hpp>\n"}};

  EXPECT_THAT(Texts(CheckDoors(tree)), ElementsAre(HasSubstr("belongs to no library")));
}

TEST(LengthsTest, FiveHundredLinesAreTheEnd) {
  std::string longest;
  for (int i = 0; i < 500; ++i) {
    longest += "\n";
  }
  const Tree tree{{"a.cc", longest},
                  {"b.cc", longest + "one more\n"},
                  {"c.py", longest + "\n"},
                  {"run", "#!/usr/bin/env bash\n" + longest},
                  {"long.md", longest + "\n\n"}};

  EXPECT_THAT(Texts(CheckLengths(tree)),
              ElementsAre(HasSubstr("b.cc: 501 lines"), HasSubstr("c.py"), HasSubstr("run")));
}

TEST(HeaderGuardsTest, AHeaderBeginsWithPragmaOnce) {
  const Tree tree{{"a.h", "#pragma once\n"}, {"b.h", "#ifndef B_H\n"}, {"c.cc", "int c;\n"}};

  EXPECT_THAT(Texts(CheckHeaderGuards(tree)), ElementsAre(HasSubstr("b.h")));
}

TEST(AllIsBuiltTest, ASourceThatNobodyListsIsFound) {
  const Tree tree{{"src/log/CMakeLists.txt", "foothold_library(log\n  SOURCES a.cc) # c.cc\n"},
                  {"src/log/a.cc", ""},
                  {"src/log/b.cc", ""},
                  {"src/log/c.cc", ""},
                  {"tests/CMakeLists.txt", "foothold_test(tidy_test SOURCES tidy/x_test.cc)\n"},
                  {"tests/tidy/x_test.cc", ""},
                  {"lost.cc", ""}};

  EXPECT_THAT(Texts(CheckAllIsBuilt(tree)),
              ElementsAre(HasSubstr("lost.cc"), HasSubstr("src/log/b.cc"),
                          HasSubstr("src/log/c.cc: is not built: src/log/CMakeLists.txt")));
}

TEST(MapsTest, AFolderMissingFromTheMapIsFound) {
  const Tree tree{{"README.md", "src/ the program\n"},
                  {"src/README.md", "log/ the port\n"},
                  {"src/log/log.h", ""},
                  {"src/http/server.h", ""},
                  {"state/store.h", ""},
                  {".ci/run", ""}};

  EXPECT_THAT(Texts(CheckMaps(tree)),
              ElementsAre("README.md: the map lacks state/", "src/README.md: the map lacks http/"));
}

TEST(WordsTest, NotesToSelfAndPathsOfOneMachineAreFound) {
  const std::string note = std::string("// TO") + "DO: later\n";
  const std::string path = std::string("cd /wo") + "rk/main\n";
  const Tree tree{{"a.cc", "int a;\n" + note},
                  {"b.md", path},
                  {"c.cc", std::string("mkstemp(\"/tmp/foothold.XX") + "XXXX\");\n"},
                  {"tests/data/theirs.json", note}};

  EXPECT_THAT(Texts(CheckWords(tree)), ElementsAre(HasSubstr("a.cc:2: "), HasSubstr("b.md:1: ")));
}

TEST(ReadTreeTest, BuildsAndBinariesAreLeftOut) {
  const Tree tree = ReadTree(FOOTHOLD_SOURCE_DIR);

  for (const auto& [path, content] : tree) {
    EXPECT_FALSE(path.starts_with("build/") || path.starts_with(".git/")) << path;
    EXPECT_EQ(path.find("/target/"), std::string::npos) << path;
    EXPECT_EQ(content.find('\0'), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace foothold::tidy
