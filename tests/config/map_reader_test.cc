#include "src/config/map_reader.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace foothold::config {
namespace {

TEST(BytesTest, UnitsAreBinaryAndExact) {
  EXPECT_EQ(ParseBytes("64MiB"), 64LL << 20U);
  EXPECT_EQ(ParseBytes("1GiB"), 1LL << 30U);
  EXPECT_EQ(ParseBytes("3KiB"), 3072);
  EXPECT_EQ(ParseBytes("17B"), 17);
  EXPECT_EQ(ParseBytes("17"), 17);
  EXPECT_EQ(ParseBytes("0"), 0);
}

TEST(BytesTest, WhatCouldMeanTwoThingsIsRefused) {
  for (const char* text :
       {"", "MiB", "1MB", "1 MiB", "1.5MiB", "-1", "1mib", "9223372036854775807KiB"}) {
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
  }
}

TEST(BytesTest, FormatIsReadBack) {
  for (const std::int64_t bytes :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{1023}, std::int64_t{1024},
        std::int64_t{1536}, std::int64_t{1} << 20U, (std::int64_t{1} << 30U) + 1,
        std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(ParseBytes(FormatBytes(bytes)), bytes) << FormatBytes(bytes);
  }
  EXPECT_EQ(FormatBytes(1536), "1536B");
  EXPECT_EQ(FormatBytes(64LL << 20U), "64MiB");
}

TEST(MapReaderTest, ANumberThatIsNoneIsRefused) {
  Problems problems;
  problems.AddFile("f.yaml");
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.place = {0, 7};
  for (const char* text : {"nan", "inf", "1e999", "0x10", "1,5", ""}) {
    node.text = text;
    EXPECT_EQ(ReadNumberValue(node, "share", {0, 1}, &problems), std::nullopt) << text;
  }

  node.text = "0.25";
  EXPECT_EQ(ReadNumberValue(node, "share", {0, 1}, &problems), 0.25);
  EXPECT_EQ(problems.Errors().size(), 6U);
  EXPECT_EQ(ToString(problems.Errors().front()),
            "f.yaml:7: share: expected a number from 0 to 1, found 'nan'");
}

TEST(MapReaderTest, AnUnknownWordFarFromAllOthersListsThem) {
  Problems problems;
  problems.AddFile("f.yaml");
  const std::vector<std::string> known = {"red", "green"};
  problems.AddUnknown({0, 2}, "colour", "choice", "grean", known);
  problems.AddUnknown({0, 1}, "colour", "choice", "blue", known);

  EXPECT_EQ(ToString(problems.Errors()),
            "f.yaml:1: colour: no choice 'blue' (there is: red, green)\n"
            "f.yaml:2: colour: no choice 'grean'; did you mean 'green'?");
}

}  // namespace
}  // namespace foothold::config
