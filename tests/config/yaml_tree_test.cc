#include "src/config/yaml_tree.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace foothold::config {
namespace {

// The tree, or the problems as text.
struct Parsed {
  std::optional<YamlNode> root;
  std::string problems;
};

Parsed Parse(std::string_view text) {
  Problems problems;
  const int file = problems.AddFile("f.yaml");
  Parsed parsed;
  parsed.root = ParseYaml(text, file, &problems);
  parsed.problems = ToString(problems.Errors());
  return parsed;
}

TEST(YamlTreeTest, RemembersTheLineOfEveryKeyAndValue) {
  const Parsed parsed = Parse("a: 1\nb:\n  - x\n  - {c: y,\n     d: ~}\n");

  ASSERT_TRUE(parsed.root.has_value()) << parsed.problems;
  const YamlNode* list = parsed.root->Find("b");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->key_place.line, 2);
  ASSERT_EQ(list->children.size(), 2U);
  EXPECT_EQ(list->children[0].text, "x");
  EXPECT_EQ(list->children[0].place.line, 3);
  EXPECT_EQ(list->children[1].Find("c")->place.line, 4);
  EXPECT_EQ(list->children[1].Find("d")->key_place.line, 5);
  EXPECT_TRUE(list->children[1].Find("d")->is_null());
  EXPECT_EQ(list->children[1].Find("e"), nullptr);
}

TEST(YamlTreeTest, QuotedWordsStayTexts) {
  const Parsed parsed = Parse("a: \"\"\nb: 'null'\nc: null\n");

  ASSERT_TRUE(parsed.root.has_value()) << parsed.problems;
  EXPECT_TRUE(parsed.root->Find("a")->is_scalar());
  EXPECT_TRUE(parsed.root->Find("b")->is_scalar());
  EXPECT_TRUE(parsed.root->Find("c")->is_null());
}

TEST(YamlTreeTest, AnEmptyFileIsNull) {
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n"}) {
    const Parsed parsed = Parse(text);
    ASSERT_TRUE(parsed.root.has_value()) << text << parsed.problems;
    EXPECT_TRUE(parsed.root->is_null()) << text;
  }
}

TEST(YamlTreeTest, RefusesWhatIsNotOnePlainDocument) {
  EXPECT_EQ(Parse("a: 1\nb: 2\na: 3\n").problems, "f.yaml:3: the key 'a' is given twice");
  EXPECT_EQ(Parse("a: &x 1\n").problems,
            "f.yaml:1: the YAML anchor '&x' is not supported: write the value out");
  EXPECT_EQ(Parse("a: 1\n---\nb: 2\n").problems,
            "f.yaml:3: one document a file: this is a second one");
  EXPECT_EQ(Parse("[x]: 1\n").problems, "f.yaml:1: a key is a plain word");
  EXPECT_EQ(Parse("a: [1, 2\n").problems.substr(0, 19), "f.yaml:2: not YAML:");
  EXPECT_EQ(Parse("a: b: c\n").problems.substr(0, 19), "f.yaml:1: not YAML:");
}

TEST(YamlTreeTest, AnAliasIsRefusedByName) {
  const std::string problems = Parse("a: &x 1\nb: *x\n").problems;

  EXPECT_NE(problems.find("f.yaml:2: a YAML alias ('*name') is not supported"), std::string::npos)
      << problems;
}

TEST(YamlTreeTest, DepthIsBounded) {
  const std::string deep = std::string(33, '[') + std::string(33, ']');
  const std::string abyss(100'000, '[');

  EXPECT_TRUE(Parse(std::string(32, '[') + std::string(32, ']')).root.has_value());
  EXPECT_EQ(Parse(deep).problems, "f.yaml:1: nested more than 32 levels deep");
  EXPECT_FALSE(Parse(abyss).root.has_value());
}

TEST(YamlTreeTest, WhatIsNotUtf8IsRefusedWithItsLine) {
  EXPECT_EQ(Parse("a: 1\nb: caf\xE9\n").problems,
            "f.yaml:2: not UTF-8, by byte 0xe9: save the file as UTF-8");
}

TEST(YamlTreeTest, SizeIsBounded) {
  EXPECT_EQ(Parse(std::string((4U << 20U) + 1, ' ')).problems, "f.yaml: larger than 4194304 bytes");
}

}  // namespace
}  // namespace foothold::config
