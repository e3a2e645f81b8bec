#include "src/intake/json_tree.h"

#include <string>

#include <gtest/gtest.h>

#include "src/intake/json_reader.h"

namespace foothold::intake {
namespace {

TEST(JsonTreeTest, MembersAreFoundByNameAndByPath) {
  const JsonTree tree =
      JsonTree::Read(R"({"a":{"b":{"c":"x\n"}},"list":[1,{"n":null},2.5],"yes":true})").value();

  EXPECT_EQ(tree.At("a/b/c").text, "x\n");
  EXPECT_EQ(tree["a"].text, R"({"b":{"c":"x\n"}})");
  EXPECT_EQ(tree["list"].items.size(), 3U);
  EXPECT_EQ(tree["list"].items[2].text, "2.5");
  EXPECT_TRUE(tree["list"].items[1]["n"].is_null());
  EXPECT_EQ(tree["yes"].kind, JsonTree::Kind::kBool);
}

TEST(JsonTreeTest, WhatIsNotThereIsNull) {
  const JsonTree tree = JsonTree::Read(R"({"a":[1],"n":null})").value();

  EXPECT_TRUE(tree.At("a/0/b").is_null());
  EXPECT_TRUE(tree["b"].is_null());
  EXPECT_FALSE(tree.Has("b"));
  EXPECT_TRUE(tree.Has("n"));
}

TEST(JsonTreeTest, WhatIsNoJsonIsRefused) {
  EXPECT_FALSE(JsonTree::Read("{\"a\":").has_value());
  EXPECT_FALSE(JsonTree::Read("").has_value());
  const auto nested = [](int depth) {
    const auto size = static_cast<std::size_t>(depth);
    return std::string(size, '[') + "1" + std::string(size, ']');
  };
  EXPECT_TRUE(JsonTree::Read(nested(kNestingMax)).has_value());
  EXPECT_FALSE(JsonTree::Read(nested(kNestingMax + 1)).has_value());
}

}  // namespace
}  // namespace foothold::intake
